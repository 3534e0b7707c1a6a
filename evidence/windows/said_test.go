package windows

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// TestNobodyListens: what PowerShell says where nothing has the port open.
func TestNobodyListens(t *testing.T) {
	for _, text := range []string{
		"Get-NetTCPConnection : No MSFT_NetTCPConnection objects found with property 'LocalPort' equal to '1688'.",
		"Get-NetTCPConnection : No matching MSFT_NetTCPConnection objects found by CIM query for instances of the\nROOT/StandardCimv2/MSFT_NetTCPConnection class on the CIM server: SELECT * FROM MSFT_NetTCPConnection WHERE ((LocalPort = 1688)).",
		"PS C:\\> Get-NetTCPConnection -LocalPort 1688\nGet-NetTCPConnection : No MSFT_NetTCPConnection objects found with property 'LocalPort' equal to\n'1688'.  Verify the value of the property and retry.\n    + FullyQualifiedErrorId : CmdletizationQuery_NotFound_LocalPort,Get-NetTCPConnection",
	} {
		ids := statementsOf(t, text)
		if !slices.Contains(ids, evidence.PortClosed) || slices.Contains(ids, evidence.RuleHasLocalPort) {
			t.Errorf("%q makes %v", text, ids)
		}
	}
	const other = "Get-NetTCPConnection : No MSFT_NetTCPConnection objects found with property 'LocalPort' equal to '443'."
	if ids := statementsOf(t, other); len(ids) > 0 {
		t.Errorf("%q makes %v", other, ids)
	}
}

// TestEventsWithListOnOneLine: the sentence of an event and its list.
func TestEventsWithListOnOneLine(t *testing.T) {
	const (
		answer  = "The client has processed an activation response from the key management service machine. Info: 0x0, 0x00000000, 1, 0, 50, 120, 10080, 2026/03/14 08:04"
		request = "The client has sent an activation request to the key management service machine. Info: 0xC004F06C, 0x00000000, kms01.corp.example:1688, 1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1, 2026/03/14 02:02, 1, 2, 41760, 73111121-5638-40f6-bc11-f1d7b0d64300, 25"
		failed  = "License Activation (slui.exe) failed with the following error code:\nhr=0x8007232B\n"
	)
	for _, before := range []string{"", "12289: ", "Event ID: 12289\n", failed} {
		got := read(t, before+answer).Set
		if len(got.ClientAnswers) != 1 || got.ClientAnswers[0].Count != 50 || got.ClientAnswers[0].RenewalInterval != 10080 || !got.ClientAnswers[0].Activated {
			t.Errorf("%q: answers %+v", before, got.ClientAnswers)
		}
		if want := strings.Count(before, "slui"); len(got.LogEvents) != want {
			t.Errorf("%q: events %+v", before, got.LogEvents)
		}
	}
	got := read(t, request+"\n"+answer).Set
	if len(got.ClientRequests) != 1 || got.ClientRequests[0].Host != "kms01.corp.example" || len(got.ClientAnswers) != 1 || len(got.LogEvents) != 0 {
		t.Errorf("requests %+v, answers %+v, events %+v", got.ClientRequests, got.ClientAnswers, got.LogEvents)
	}
}

// TestNotClaimed holds words that deny what they name.
func TestNotClaimed(t *testing.T) {
	for _, tt := range []struct{ text, not string }{
		{"we never used an emulator and never cloned", evidence.Emulator},
		{"we never used an emulator and never cloned", evidence.ImageNotGeneralized},
		{"We did not ever use any kind of emulator.", evidence.Emulator},
		{"No emulator is used here.", evidence.Emulator},
		{"The machines were not ever cloned.", evidence.ImageNotGeneralized},
		{"No KMSpico was used on this PC.", evidence.ActivationTool},
		{"vlmcs gets an answer from the host", evidence.Emulator},
		{"The clock of the client differs by 3 minutes.", evidence.ClockWrong},
		{"The clock of the client is 3 minutes behind the host.", evidence.ClockWrong},
	} {
		if ids := statementsOf(t, tt.text); slices.Contains(ids, tt.not) {
			t.Errorf("%q makes %v, and does not say %s", tt.text, ids, tt.not)
		}
	}
	for _, tt := range []struct{ text, want string }{
		{"vlmcsd does not answer", evidence.Emulator},
		{"our py-kms container", evidence.Emulator},
		{"The machines were cloned without sysprep.", evidence.ImageNotGeneralized},
		{"The clock of the client differs by 5 hours.", evidence.ClockWrong},
		{"The clock of the client is behind the host.", evidence.ClockWrong},
		{"telnet 1688 失败, ping 正常", evidence.PortClosed},
		{"telnet fehlgeschlagen auf Port 1688", evidence.PortClosed},
	} {
		if ids := statementsOf(t, tt.text); !slices.Contains(ids, tt.want) {
			t.Errorf("%q makes %v, want %s", tt.text, ids, tt.want)
		}
	}
}

// TestBindFails: the test client connects, but cannot bind.
func TestBindFails(t *testing.T) {
	for _, tt := range []struct {
		text string
		want evidence.BindOutcome
	}{
		{"Performing RPC bind ...\nFatal: Could not bind to RPC interface", evidence.BindOther},
		{"Performing RPC bind ... Fatal: Could not bind to RPC interface", evidence.BindOther},
		{"Warning: Could not bind RPC", evidence.BindOther},
		{"Performing RPC bind ...\nFatal: Could not bind to RPC interface: connection closed", evidence.BindClosed},
	} {
		got := read(t, "Connecting to kms01.corp.example:1688 ... successful\n"+tt.text).Set
		if len(got.Binds) != 1 || got.Binds[0].Outcome != tt.want || got.Binds[0].Host != "kms01.corp.example" || got.Binds[0].Detail == "" {
			t.Errorf("%q: binds %+v", tt.text, got.Binds)
		}
	}
}

// TestEvent8198OnOneLine keeps what triggered the failed activation.
func TestEvent8198OnOneLine(t *testing.T) {
	for _, text := range []string{
		"8198 hr=0x8007232B; RuleId=31e71c49-8da7-4a2f-ad92-45d98a1c79ba; Trigger=NetworkAvailable",
		"Event 8198, hr=0x8007232B RuleId=31e71c49-8da7-4a2f-ad92-45d98a1c79ba; Trigger=NetworkAvailable",
		"hr=0x8007232B RuleId=31e71c49-8da7-4a2f-ad92-45d98a1c79ba;Action=AutoActivate; Trigger=NetworkAvailable",
		"8198: hr=0x8007232B; Trigger=NetworkAvailable",
	} {
		got := read(t, text).Set.LogEvents
		if len(got) != 1 || got[0].ID != 8198 || got[0].Code != 0x8007232B || got[0].Trigger != "NetworkAvailable" {
			t.Errorf("%q: events %+v", text, got)
		}
	}
}

// TestNothingIsSwallowed: words that look like a command are read or listed.
func TestNothingIsSwallowed(t *testing.T) {
	for _, text := range []string{"telnet 1688 よくわからない", "ping kms01.corp.example unbekannt seltsam übel"} {
		if paste := read(t, text); len(paste.Unread) != 1 && len(paste.Set.Statements) == 0 {
			t.Errorf("%q is swallowed", text)
		}
	}
}
