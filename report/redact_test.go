package report

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

func redacted(t *testing.T, format string, events []run.Event) string {
	t.Helper()
	var b strings.Builder
	r, err := New(format, &b, Style{})
	if err != nil {
		t.Fatal(err)
	}
	feed(t, Redact(r), events)
	return b.String()
}

func TestRedact(t *testing.T) {
	for _, format := range []string{"text", "jsonl"} {
		t.Run(format, func(t *testing.T) {
			golden.RequireEqual(t, redacted(t, format, sampleRun()))
		})
	}
}

func TestRedactKeepsNothingThatIdentifies(t *testing.T) {
	for name, events := range allRuns(t) {
		for _, format := range Formats {
			text := strings.ToLower(redacted(t, format, events))
			for _, secret := range []string{"corp.example", "kms01", "kms02", "pc-0417", "192.0.2.5", "192.0.2.17"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s, %s: %s is still there", name, format, secret)
				}
			}
		}
	}
}

func TestRedactedLinesFollowTheSchema(t *testing.T) {
	s := loadSchema(t)
	for line := range strings.Lines(redacted(t, "jsonl", sampleRun())) {
		validate(t, s, line)
	}
}

func TestRedactDoesNotChangeItsInput(t *testing.T) {
	events := sampleRun()
	before, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	redacted(t, "text", events)
	after, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the events were changed")
	}
}

func TestRedactText(t *testing.T) {
	p := newPseudonyms()
	p.meet("Domain", "corp.example")
	p.meet("Host", "KMS01.corp.example")
	p.meet("Host", "kms.corp.example:1688")
	p.meet("Machine", "PC-0417")
	p.meet("CMID", "7F3E004C-8A55-1B40-9C12-77AA031ED0C1")
	p.meet("EPID", "03612-00206-566-184365-03-1033-17763.0000-1232023")
	for text, want := range map[string]string{
		"":                                                        "",
		"nothing to hide here.":                                   "nothing to hide here.",
		"kms01.corp.example is open":                              "host-1.domain-1 is open",
		"KMS01.CORP.EXAMPLE.":                                     "host-1.domain-1.",
		"KMS01 answers":                                           "host-1 answers",
		"the KMS host kms is a KMS host":                          "the KMS host host-2 is a KMS host",
		"kms.request on kms.corp.example:1688":                    "kms.request on host-2.domain-1:1688",
		"_vlmcs._tcp.corp.example has 2 records":                  "_vlmcs._tcp.domain-1 has 2 records",
		"_ldap._tcp.dc._msdcs.corp.example":                       "_ldap._tcp.dc._msdcs.domain-1",
		"unknown.corp.example, unknown.corp.example":              "host-3.domain-1, host-3.domain-1",
		"TCP 10.0.4.17 -> 10.0.0.6:1688 at 12:04:05.1":            "TCP 198.51.100.1 -> 198.51.100.2:1688 at 12:04:05.1",
		"from 10.0.4.17, again":                                   "from 198.51.100.1, again",
		"[2001:db8:7::1]:1688 and fd00::5.":                       "[2001:db8::1]:1688 and 2001:db8::2.",
		"127.0.0.53, ::1, 169.254.169.250, 35.190.247.13":         "127.0.0.53, ::1, 169.254.169.250, 35.190.247.13",
		"azkms.core.windows.net:1688":                             "azkms.core.windows.net:1688",
		"PC-0417 asked with 7f3e004c-8a55-1b40-9c12-77aa031ed0c1": "machine-1 asked with cmid-1",
		"ePID 03612-00206-566-184365-03-1033-17763.0000-1232023":  "ePID epid-1",
		"cscript //nologo %windir%\\System32\\slmgr.vbs /skms kms01.corp.example:1688": "cscript //nologo %windir%\\System32\\slmgr.vbs /skms host-1.domain-1:1688",
		"build 10.0.17763.1, 0xC004F074":                                               "build 10.0.17763.1, 0xC004F074",
		"kms01.corp.example:1688@10.0.4.17":                                            "host-1.domain-1:1688@198.51.100.1",
	} {
		// Numbers depend on what was met before, so each text gets a copy.
		q := p.copy()
		if strings.Contains(text, "10.0.0.6") || strings.Contains(text, "10.0.4.17") {
			q.addr(netip.MustParseAddr("10.0.4.17"))
		}
		if got := q.text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// copy returns pseudonyms that can be changed apart from p.
func (p *pseudonyms) copy() *pseudonyms {
	c := newPseudonyms()
	for _, m := range []struct{ to, from map[string]string }{{c.names, p.names}, {c.short, p.short}, {c.lower, p.lower}} {
		for k, v := range m.from {
			m.to[k] = v
		}
	}
	for k, v := range p.count {
		c.count[k] = v
	}
	return c
}

// Every string field of every type that an event can hold is either a word of
// this program or loses a name that was put into it.
func TestRedactReachesEveryField(t *testing.T) {
	var e run.Event
	r := run.Result{}
	secrets := map[string]string{}
	fill(reflect.ValueOf(&r).Elem(), "Result", secrets)
	e.Finished = &r
	text := redacted(t, "json", []run.Event{{Finished: &run.Result{Subject: run.Subject{Domain: "secret.test"}}}, e, {Summary: filledSummary(secrets)}})
	for secret, field := range secrets {
		_, name, _ := strings.Cut(field, ".")
		if classes[name] == classPlain || classes[field] == classPlain {
			continue
		}
		if strings.Contains(text, secret) {
			t.Errorf("%s keeps %s", field, secret)
		}
	}
	if len(secrets) < 150 {
		t.Errorf("only %d fields were filled", len(secrets))
	}
}

func filledSummary(secrets map[string]string) *run.Summary {
	var s run.Summary
	fill(reflect.ValueOf(&s).Elem(), "Summary", secrets)
	return &s
}

// fill puts a different name below secret.test into every string.
func fill(v reflect.Value, path string, secrets map[string]string) {
	switch v.Type() {
	case reflect.TypeFor[time.Time](), typeAddr, typeAddrPort:
		return
	case typeBytes:
		v.SetBytes([]byte("220 mail.secret.test ESMTP"))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path, secrets)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				fill(v.Field(i), v.Type().Name()+"."+f.Name, secrets)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), path, secrets)
	case reflect.Map:
		if v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.ValueOf(map[string]string{"Param1": secret(path, secrets)}))
		}
	case reflect.String:
		v.SetString(secret(path, secrets))
	}
}

