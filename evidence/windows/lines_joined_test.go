package windows

import (
	"context"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

func setOf(t *testing.T, text string) evidence.Set {
	t.Helper()
	paste, err := ReadString(context.Background(), text, "test")
	if err != nil {
		t.Fatalf("ReadString(%q): %v", text, err)
	}
	return paste.Set
}

func TestCommandAndCodeOnOneLine(t *testing.T) {
	for _, tt := range []struct{ text, command string }{
		{"slmgr /ato -> 0x8007267C", "/ato"},
		{`C:\> slmgr /ato => Error: 0x8007267C`, "/ato"},
		{`kms01 PS> cscript slmgr.vbs /ipk: 0x8007267C`, "/ipk"},
	} {
		s := setOf(t, tt.text)
		if len(s.Actions) != 1 || s.Actions[0].Command != tt.command || s.Actions[0].Code != 0x8007267C || s.Actions[0].Success {
			t.Errorf("%q: actions %+v", tt.text, s.Actions)
		}
	}
	if s := setOf(t, "slmgr /ato -> works after /skms"); len(s.Actions) != 0 {
		t.Errorf("a result in words made %+v", s.Actions)
	}
}

func TestSentenceBelowTable(t *testing.T) {
	s := setOf(t, `
Status   Name               DisplayName
------   ----               -----------
Running  sppsvc             Software Protection
Stopped  osppsvc            Office Software Protection Platform
Then slmgr /ato on the client fails with 0xC004F074
`)
	if len(s.Services) != 2 || len(s.Codes) != 1 || s.Codes[0].Code != 0xC004F074 {
		t.Errorf("services %+v, codes %+v", s.Services, s.Codes)
	}
}

func TestAdapterWithoutServers(t *testing.T) {
	const all = `Ethernet adapter Ethernet0:

   Connection-specific DNS Suffix  . : corp.example
   IPv4 Address. . . . . . . . . . . : 192.0.2.60(Preferred)
   Default Gateway . . . . . . . . . : 192.0.2.1
`
	const brief = `Ethernet adapter Ethernet0:

   Connection-specific DNS Suffix  . : corp.example
   IPv4 Address. . . . . . . . . . . : 192.0.2.60
   Default Gateway . . . . . . . . . : 192.0.2.1
`
	for _, tt := range []struct {
		text string
		want bool
	}{
		{all, true},
		{all + "   DNS Servers . . . . . . . . . . . : 192.0.2.53\n", false},
		{brief + "   NetBIOS over Tcpip. . . . . . . . : Enabled\n", true},
		{brief, false}, // ipconfig without /all never lists them
	} {
		s := setOf(t, tt.text)
		if len(s.Adapters) != 1 || s.Adapters[0].NoServers != tt.want {
			t.Errorf("adapters %+v, want NoServers %v of\n%s", s.Adapters, tt.want, tt.text)
		}
	}
}

func TestVlmcsWithoutAnswer(t *testing.T) {
	const head = "Connecting to kms.lab.example:1688 ... successful\nSending activation request (KMS V6) 1 of 1"
	for _, tt := range []struct {
		tail string
		want evidence.ExchangeOutcome
	}{
		{"\nFatal: Could not retrieve KMS response: No RPC response received", evidence.ExchangeClosed},
		{"\nFatal: No RPC response received from server", evidence.ExchangeClosed},
		{"  -> no response: RPC server closed the connection", evidence.ExchangeClosed},
		{"  -> no response: connection reset by peer", evidence.ExchangeReset},
		{"\nFatal: Could not retrieve KMS response: timed out", evidence.ExchangeSilent},
	} {
		s := setOf(t, head+tt.tail+"\n")
		if len(s.Exchanges) != 1 || s.Exchanges[0].Outcome != tt.want || s.Exchanges[0].Host != "kms.lab.example" {
			t.Errorf("%q: exchanges %+v, want %s", tt.tail, s.Exchanges, tt.want)
		}
	}
}

func TestLookupWithoutServer(t *testing.T) {
	s := setOf(t, "C:\\>nslookup kms01.corp.example\nName:    kms01.corp.example\nAddresses:  192.0.2.20\n          198.51.100.20\n")
	if len(s.Addresses) != 1 || s.Addresses[0].Host != "kms01.corp.example" || len(s.Addresses[0].Addresses) != 2 {
		t.Errorf("addresses %+v", s.Addresses)
	}
}

func TestCodeKeepsProduct(t *testing.T) {
	s := setOf(t, "Windows(R), Enterprise edition: Product activated successfully.\nOffice LTSC Professional Plus 2024: ERROR CODE: 0xC004F042\n")
	if len(s.Codes) != 1 || s.Codes[0].Product != "Office LTSC Professional Plus 2024" {
		t.Errorf("codes %+v", s.Codes)
	}
	if len(s.Actions) != 1 || !s.Actions[0].Success || s.Actions[0].Product != "Windows(R), Enterprise edition" {
		t.Errorf("actions %+v", s.Actions)
	}
}

func TestEventsInWords(t *testing.T) {
	for _, tt := range []struct {
		text    string
		id      int
		code    uint32
		trigger string
	}{
		{"PC is licensed; event 16385 is logged.", 16385, 0, ""},
		{"We see Event ID 8233 with 0x8007267C.", 8233, 0x8007267C, ""},
		{`Event 8233 "The rules engine reported a failed VL activation attempt. Reason:0x8007267C" AppId = 55c92734-d682-4d71-983e-d6ec3f16059f, SkuId = 73111121-5638-40f6-bc11-f1d7b0d64300 Trigger=NetworkAvailable`, 8233, 0x8007267C, "NetworkAvailable"},
		{"Event ID 12308\nInfo: 0xC004F081", 12308, 0xC004F081, ""},
		{"No event 16385 is logged.", 0, 0, ""},
		{"Event 12293 is not there.", 0, 0, ""},
		{"The preventevent 16385 of nothing.", 0, 0, ""},
	} {
		s := setOf(t, tt.text)
		switch {
		case tt.id == 0 && len(s.LogEvents) > 0:
			t.Errorf("%q: events %+v", tt.text, s.LogEvents)
		case tt.id == 0:
		case len(s.LogEvents) != 1 || s.LogEvents[0].ID != tt.id || s.LogEvents[0].Code != tt.code || s.LogEvents[0].Trigger != tt.trigger:
			t.Errorf("%q: events %+v, want %d 0x%08X %s", tt.text, s.LogEvents, tt.id, tt.code, tt.trigger)
		}
	}
}
