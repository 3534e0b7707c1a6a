package diagnose

import (
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// A host key on a server is what makes a KMS host: nothing is wrong with that.
func TestAKMSHostIsNoMistake(t *testing.T) {
	set := evidence.Set{
		Licenses: []evidence.License{{
			Origin: paste(1), Tool: "slmgr", Name: "Windows(R), ServerStandard edition", Channel: "CSVLK", Status: ptr(1), PartialKey: "ABCDE",
		}},
		Hosts: []evidence.HostStatus{{Origin: paste(9), Enabled: true, Licensed: ptr(true), Count: ptr(int64(50)), Total: ptr(int64(8260))}},
	}
	for _, c := range Diagnose(&set) {
		if c.Verdict == Found && !c.NoFault || c.Verdict == Possible {
			t.Errorf("%s is %s on a healthy KMS host", c.ID, c.Verdict)
		}
	}
}
