package evidence

import (
	"net/netip"
	"testing"
)

func TestDNSOutcomesAreSaidInWords(t *testing.T) {
	resolver := netip.MustParseAddrPort("192.0.2.2:53")
	for _, c := range []struct {
		outcome DNSOutcome
		want    string
	}{
		{DNSAnswered, "SRV n: answered, k:1688, says 192.0.2.2"},
		{DNSNoName, "SRV n: the name does not exist, says 192.0.2.2"},
		{DNSNoData, "SRV n: no such record, says 192.0.2.2"},
		{DNSServFail, "SRV n: the server failed (SERVFAIL), asked of 192.0.2.2"},
		{DNSRefused, "SRV n: the server refused, asked of 192.0.2.2"},
		{DNSSilent, "SRV n: no answer, asked of 192.0.2.2"},
		{DNSUnreachable, "SRV n: the server cannot be reached, asked of 192.0.2.2"},
		{DNSMalformed, "SRV n: an answer that is no DNS, asked of 192.0.2.2"},
		{DNSOther, "SRV n: another answer, asked of 192.0.2.2"},
	} {
		a := SRVAnswer{Name: "n", Outcome: c.outcome, Resolver: resolver}
		if c.outcome == DNSAnswered {
			a.Records = []SRVRecord{{Target: "k", Port: 1688}}
		}
		if got := (&Set{SRV: []SRVAnswer{a}}).Facts()[0].Text; got != c.want {
			t.Errorf("%s: %q, want %q", c.outcome, got, c.want)
		}
	}
	a := AddressAnswer{Host: "h", Outcome: DNSNoData}
	if got := (&Set{Addresses: []AddressAnswer{a}}).Facts()[0].Text; got != "address of h: no such record" {
		t.Errorf("%q", got)
	}
}
