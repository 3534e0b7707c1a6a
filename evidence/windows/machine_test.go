package windows

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// client is a record of a machine with one volume licence, some values of the
// registry, and what else is given.
func client(product, registry, rest string) string {
	if registry != "" {
		registry = `,"registry":[` + registry + `]`
	}
	return `{"kmsdiag":"machine","service":{"Version":"10.0.26100.1","KeyManagementServiceMachine":"","KeyManagementServiceHostCaching":true},
		"products":[{"Name":"Windows(R), Enterprise edition","Description":"Windows(R) Operating System, VOLUME_KMSCLIENT channel",
		"ID":"73111121-5638-40f6-bc11-f1d7b0d64300","ApplicationID":"55c92734-d682-4d71-983e-d6ec3f16059f","PartialProductKey":"2YT43",
		"LicenseStatus":1` + product + `}]` + registry + rest + `}`
}

func setHost(key, host string) string {
	return `{"Key":"HKEY_LOCAL_MACHINE\\SOFTWARE\\` + strings.ReplaceAll(key, `\`, `\\`) + `","Name":"KeyManagementServiceName","Value":"` + host + `"}`
}

func TestWhoSetTheHost(t *testing.T) {
	const (
		platform    = `Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform`
		policy      = `Policies\Microsoft\Windows NT\CurrentVersion\Software Protection Platform`
		office      = `Microsoft\OfficeSoftwareProtectionPlatform`
		application = platform + `\55c92734-d682-4d71-983e-d6ec3f16059f`
		product     = application + `\73111121-5638-40f6-bc11-f1d7b0d64300`
		otherApp    = platform + `\0ff1ce15-a989-479d-af46-f275c6370663`
		otherSKU    = application + `\fbdb3e18-a8ef-4fb3-9183-dffd60bd0984`
		pinned      = `,"KeyManagementServiceMachine":"kms01.corp.example","KeyManagementServicePort":1688`
		discovered  = `,"DiscoveredKeyManagementServiceMachineName":"kms02.corp.example","DiscoveredKeyManagementServiceMachinePort":1688`
	)
	for _, tt := range []struct {
		name, product, registry, host, by string
	}{
		{"registry", pinned, setHost(platform, "KMS01.corp.example"), "kms01.corp.example:1688", "registry"},
		{"policy", pinned, setHost(policy, "kms01.corp.example"), "kms01.corp.example:1688", "policy"},
		{"policy wrote the registry too", pinned, setHost(platform, "kms01.corp.example") + "," + setHost(policy, "kms01.corp.example"), "kms01.corp.example:1688", "policy"},
		{"application", pinned, setHost(platform, "kms09") + "," + setHost(application, "kms01.corp.example"), "kms01.corp.example:1688", "application override"},
		{"product", pinned, setHost(application, "kms01.corp.example") + "," + setHost(product, "kms01.corp.example:1688"), "kms01.corp.example:1688", "product override"},
		{"others do not count", pinned, setHost(otherApp, "kms01.corp.example") + "," + setHost(otherSKU, "kms01.corp.example") + "," + setHost(platform, "kms01.corp.example"), "kms01.corp.example:1688", "registry"},
		{"Office's own key does not count for Windows", pinned, setHost(office, "kms01.corp.example") + "," + setHost(platform, "kms01.corp.example"), "kms01.corp.example:1688", "registry"},
		{"no registry, the product alone has it", pinned, "", "kms01.corp.example:1688", "product override"},
		{"an override that WMI does not show", discovered, setHost(product, "kms05"), "kms05", "product override"},
		{"discovered", discovered, "", "", "discovery cache"},
		{"nothing", "", "", "", ""},
	} {
		set, err := ReadMachine([]byte(client(tt.product, tt.registry, "")), evidence.Origin{Check: "x"})
		if err != nil || len(set.Licenses) != 1 {
			t.Fatalf("%s: %v, %+v", tt.name, err, set.Licenses)
		}
		if l := set.Licenses[0]; l.RegisteredHost != tt.host || l.HostSetBy != tt.by || l.Origin.Check != "x" {
			t.Errorf("%s: %q by %q, want %q by %q", tt.name, l.RegisteredHost, l.HostSetBy, tt.host, tt.by)
		}
	}
	set, err := ReadMachine([]byte(strings.Replace(client(discovered, "", ""), `Caching":true`, `Caching":false`, 1)), evidence.Origin{})
	if err != nil || set.Licenses[0].HostSetBy != "DNS" {
		t.Errorf("without caching: %v, %+v", err, set.Licenses)
	}
}

// An attempt that a later success has overtaken is left out; what another
// product met stays.
func TestOvertakenAttempts(t *testing.T) {
	const windows, office = "73111121-5638-40f6-bc11-f1d7b0d64300", "fbdb3e18-a8ef-4fb3-9183-dffd60bd0984"
	event := func(id, at, data string) string {
		return `{"Id":` + id + `,"TimeCreated":"2026-11-20T0` + at + `:00Z","Data":` + data + `}`
	}
	request := func(at, hr, product string) string {
		return event("12288", at, `["`+hr+`, 0x00000000, kms01.corp.example:1688, 1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1, 2026/11/20 0`+at+`, 0, 1, 7, `+product+`, 25"]`)
	}
	answer := func(at, activated string) string {
		return event("12289", at, `"0x00000000, 0x00000000, `+activated+`, 0, 30, 120, 10080, 2026/11/20 0`+at+`"`)
	}
	events := []string{ // newest first, as logs are read
		request("9:00", "0xC004F074", office),
		answer("7:01", "1"), request("7:00", "0x00000000", windows),
		event("8198", "6:01", `["hr=0xC004F074","SkuId=`+windows+`;Trigger=UserLogon"]`),
		request("6:00", "0xC004F074", windows),
		answer("5:01", "0"), request("5:00", "0x00000000", office),
		request("4:00", "0xC004F06C", windows),
	}
	set, err := ReadMachine([]byte(client("", "", `,"events":[`+strings.Join(events, ",")+`]`)), evidence.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range set.ClientRequests {
		got = append(got, r.Time.Format("15:04"))
	}
	for _, a := range set.ClientAnswers {
		got = append(got, a.Time.Format("15:04"))
	}
	if want := "05:00 07:00 09:00 05:01 07:01"; strings.Join(got, " ") != want || len(set.LogEvents) != 0 {
		t.Errorf("attempts at %v, want %s; %+v", got, want, set.LogEvents)
	}
}

func TestJSONTime(t *testing.T) {
	want := time.Date(2026, 11, 20, 6, 0, 13, 0, time.UTC)
	for _, v := range []any{
		"2026-11-20T06:00:13Z", "2026-11-20T06:00:13.0000000Z", "2026-11-20T07:00:13+01:00", "/Date(1795154413000)/",
		map[string]any{"value": "/Date(1795154413000)/", "DisplayHint": 2.0},
		map[string]any{"DateTime": "2026-11-20T06:00:13Z"},
	} {
		if got := jsonTime(v); !got.Equal(want) {
			t.Errorf("%v = %s, want %s", v, got, want)
		}
	}
	for _, v := range []any{nil, "", "/Date(x)/", "/Date(-1)/", "20.11.2026 06:00", 7.0, map[string]any{}, []any{}} {
		if got := jsonTime(v); !got.IsZero() {
			t.Errorf("%v = %s, want none", v, got)
		}
	}
}

// What cannot be a record is refused, and nothing in one is trusted.
func TestReadMachineRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"": "unexpected end", "[]": "no object", `{"kmsdiag":"run"}`: "no object", `{"kmsdiag":1}`: "no object",
	} {
		if _, err := ReadMachine([]byte(text), evidence.Origin{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
	odd := `{"kmsdiag":"machine","computer":{},"service":[1,null],"products":{"ID":[],"value":7},"events":[{"Id":"x"},{}],"registry":"no","services":[[]]}`
	set, err := ReadMachine([]byte(odd), evidence.Origin{})
	if err != nil || len(set.LogEvents)+len(set.Services) > 0 {
		t.Errorf("%+v, %v", set, err)
	}
	key := `{"kmsdiag":"machine","products":[{"Name":"QQ3RT-7YHGF-88KMN-PPTRV-XD6WB","ActivationID":"x"}]}`
	if set, _ := ReadMachine([]byte(key), evidence.Origin{}); len(set.Licenses) != 1 || strings.Contains(set.Licenses[0].Name, "7YHGF") {
		t.Errorf("a key is shown: %+v", set.Licenses)
	}
}

// A record whose end is missing is read as far as it goes, and says so.
func TestMachineRecordCutOff(t *testing.T) {
	whole := client(`,"KeyManagementServiceMachine":"kms01.corp.example"`, setHost(`Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform`, "kms01.corp.example"), `,"services":[{"Name":"sppsvc","Status":"Stopped"}]`)
	read := func(text string) Paste {
		p, err := ReadString(t.Context(), text, "machine.json")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	says := func(p Paste, id string) bool {
		for _, s := range p.Set.Statements {
			if s.ID == id {
				return true
			}
		}
		return false
	}
	p := read(whole)
	if says(p, evidence.RecordCutOff) || len(p.Set.Services) != 1 {
		t.Errorf("the whole record: %+v", p.Set)
	}
	for n := range len(whole) - 1 {
		if n < strings.Index(whole, ",")+1 {
			continue
		}
		if p := read(whole[:n+1]); !says(p, evidence.RecordCutOff) || len(p.Unread) > 0 {
			t.Fatalf("cut after %q: %+v, unread %v", whole[max(0, n-20):n+1], p.Set, p.Unread)
		}
	}
	p = read(whole[:len(whole)-2])
	if len(p.Set.Licenses) != 1 || p.Set.Licenses[0].RegisteredHost != "kms01.corp.example" {
		t.Errorf("the licence is lost: %+v", p.Set.Licenses)
	}
	for _, text := range []string{`{"kmsdiag":"machine"}`, `{"kmsdiag":"machine","computer":"PC-0417","service":null,"products":[]}`} {
		if p := read(text); !says(p, evidence.RecordEmpty) {
			t.Errorf("%s: %+v", text, p.Set)
		}
	}
}

func FuzzCloseJSON(f *testing.F) {
	whole := client("", setHost("a", "kms01"), "")
	f.Add(whole)
	f.Add(whole[:200])
	f.Add(`{"kmsdiag":"machine","a":[{"b":"\"`)
	f.Fuzz(func(t *testing.T, text string) {
		closed, ok := closeJSON(text)
		if ok && len(closed) > len(text)+maxOpen {
			t.Errorf("%d bytes of %d", len(closed), len(text))
		}
		if !json.Valid([]byte(text)) {
			return
		}
		for n := range min(len(text), 200) { // of a text that is JSON, what is cut off can be closed
			if closed, ok := closeJSON(text[:n]); ok && !json.Valid([]byte(closed)) {
				t.Errorf("%q became %q", text[:n], closed)
			}
		}
	})
}
