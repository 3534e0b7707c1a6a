package diagnose

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// trouble is a usual run with several faults.
func trouble() *site {
	return published(kms01, kms02, "kms03.corp.example").srv("corp.example", "10.0.0.3", evidence.DNSAnswered, kms01).
		works(kms01, "10.0.0.5").
		reach(kms02, "10.0.0.6", evidence.Silent).alive(kms02, "10.0.0.6", 445, evidence.Open).
		reach("kms03.corp.example", "10.0.0.7", evidence.Open).bind("kms03.corp.example", "10.0.0.7", evidence.BindAccepted).
		request("kms03.corp.example", "10.0.0.7", "windows-11", refusedWith(0xC004F042))
}

func TestJSONRoundTripGivesTheSameDiagnosis(t *testing.T) {
	set := trouble().Set
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	var again evidence.Set
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	a, b := Diagnose(&set), Diagnose(&again)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("before %s\nafter %s", show(a), show(b))
	}
	if x, y := Conclude(&set, a), Conclude(&again, b); !reflect.DeepEqual(x, y) {
		t.Errorf("before %q after %q", x.Text, y.Text)
	}
}

func TestDiagnoseIsRepeatable(t *testing.T) {
	set := trouble().Set
	want := Diagnose(&set)
	for range 20 {
		if got := Diagnose(&set); !reflect.DeepEqual(got, want) {
			t.Fatal("the same set gives another diagnosis")
		}
	}
}

func TestEveryCauseHasAVerdict(t *testing.T) {
	causes := Diagnose(&evidence.Set{})
	if len(causes) != len(rules) {
		t.Errorf("%d verdicts for %d rules", len(causes), len(rules))
	}
	for _, c := range causes {
		if c.Verdict != Untested || c.Because == nil || c.Against == nil || c.Remedies == nil || c.Next == nil {
			t.Errorf("%s of nothing: %s", c.ID, c.Verdict)
		}
	}
	text, err := json.Marshal(Diagnose(&trouble().Set))
	if err != nil || strings.Contains(string(text), "null") {
		t.Errorf("JSON holds null, or fails: %v", err)
	}
}

func TestOrder(t *testing.T) {
	causes := Diagnose(&trouble().Set)
	for i := 1; i < len(causes); i++ {
		a, b := causes[i-1], causes[i]
		if verdictOrder[a.Verdict] > verdictOrder[b.Verdict] || a.Verdict == b.Verdict && a.score < b.score {
			t.Errorf("%s %s %d stands before %s %s %d", a.Verdict, a.ID, a.score, b.Verdict, b.ID, b.score)
		}
	}
}

func TestFindingsNameTheirOrigin(t *testing.T) {
	for _, c := range Diagnose(&trouble().Set) {
		for _, f := range append(c.Because, c.Against...) {
			if f.Text == "" || f.Origin.String() == "" {
				t.Errorf("%s: %q from %q", c.ID, f.Text, f.Origin)
			}
		}
		if len(c.Because) > maxFindings {
			t.Errorf("%s has %d findings", c.ID, len(c.Because))
		}
	}
}

func TestPlaceholdersAreFilled(t *testing.T) {
	set := published(kms01, kms02).works(kms01, "10.0.0.5").reach(kms02, "10.0.0.6", evidence.Silent).Set
	c, _ := find(Diagnose(&set), "firewall-block-1688")
	var ticket *Step
	for i := range c.Remedies {
		if c.Remedies[i].Shell == "ticket" {
			ticket = &c.Remedies[i]
		}
	}
	if ticket == nil {
		t.Fatal("no ticket")
	}
	text := strings.Join(ticket.Commands, "\n")
	for _, want := range []string{
		"TCP from 10.0.4.17 to 10.0.0.6 (kms02.corp.example), destination port 1688", "no answer at all to 3 tries",
		"2026-11-23 12:04:05.0 UTC, 2026-11-23 12:04:06.0 UTC, 2026-11-23 12:04:07.0 UTC",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the ticket lacks %q:\n%s", want, text)
		}
	}
	if c.Next == nil || c.Next.Commands[0] != "Get-Service sppsvc; Get-NetTCPConnection -LocalPort 1688 -State Listen" {
		t.Errorf("next test: %+v", c.Next)
	}
}

