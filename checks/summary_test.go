package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// missingRecord is a run against a domain whose SRV record is not there.
func missingRecord(t *testing.T, opts Options) recorded {
	t.Helper()
	env := &Env{Target: run.Target{Domains: []string{"corp.example"}}, Local: corpLocal(), DNS: &fakeDNS{}}
	return record(t.Context(), env, discovery(), opts)
}

func causeIDs(causes []diagnose.Cause) []string {
	var ids []string
	for _, c := range causes {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestSummaryHasCauses(t *testing.T) {
	s := missingRecord(t, Options{}).summary
	if s.Worst != run.Fail || len(s.Causes) == 0 || s.Causes[0].ID != "srv-record-missing" {
		t.Fatalf("worst %s, causes %q", s.Worst, causeIDs(s.Causes))
	}
	for _, c := range s.Causes {
		if c.Verdict != diagnose.Found && c.Verdict != diagnose.Possible {
			t.Errorf("%s is %s", c.ID, c.Verdict)
		}
	}
	for _, c := range s.RuledOut {
		if c.Verdict != diagnose.RuledOut {
			t.Errorf("%s is %s", c.ID, c.Verdict)
		}
	}
	if s.Conclusion == "" || len(s.NotTested) == 0 {
		t.Errorf("conclusion %q, not tested %q", s.Conclusion, s.NotTested)
	}
}

func TestIgnoredCauses(t *testing.T) {
	plain := missingRecord(t, Options{}).summary
	s := missingRecord(t, Options{Ignore: causeIDs(plain.Causes)}).summary
	if s.Worst == run.Fail || s.Counts[run.Fail] != 0 {
		t.Errorf("worst %s, counts %v: all causes are ignored", s.Worst, s.Counts)
	}
	if len(s.Causes) != len(plain.Causes) || len(s.Ignored) == 0 {
		t.Errorf("causes %q, ignored %q: they are shown, and marked", causeIDs(s.Causes), s.Ignored)
	}
	if other := missingRecord(t, Options{Ignore: []string{"firewall-block-1688"}}).summary; other.Worst != run.Fail {
		t.Errorf("worst %s: another cause is ignored", other.Worst)
	}
}

func TestPastedEvidenceIsJudgedTogether(t *testing.T) {
	with := evidence.Set{Codes: []evidence.Code{{Origin: evidence.Origin{Paste: "arguments", Line: 1}, Code: 0xC004F038}}}
	ids := causeIDs(missingRecord(t, Options{With: with}).summary.Causes)
	if !slices.Contains(ids, "count-below-threshold") || !slices.Contains(ids, "srv-record-missing") {
		t.Errorf("causes %q", ids)
	}
}

func TestSummariseASavedRun(t *testing.T) {
	r := missingRecord(t, Options{})
	var results []run.Result
	for _, e := range r.events {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back run.Event
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if back.Finished != nil {
			results = append(results, *back.Finished)
		}
	}
	s := Summarise(results, Options{})
	if s.Worst != r.summary.Worst || !reflect.DeepEqual(s.Counts, r.summary.Counts) ||
		!slices.Equal(causeIDs(s.Causes), causeIDs(r.summary.Causes)) || s.Conclusion != r.summary.Conclusion {
		t.Errorf("saved %+v\nlive %+v", s, r.summary)
	}
	if !slices.Equal(s.Sent, r.summary.Sent) {
		t.Errorf("sent %q, live %q", s.Sent, r.summary.Sent)
	}
	if s := Summarise(results, Options{Ignore: []string{"dns.srv"}}); s.Worst == run.Fail {
		t.Errorf("worst %s although the failure is ignored", s.Worst)
	}
}

func TestSentLines(t *testing.T) {
	live := evidence.Origin{Check: "x", Subject: "y"}
	a, b := netip.MustParseAddrPort("192.0.2.5:1688"), netip.MustParseAddrPort("192.0.2.6:1688")
	set := evidence.Set{
		Dials: []evidence.Dial{
			{Origin: live, Address: a, Tries: []evidence.Try{{Outcome: evidence.Open}}},
			{Origin: live, Address: b, Tries: []evidence.Try{{Outcome: evidence.Silent}, {Outcome: evidence.Silent}}},
			{Origin: live, Address: netip.MustParseAddrPort("[2001:db8::5]:1688"), Tries: []evidence.Try{{Outcome: evidence.NoFamily}}},
			{Origin: evidence.Origin{File: "x.pcap"}, Address: a, Tries: []evidence.Try{{Outcome: evidence.Open}}},
		},
		Binds:     []evidence.Bind{{Origin: live, Address: a}, {Origin: live, Address: a}, {Origin: evidence.Origin{File: "x.pcap"}, Address: b}},
		Exchanges: []evidence.Exchange{{Origin: live, Address: a}, {Origin: evidence.Origin{Paste: "p"}, Address: a}},
		Clocks:    []evidence.ClockSample{{Origin: live, Of: "time.example", Than: "this machine", Method: "SNTP"}},
	}
	asked := questionsIn(set)
	asked.dns = map[netip.AddrPort]int{dns1: 4, netip.MustParseAddrPort("192.0.2.54:5353"): 1}
	got := sentLines(asked, set)
	want := []string{
		"5 DNS questions (4 to 192.0.2.53, 1 to 192.0.2.54:5353)",
		"3 TCP connection attempts (1 to 192.0.2.5:1688, 2 to 192.0.2.6:1688)",
		"2 RPC binds to 192.0.2.5:1688",
		"1 KMS request to 192.0.2.5:1688",
		"1 answered SNTP question to time.example",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	many := map[netip.AddrPort]int{}
	for i := range 12 {
		many[netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 53)] = 1
	}
	if line := sentLines(counts{dns: many}, evidence.Set{})[0]; !strings.HasSuffix(line, "the rest to 4 others)") {
		t.Errorf("%q", line)
	}
}

// TestTally counts questions that nobody answers, and not those that no route
// led to.
func TestTally(t *testing.T) {
	mute := &fakeDNS{silent: true}
	asked := newTally(mute, &net.Dialer{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	q := new(dns.Msg).SetQuestion("corp.example.", dns.TypeA)
	_, _, _ = asked.Exchange(ctx, q, dns1, "udp")
	asked.next = unroutable{}
	_, _, _ = asked.Exchange(ctx, q, dns2, "udp")
	for _, address := range []string{"127.0.0.1:123", "[::ffff:127.0.0.1]:1230"} {
		conn, err := asked.DialContext(t.Context(), "udp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
	want := []string{"1 DNS question to 192.0.2.53", "2 SNTP questions (1 to 127.0.0.1, 1 to [::ffff:127.0.0.1]:1230)"}
	if got := sentLines(asked.counts(), evidence.Set{}); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

type unroutable struct{}

func (unroutable) Exchange(context.Context, *dns.Msg, netip.AddrPort, string) (*dns.Msg, time.Duration, error) {
	return nil, 0, &net.OpError{Op: "dial", Net: "udp", Err: syscall.ENETUNREACH}
}

func TestAnnouncement(t *testing.T) {
	plan := func(target run.Target, opts Options) *run.Plan {
		env := &Env{Target: target, Local: corpLocal(), DNS: &fakeDNS{}, Version: "1.2"}
		env.Product.Name = "Windows 11 Enterprise"
		r := newRunner(env, All(), opts, func(run.Event) {})
		return r.announce(context.Background(), r.now())
	}
	p := plan(run.Target{}, Options{})
	if p.Title != "corp.example" || p.Address != "192.0.2.17" || p.Machine != "pc-0417" || p.Product != "Windows 11 Enterprise" || p.Version != "1.2" {
		t.Errorf("%+v", p)
	}
	all := strings.Join(p.Sends, "\n")
	for _, want := range []string{"DNS questions to 192.0.2.53 and 192.0.2.54", "TCP connections", "1 KMS request (Windows 11 Enterprise)", "SNTP"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q lacks %q", all, want)
		}
	}
	for product, want := range map[string]string{
		"6": "a second one where it refuses the product, up to 2 more where it refuses V6\n",
		"5": "up to 1 more where it refuses V5\n",
		"4": "a second one where it refuses the product\n",
	} {
		env := &Env{Target: run.Target{}, Local: corpLocal(), DNS: &fakeDNS{}}
		for _, p := range catalog.Products() {
			if fmt.Sprint(p.Group.Major) == product {
				env.Product = p
			}
		}
		r := newRunner(env, All(), Options{}, func(run.Event) {})
		if all := strings.Join(r.announce(t.Context(), r.now()).Sends, "\n"); !strings.Contains(all, want) {
			t.Errorf("V%s: %q lacks %q", product, all, want)
		}
	}
	for skip, absent := range map[string]string{"rpc.bind": "RPC|KMS request|SNTP", "tcp.connect": "TCP|RPC|KMS request|SNTP", "kms.request": "KMS request (|SNTP"} {
		all := strings.Join(plan(run.Target{Domains: []string{"corp.example"}}, Options{Skip: []string{skip}}).Sends, "\n")
		for _, word := range strings.Split(absent, "|") {
			if strings.Contains(all, word) {
				t.Errorf("--skip %s: %q announces %s", skip, all, word)
			}
		}
	}
	byName := run.Target{Hosts: []run.HostPort{{Host: "192.0.2.5"}}, NTP: []string{"time.example"}}
	if all := strings.Join(plan(byName, Options{}).Sends, "\n"); !strings.Contains(all, "DNS questions to") || !strings.Contains(all, "and to time.example") {
		t.Errorf("a time server by name: %q", all)
	}
	if all := strings.Join(plan(run.Target{NoRequest: true}, Options{}).Sends, "\n"); !strings.Contains(all, "no KMS request") || strings.Contains(all, "1 KMS request") || strings.Contains(all, "SNTP") {
		t.Errorf("--no-request: %q", all)
	}
	if p := plan(run.Target{}, Options{Only: []string{"dns.srv"}}); len(p.Sends) != 1 || len(p.Checks) != 1 {
		t.Errorf("--only dns.srv: %q, %+v", p.Sends, p.Checks)
	}
	literal := run.Target{Hosts: []run.HostPort{{Host: "192.0.2.5"}}}
	if all := strings.Join(plan(literal, Options{}).Sends, "\n"); strings.Contains(all, "DNS") {
		t.Errorf("an address: %q announces DNS questions", all)
	}
	hosts := run.Target{Names: []string{"a", "b"}, Hosts: []run.HostPort{{Host: "c"}, {Host: "d"}, {Host: "e"}}}
	if p := plan(hosts, Options{}); p.Title != "a, b, c and 2 others" {
		t.Errorf("title %q", p.Title)
	}
}
