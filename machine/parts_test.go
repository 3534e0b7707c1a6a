package machine

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestParseRule(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Rule
		says string
	}{
		{
			"v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|LPort=1688|RA4=LocalSubnet|RA6=LocalSubnet|App=%SystemRoot%\\x.exe|",
			Rule{Active: true, Allow: true, Inbound: true, Profiles: []string{"Domain", "Private"}, Ports: []string{"1688"}, Remotes: []string{"LocalSubnet"}},
			"on for Domain and Private, from LocalSubnet",
		},
		{
			"v2.10|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=1688|Name=@FirewallAPI.dll,-28002|",
			Rule{Allow: true, Inbound: true, Ports: []string{"1688"}},
			"off for every profile, from any address",
		},
		{
			"v2.0|Action=Block|Active=TRUE|Dir=In|Profile=Public",
			Rule{Active: true, Inbound: true, Profiles: []string{"Public"}},
			"on, and blocks for Public, from any address",
		},
	} {
		got, err := ParseRule(tt.text)
		if err != nil || !reflect.DeepEqual(got, tt.want) || got.String() != tt.says {
			t.Errorf("%s:\n%+v %q, %v; want %+v %q", tt.text, got, got, err, tt.want, tt.says)
		}
	}
	for text, want := range map[string]string{
		"": "no version", "Active=TRUE|Dir=In": "no version", "v2.31|": "whether it is active", "v|Active=TRUE": "no version",
	} {
		if _, err := ParseRule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add("v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|LPort=1688|RA4=LocalSubnet|")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule(text)
		if err == nil && (!strings.Contains(text, "Active=") || len(r.Profiles)+len(r.Ports)+len(r.Remotes) > maxRuleFields) {
			t.Errorf("%q: %+v", text, r)
		}
	})
}

// table4 is a table of four IPv4 sockets as the system fills it; table6 has one
// IPv6 socket.
const (
	table4 = "04000000" +
		"02000000" + "00000000" + "06980000" + "00000000" + "00000000" + "d8100000" + // 0.0.0.0:1688 listens
		"02000000" + "c0000205" + "00870000" + "00000000" + "00000000" + "e8030000" + // 192.0.2.5:135 listens
		"05000000" + "c0000205" + "06980000" + "c0000211" + "c34f0000" + "d8100000" + // an open connection to 1688
		"02000000" + "c0000205" + "06980000" + "00000000" + "00000000" + "dc100000" // 192.0.2.5:1688 listens
	table6 = "01000000" +
		"20010db8000000000000000000000005" + "00000000" + "06980000" +
		"00000000000000000000000000000000" + "00000000" + "00000000" + "02000000" + "d8100000"
)

func raw(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParseTCPTable(t *testing.T) {
	for _, tt := range []struct {
		table string
		row   tcpRow
		want  []Listener
	}{
		{table4, tcpRow4, []Listener{{"0.0.0.0", 1688, "Listen", 4312}, {"192.0.2.5", 1688, "Listen", 4316}}},
		{table6, tcpRow6, []Listener{{"2001:db8::5", 1688, "Listen", 4312}}},
		{"00000000", tcpRow4, nil},
	} {
		got, err := parseTCPTable(raw(t, tt.table), tt.row, 1688)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%+v, %v; want %+v", got, err, tt.want)
		}
	}
	for _, table := range []string{"", "0100", "01000000", "ffffffff" + table4[8:], table4[:len(table4)-2]} {
		if got, err := parseTCPTable(raw(t, table), tcpRow4, 1688); err == nil {
			t.Errorf("%s: %+v, want an error", table, got)
		}
	}
}

func FuzzParseTCPTable(f *testing.F) {
	f.Add(raw(f, table4), false)
	f.Add(raw(f, table6), true)
	f.Fuzz(func(t *testing.T, table []byte, six bool) {
		row := tcpRow4
		if six {
			row = tcpRow6
		}
		list, err := parseTCPTable(table, row, 1688)
		if err == nil && len(list) > int(binary.LittleEndian.Uint32(table)) {
			t.Errorf("%d listeners of %d rows", len(list), binary.LittleEndian.Uint32(table))
		}
		for _, l := range list {
			if _, err := netip.ParseAddr(l.LocalAddress); err != nil {
				t.Error(err)
			}
		}
	})
}

