package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// TestOpenPortsSayFromWhere sets captured connections against live ones.
func TestOpenPortsSayFromWhere(t *testing.T) {
	dial := func(o evidence.Origin, ip string, outcome evidence.DialOutcome) evidence.Dial {
		return evidence.Dial{Origin: o, Purpose: evidence.DialKMS, Host: ip, Address: at(ip), Port: 1688, Outcome: outcome}
	}
	captured := evidence.Origin{File: "kms.pcap", Packets: []int64{3}}
	live := check("tcp.connect", "10.0.0.5:1688")
	for name, c := range map[string]struct {
		dials      []evidence.Dial
		against    string
		conclusion string
	}{
		"live":     {[]evidence.Dial{dial(live, "10.0.0.5", evidence.Open)}, "every KMS port that was tried accepts connections from here", ""},
		"captured": {[]evidence.Dial{dial(captured, "10.0.0.5", evidence.Open)}, "every KMS port that was tried accepts connections, as the capture shows", ""},
		"both": {
			[]evidence.Dial{dial(live, "10.0.0.5", evidence.Open), dial(captured, "10.0.0.6", evidence.Open)},
			"every KMS port that was tried accepts connections, from here or as the capture shows", "",
		},
		"live, no way":     {[]evidence.Dial{dial(live, "10.0.0.5", evidence.Unreachable)}, "", "10.0.0.5 cannot be reached from here."},
		"captured, no way": {[]evidence.Dial{dial(captured, "10.0.0.5", evidence.Unreachable)}, "", "10.0.0.5 could not be reached by the clients in the capture."},
	} {
		t.Run(name, func(t *testing.T) {
			set := &evidence.Set{Dials: c.dials}
			causes := Diagnose(set)
			i := slices.IndexFunc(causes, func(k Cause) bool { return k.ID == "firewall-block-1688" })
			if i < 0 {
				t.Fatal("the cause is missing")
			}
			got := ""
			for _, f := range causes[i].Against {
				got += f.Text
			}
			if got != c.against {
				t.Errorf("against: %q, want %q", got, c.against)
			}
			if text := Conclude(set, causes).Text; !strings.Contains(text, c.conclusion) {
				t.Errorf("no %q in %q", c.conclusion, text)
			}
		})
	}
}

// TestContainerIsSaidOfTests leaves the place of this machine out where it tried
// nothing itself.
func TestContainerIsSaidOfTests(t *testing.T) {
	for _, tested := range []bool{true, false} {
		set := &evidence.Set{Machines: []evidence.Machine{{Origin: check("dns.config", ""), Container: "container"}}}
		origin := evidence.Origin{File: "kms.pcap"}
		if tested {
			origin = check("tcp.connect", "10.0.0.5:1688")
		}
		set.Dials = []evidence.Dial{{Origin: origin, Purpose: evidence.DialKMS, Host: "10.0.0.5", Address: at("10.0.0.5"), Port: 1688, Outcome: evidence.Open}}
		text := Conclude(set, Diagnose(set)).Text
		if got := strings.Contains(text, "Tested from inside a container"); got != tested {
			t.Errorf("tested here %v: %q", tested, text)
		}
	}
}
