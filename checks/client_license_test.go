package checks

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/machine"
	"github.com/kmsdiag/kmsdiag/run"
)

// machineRecord returns a recorded machine by its name.
func machineRecord(t *testing.T, name string) machine.Record {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "machine", "testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := machine.ParseRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ownLicense runs the check alone on a recorded machine.
func ownLicense(t *testing.T, source machine.Source) (run.Result, run.Summary) {
	t.Helper()
	var row run.Result
	env := &Env{Local: corpLocal(), DNS: &fakeDNS{}, Machine: source}
	summary := Run(t.Context(), env, All(), Options{Only: []string{clientLicenseID}}, func(e run.Event) {
		if e.Finished != nil {
			row = *e.Finished
		}
	})
	if row.Check != clientLicenseID {
		t.Fatalf("row %+v", row)
	}
	return row, summary
}

func TestClientLicense(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, tt := range []struct {
		machine, summary string
		status           run.Status
		notes            map[string]run.Status
		top              string // cause
	}{
		{
			"pinned", "(GVLK): notification, 0xC004F009, host kms-old.corp.example:1688 by registry", run.Fail,
			map[string]run.Status{"last-attempt": run.Warn, "service-idle": run.Pass},
			"client-wrong-kms-pinned",
		},
		{
			"office", "licensed, 177 days left, host kms01.corp.example:1688 from DNS; Office", run.Warn,
			map[string]run.Status{"no-online-validation": run.Pass},
			"client-wrong-kms-pinned",
		},
		{
			"office", "initial grace (OOB), 0x4004F00C, 14 days left, host kms-office.corp.example:1689 by product override", run.Warn, nil, "client-wrong-kms-pinned",
		},
		{
			"host", "(CSVLK): licensed; KMS host with a count of 12", run.Warn,
			map[string]run.Status{"firewall-rule": run.Pass, "firewall-rule-off": run.Warn},
			"srv-ddns-update-denied",
		},
		{"oem", "(OEM): licensed", run.Pass, map[string]run.Status{"service-idle": run.Pass}, "client-retail-or-oem-channel"},
		{
			"denied", "no product with a key could be read", run.Fail,
			map[string]run.Status{"not-read": run.Warn, "service-disabled": run.Fail},
			"client-licensing-service-stopped",
		},
	} {
		t.Run(tt.machine, func(t *testing.T) {
			row, summary := ownLicense(t, machine.Recorded(machineRecord(t, tt.machine)))
			if row.Status != tt.status || !strings.Contains(row.Summary, tt.summary) {
				t.Errorf("%s %q, want %s %q", row.Status, row.Summary, tt.status, tt.summary)
			}
			for id, status := range tt.notes {
				if !slices.ContainsFunc(row.Notes, func(n run.Note) bool { return n.ID == id && n.Status == status }) {
					t.Errorf("no note %s of %s in %+v", id, status, row.Notes)
				}
			}
			if summary.Worst != tt.status {
				t.Errorf("the run is %s, want %s", summary.Worst, tt.status)
			}
			for _, c := range summary.Causes {
				for _, f := range c.Because {
					if f.Origin.Check != clientLicenseID || f.Origin.Subject != siteKey {
						t.Errorf("%s stands on %+v", c.ID, f.Origin)
					}
				}
			}
			switch {
			case tt.top == "" && slices.ContainsFunc(summary.Causes, func(c diagnose.Cause) bool { return !c.NoFault }):
				t.Errorf("causes %+v, want none", summary.Causes)
			case tt.top != "" && (len(summary.Causes) == 0 || summary.Causes[0].ID != tt.top):
				t.Errorf("causes %+v, want %s first", summary.Causes, tt.top)
			}
		})
	}
}

// A stopped service and a port without a listener are faults on a host alone.
func TestClientLicenseOfAHostThatIsDown(t *testing.T) {
	r := machineRecord(t, "host")
	r.Listeners = nil
	r.Services[0].Status = "Stopped"
	row, summary := ownLicense(t, machine.Recorded(r))
	for _, id := range []string{"not-listening", "service-stopped"} {
		if !slices.ContainsFunc(row.Notes, func(n run.Note) bool { return n.ID == id && n.Status == run.Fail }) {
			t.Errorf("no note %s in %+v", id, row.Notes)
		}
	}
	if row.Status != run.Fail || !slices.ContainsFunc(causeIDs(summary.Causes), func(id string) bool { return id == "kms-host-service-stopped" }) {
		t.Errorf("%s, causes %q", row.Status, causeIDs(summary.Causes))
	}
}

// Elsewhere than on Windows the row says what to run there, whole.
func TestClientLicenseElsewhere(t *testing.T) {
	row, summary := ownLicense(t, machine.Absent{})
	if row.Status != run.Skip || row.Command != machine.PowerShell || !strings.Contains(row.Summary, "--with") {
		t.Errorf("%+v", row)
	}
	if summary.Worst == run.Fail || summary.Worst == run.Warn {
		t.Errorf("the run is %s", summary.Worst)
	}
}

func TestClientLicenseIsOffered(t *testing.T) {
	here := machine.Recorded(machineRecord(t, "pinned"))
	for _, tt := range []struct {
		name   string
		source machine.Source
		target run.Target
		want   bool
	}{
		{"this machine's own domain", here, run.Target{}, true},
		{"its own domain by name", here, run.Target{Names: []string{"corp.example"}}, true},
		{"a host in it", here, run.Target{Names: []string{"kms01.corp.example"}}, true},
		{"its parent", here, run.Target{Domains: []string{"example"}}, true},
		{"a host by a short name", here, run.Target{Names: []string{"kms01"}}, true},
		{"a host by its address", here, run.Target{Hosts: []run.HostPort{{Host: "192.0.2.5"}}}, true},
		{"another domain", here, run.Target{Domains: []string{"other.test"}}, false},
		{"not Windows", machine.Absent{}, run.Target{}, false},
	} {
		env := (&Env{Local: corpLocal(), Machine: tt.source, Target: tt.target}).complete()
		for _, named := range []bool{false, true} {
			var only []string
			if named {
				only = []string{clientLicenseID}
			}
			if got := slices.Contains(offered(t.Context(), env, All(), only), ClientLicense); got != (tt.want || named) {
				t.Errorf("%s, named %v: offered %v", tt.name, named, got)
			}
		}
	}
}