func secret(path string, secrets map[string]string) string {
	s := fmt.Sprintf("secret%d.secret.test", len(secrets)+1)
	secrets[s] = path
	return s
}

func TestRedactDropsForeignBytes(t *testing.T) {
	text := redacted(t, "json", []run.Event{{Finished: &run.Result{Evidence: evidence.Set{Binds: []evidence.Bind{{First: []byte("220 mail.secret.test")}}}}}})
	if strings.Contains(text, `"first"`) {
		t.Errorf("the peer's bytes are still there:\n%s", text)
	}
}

func TestDocumentationAddresses(t *testing.T) {
	seen := map[netip.Addr]bool{}
	for n := 1; n < 1000; n++ {
		a := documentation4(n)
		if seen[a] || !a.IsValid() {
			t.Fatalf("address %d is %s", n, a)
		}
		seen[a] = true
	}
}

func FuzzRedactText(f *testing.F) {
	f.Add("kms01.corp.example:1688@10.0.4.17 [::1]:5")
	f.Add(":::[[]]...--")
	f.Fuzz(func(t *testing.T, s string) {
		p := newPseudonyms()
		p.meet("Host", "kms01.corp.example")
		first := p.text(s)
		if strings.Contains(strings.ToLower(first), "kms01.corp.example ") {
			t.Errorf("%q became %q", s, first)
		}
		if again := p.text(s); again != first {
			t.Errorf("%q became %q and then %q", s, first, again)
		}
	})
}