func TestSeveralHostsInOneStep(t *testing.T) {
	v := values{{"host": "a.example", "address": "10.0.0.1"}, {"host": "b.example", "address": "10.0.0.2"}}
	got := v.lines([]string{"test {host} {address}", "once", "all {hosts}"})
	want := []string{"test a.example 10.0.0.1", "test b.example 10.0.0.2", "once", "all a.example b.example"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	if got := v.text("{host}: kmsdiag check {hosts}"); got != "a.example, b.example: kmsdiag check a.example b.example" {
		t.Errorf("%q", got)
	}
	if got := v.likewise("nslookup {host}. answers."); got != "nslookup a.example. answers; likewise for b.example" {
		t.Errorf("%q", got)
	}
}

func TestOrderOfFinishingDoesNotMatter(t *testing.T) {
	one := published(kms01, kms02).reach(kms01, "10.0.0.5", evidence.Silent).reach(kms02, "10.0.0.6", evidence.Silent).Set
	two := published(kms02, kms01).reach(kms02, "10.0.0.6", evidence.Silent).reach(kms01, "10.0.0.5", evidence.Silent).Set
	if a, b := Diagnose(&one), Diagnose(&two); show(a) != show(b) {
		t.Errorf("in one order\n%s\nin the other\n%s", show(a), show(b))
	}
}

func TestHostileNamesStayOutOfCommands(t *testing.T) {
	for _, name := range []string{
		"kms01; Remove-Item C:\\", "$(calc)", "a'b", "-rf", "kms\x1b[2J01", "kms\u202e01.example", "x|y", "a b", "`id`", "{host}", "\"", "é\u0000", strings.Repeat("a", 400),
	} {
		set := published(name).reach(name, "10.0.0.6", evidence.Silent).Set
		set.Licenses = []evidence.License{{Origin: paste(1), Channel: "GVLK", Status: ptr(5), RegisteredHost: name}}
		causes := Diagnose(&set)
		for _, c := range causes {
			for _, s := range append(c.Remedies, deref(c.Next)...) {
				if all := strings.Join(s.Commands, "\n") + s.Verify + s.Undo; name != "a b" && name != "\"" && strings.Contains(all, name) {
					t.Errorf("%s: %q reached %q", c.ID, name, all)
				}
			}
		}
		text, err := json.Marshal(causes)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range causes[0].Because {
			if strings.ContainsAny(f.Text, "\x1b\u202e\x00") {
				t.Errorf("%q holds control characters", f.Text)
			}
		}
		if said := Conclude(&set, causes).Text; strings.ContainsAny(said, "\x1b\u202e\x00") || len(text) == 0 {
			t.Errorf("conclusion %q holds control characters", said)
		}
	}
}

func deref(s *Step) []Step {
	if s == nil {
		return nil
	}
	return []Step{*s}
}

func TestPagesAreTheCallers(t *testing.T) {
	p, _ := Lookup("client-clock-skew")
	p.Remedies[0].Commands[0], p.Codes[0], p.Next.Who = "changed", 1, "changed"
	q, _ := Lookup("client-clock-skew")
	if q.Remedies[0].Commands[0] == "changed" || q.Codes[0] == 1 || q.Next.Who == "changed" {
		t.Error("changing a page changed the table")
	}
}

func BenchmarkDiagnose(b *testing.B) {
	set := trouble().Set
	Diagnose(&set)
	b.ReportAllocs()
	for b.Loop() {
		Diagnose(&set)
	}
}

// events is the log of a host with a million requests.
func events(n int) evidence.Set {
	var set evidence.Set
	set.HostRequests = make([]evidence.HostRequestEvent, n)
	for i := range set.HostRequests {
		set.HostRequests[i] = evidence.HostRequestEvent{
			Origin: evidence.Origin{Paste: "kms.evtx", Line: i + 1}, NPolicy: 25,
			Machine: fmt.Sprintf("pc%d.corp.example", i%40_000), CMID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i%40_000),
		}
	}
	return set
}

func BenchmarkMillionHostRequests(b *testing.B) {
	set := events(1_000_000)
	for b.Loop() {
		Diagnose(&set)
	}
}

func BenchmarkCapture(b *testing.B) {
	set := published(kms01).Set
	for i := range 200_000 {
		client := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		set.Exchanges = append(set.Exchanges, evidence.Exchange{
			Origin: evidence.Origin{File: "lan.pcap", Packets: []int64{int64(i)}}, Host: "10.0.0.5", Address: at("10.0.0.5"),
			Client: netip.AddrPortFrom(client, 50000), Outcome: evidence.Served, Count: 50, NPolicy: 25, Version: "6.0",
			CMID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i), Workstation: fmt.Sprintf("pc%d", i),
		})
	}
	for b.Loop() {
		Conclude(&set, Diagnose(&set))
	}
}