// eventText is two events as wevtutil prints them, one after the other.
const eventText = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-SPP' Guid='{E23B33B0-C8C9-472C-A5F9-F2BDFEA0F156}' EventSourceName='Software Protection Platform Service'/><EventID Qualifiers='16384'>12288</EventID><Version>0</Version><Level>4</Level><TimeCreated SystemTime='2026-11-20T06:00:13.4471234Z'/><EventRecordID>5121</EventRecordID><Channel>Application</Channel><Computer>PC-0417.corp.example</Computer><Security/></System><EventData><Data>0xC004F074, 0x00000000, kms01.corp.example:1688, 1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1, 2026/11/20 06:00, 0, 5, 0, 73111121-5638-40f6-bc11-f1d7b0d64300, 25</Data></EventData></Event>
<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>8198</EventID><TimeCreated SystemTime='2026-11-20T05:00:13.0000000Z'/><Computer>PC-0417</Computer></System><EventData><Data>hr=0xC004F074</Data><Data>RuleId=1;Action=AutoActivate &amp; more;SkuId=73111121-5638-40f6-bc11-f1d7b0d64300;Trigger=TimerEvent</Data></EventData></Event>
`

func TestParseEvents(t *testing.T) {
	got, err := parseEvents(eventText, 10)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if e := got[0]; e.ID != 12288 || e.MachineName != "PC-0417.corp.example" || e.TimeCreated.UnixMilli() != 1795154413447 || len(e.Data) != 1 || !strings.HasPrefix(e.Data[0], "0xC004F074, ") {
		t.Errorf("%+v, %d", e, e.TimeCreated.UnixMilli())
	}
	if e := got[1]; e.ID != 8198 || len(e.Data) != 2 || !strings.Contains(e.Data[1], "AutoActivate & more") {
		t.Errorf("%+v", e)
	}
	if got, err := parseEvents(eventText, 1); err != nil || len(got) != 1 {
		t.Errorf("at most one: %d, %v", len(got), err)
	}
	if got, err := parseEvents("", 5); err != nil || got != nil {
		t.Errorf("no event: %v, %v", got, err)
	}
	if got, err := parseEvents(eventText[:len(eventText)-40], 5); err == nil || len(got) != 1 {
		t.Errorf("cut off: %d events, %v; want the first and an error", len(got), err)
	}
	if _, err := parseEvents("<Event><System><EventID>1</EventID></System></Event>", 5); err == nil || !strings.Contains(err.Error(), "time") {
		t.Errorf("without a time: %v", err)
	}
}

func FuzzParseEvents(f *testing.F) {
	f.Add(eventText)
	f.Add(eventText[:300])
	f.Fuzz(func(t *testing.T, text string) {
		if got, _ := parseEvents(text, 7); len(got) > 7 {
			t.Errorf("%d events", len(got))
		}
	})
}

func TestXPath(t *testing.T) {
	for _, tt := range []struct {
		q    EventQuery
		want string
	}{
		{EventQuery{"Application", provider, []int{12288, 8198}, 5}, "*[System[Provider[@Name='Microsoft-Windows-Security-SPP'] and (EventID=12288 or EventID=8198)]]"},
		{EventQuery{"Key Management Service", "", []int{12290}, 5}, "*[System[(EventID=12290)]]"},
	} {
		if got := tt.q.xpath(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestWanted(t *testing.T) {
	for name, want := range map[string]bool{"keymanagementservicename": true, "NoGenTicket": true, "BackupProductKeyDefault": false, "": false} {
		if Wanted(name) != want {
			t.Errorf("Wanted(%q) = %v", name, !want)
		}
	}
}

// TestPowerShellLine holds what the line must have: one line, no operator that
// Windows PowerShell 5.1 lacks, both filters, and the names of what is read.
func TestPowerShellLine(t *testing.T) {
	for _, bad := range []string{"\n", "&&", "||", "??", "?.", " -AsArray", "ForEach-Object -Parallel", "OA3", "Select *", "select *,"} {
		if strings.Contains(PowerShell, bad) {
			t.Errorf("the line has %q", bad)
		}
	}
	for _, want := range []string{
		"kmsdiag='machine'", "PartialProductKey IS NOT NULL", "ApplicationID='$_'", "SoftwareLicensingService", "sppsvc",
		"12288,12289,8198", "Id=$_} -MaxEvents 10", "OfficeSoftwareProtectionService -ea 0", "OfficeSoftwareProtectionProduct -Filter $f -ea 0",
		"$_.Port -eq $p", "KeyManagementService(Name", keyPlatform, keyOffice, keyPolicy, "ConvertTo-Json -Depth 5", FirewallRule,
	} {
		if !strings.Contains(PowerShell, want) {
			t.Errorf("the line lacks %q", want)
		}
	}
	for _, application := range applications {
		if !strings.Contains(PowerShell, application) {
			t.Errorf("the line lacks the application %s", application)
		}
	}
	for open, shut := range map[string]string{"{": "}", "(": ")"} {
		if a, b := strings.Count(PowerShell, open), strings.Count(PowerShell, shut); a != b {
			t.Errorf("%d %s and %d %s", a, open, b, shut)
		}
	}
	for _, quote := range []string{"'", `"`} {
		if strings.Count(PowerShell, quote)%2 != 0 {
			t.Errorf("an odd number of %s", quote)
		}
	}
	if n := len(PowerShell); n > 4000 { // a console takes 8191
		t.Errorf("the line has %d characters", n)
	}
}

// The document shows the line as it is.
func TestPowerShellIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "machine.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\n"+PowerShell+"\n") {
		t.Error("docs/machine.md does not show the line")
	}
}
