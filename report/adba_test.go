package report

import (
	"encoding/csv"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// adbaSample is an answer with objects, or one of a server that refused.
func adbaSample(refused bool) *ADBA {
	origin := evidence.Origin{Check: "adba.objects", Subject: "corp.example"}
	read := evidence.DirectoryRead{
		Origin: origin, Domain: "corp.example", Host: "dc01.corp.example", Address: netip.MustParseAddrPort("10.0.0.6:389"), Step: evidence.DirectorySearch,
		Outcome: evidence.DirectoryDone, TLS: "starttls", LoggedOn: true, ConfigNC: "CN=Configuration,DC=corp,DC=example", ServerName: "dc01.corp.example", Objects: 2,
	}
	result := run.Result{Check: "adba.objects", Status: run.Pass, Summary: "2 activation objects, read from dc01.corp.example"}
	objects := []evidence.ActivationObject{
		{
			Origin: origin, DN: "CN=Server 2019,CN=Activation Objects,CN=Microsoft SPP,CN=Services,CN=Configuration,DC=corp,DC=example", Name: "Server 2019",
			DisplayName: "Server 2019 of the corp forest", ActivationID: "2e7a9ad1-a849-4b56-babe-17d5a29fe4b4", PartialKey: "ABCDE",
			CountedIDs: []string{"8449b1fb-f0ea-497a-99ab-66ca96e9a0f5", "00000000-0000-0000-0000-000000000001"},
			EPID:       "06401-00206-551-000001-03-1033-17763.0000-0022024", Holds: []string{"issuance-license", "config-license"},
			Created: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Domain: "corp.example", Host: "dc01.corp.example",
		},
		{Origin: origin, Name: "=evil\x1b[2J\u202e", EPID: "nonsense", Problem: "msSPP-CSVLKSkuId has 1 bytes, not 16", Domain: "corp.example", Host: "dc01.corp.example"},
	}
	if refused {
		read.Outcome, read.Step, read.LoggedOn, read.Objects, read.Detail = evidence.DirectoryBadLogon, evidence.DirectoryBind, false, 0, "the password has expired"
		result.Status, result.Summary = run.Warn, "activation objects not read: dc01.corp.example did not accept the logon"
		objects = nil
	}
	result.Evidence = evidence.Set{DirectoryReads: []evidence.DirectoryRead{read}, ActivationObjects: objects}
	subject := run.Subject{Key: "corp.example", Kind: run.Domain, Domain: "corp.example"}
	result.Subject = subject
	return NewADBA("corp.example", run.Plan{Sends: []string{"a name and a password"}, Started: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}, []run.Result{
		{Check: "dns.config", Subject: run.Subject{Key: "site", Kind: run.Site}, Status: run.Pass, Summary: "corp.example, resolver 10.0.0.2"},
		{Check: "adba.site", Subject: subject, Status: run.Pass, Summary: "corp.example is an Active Directory domain with 1 domain controller in DNS"},
		{Check: "dns.srv", Subject: subject, Status: run.Pass, Summary: "1 record at _vlmcs._tcp.corp.example", Evidence: evidence.Set{SRV: []evidence.SRVAnswer{{
			Purpose: evidence.SRVKMS, Domain: "corp.example", Outcome: evidence.DNSAnswered, Records: []evidence.SRVRecord{{Target: "kms01.corp.example", Port: 1688}},
		}}}},
		result,
	}, run.Summary{Sent: []string{"1 LDAP conversation to 10.0.0.6:389"}})
}

func TestADBAText(t *testing.T) {
	var b strings.Builder
	for _, refused := range []bool{false, true} {
		if err := adbaSample(refused).Text(&b, Style{}); err != nil {
			t.Fatal(err)
		}
		b.WriteString("\n---\n\n")
	}
	if err := RedactedADBA(adbaSample(false)).Text(&b, Style{Glyphs: ASCII}); err != nil {
		t.Fatal(err)
	}
	golden.RequireEqual(t, b.String())
}

// TestADBAInColour holds coloured text against plain text: the sequences are this
// program's own, and names from the directory bring none.
func TestADBAInColour(t *testing.T) {
	for _, refused := range []bool{false, true} {
		for _, width := range []int{40, 80} {
			var plain, painted strings.Builder
			if err := adbaSample(refused).Text(&plain, Style{Width: width}); err != nil {
				t.Fatal(err)
			}
			if err := adbaSample(refused).Text(&painted, Style{Width: width, Color: true}); err != nil {
				t.Fatal(err)
			}
			if got := ansi.Strip(painted.String()); got != plain.String() {
				t.Errorf("colour changes the text:\n%s\nwithout:\n%s", got, plain.String())
			}
			if name := "\x1b[1mServer 2019 of the corp forest\x1b[0m"; strings.Contains(painted.String(), name) == refused {
				t.Errorf("the name is not painted:\n%q", painted.String())
			}
		}
	}
}

func TestADBAFollowsTheSchema(t *testing.T) {
	s := loadSchema(t)
	for _, x := range []*ADBA{adbaSample(false), adbaSample(true), RedactedADBA(adbaSample(false))} {
		var b strings.Builder
		if err := x.JSON(&b); err != nil {
			t.Fatal(err)
		}
		validate(t, s, b.String())
	}
}

func TestADBARedacted(t *testing.T) {
	var b strings.Builder
	x := RedactedADBA(adbaSample(false))
	if err := x.JSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := x.CSV(&b); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"corp", "dc01", "10.0.0.", "ABCDE", "Server 2019 of", "=Server 2019", "551-000001"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%q shows:\n%s", secret, b.String())
		}
	}
	if !strings.Contains(b.String(), "Windows Server 2019 KMS host key") {
		t.Error("what identifies nobody is gone too")
	}
}

func TestADBACSV(t *testing.T) {
	var b strings.Builder
	if err := adbaSample(false).CSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || len(rows[0]) != len(adbaHeader) || rows[1][5] != "Windows Server 2019 KMS host key" {
		t.Errorf("%q", rows)
	}
	if name := rows[2][2]; !strings.HasPrefix(name, "'=") || strings.ContainsAny(name, "\x1b\u202e") {
		t.Errorf("name %q", name)
	}
}
