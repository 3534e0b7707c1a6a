package evidence_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// TestFactsSpeakOfEveryKind fails when a kind of observation has no line.
func TestFactsSpeakOfEveryKind(t *testing.T) {
	var set evidence.Set
	v := reflect.ValueOf(&set).Elem()
	silent := map[string]bool{"Machines": true, "Configs": true} // this machine: every report says it in its header
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if silent[name] {
			continue
		}
		var one evidence.Set
		f := reflect.ValueOf(&one).Elem().Field(i)
		f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		if facts := one.Facts(); len(facts) != 1 || facts[0].Text == "" {
			t.Errorf("%s: facts %v", name, facts)
		}
	}
}

func TestFacts(t *testing.T) {
	licensed := 1
	set := evidence.Set{
		Licenses: []evidence.License{{
			Origin: evidence.Origin{Paste: "x", Line: 9}, Tool: "slmgr", Name: "Windows(R), Enterprise edition",
			Channel: "GVLK", PartialKey: "2YT43", Status: &licensed, RegisteredHost: "kms\x1b[31m:1688",
		}},
		Dials: []evidence.Dial{{
			Origin: evidence.Origin{Paste: "x", Line: 2}, Host: "kms01.corp.example", Port: 1688, Outcome: evidence.Silent,
			Address: netip.MustParseAddrPort("192.0.2.5:1688"),
		}},
		HostRequests: []evidence.HostRequestEvent{{Origin: evidence.Origin{Line: 4}, HRESULT: 0xC004F06C, NPolicy: 5, Machine: "web01", MinutesLeft: 41520}},
	}
	var lines []string
	for _, f := range set.Facts() {
		lines = append(lines, f.Text)
	}
	want := []string{
		"TCP to kms01.corp.example 192.0.2.5:1688 silent",
		"event 12290: HRESULT returned to the client 0xC004F06C, minimum count asked for (N policy) 5 (machines), client machine name web01, " +
			"runs in a virtual machine no, licence status of the client 0 (unlicensed), time left in that state 41520 (minutes)",
		"slmgr: Windows(R), Enterprise edition, channel GVLK, key 2YT43, licensed, host set by hand kms?[31m:1688",
	}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("facts:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}
