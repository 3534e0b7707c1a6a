package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// patient is enough for a server that answers.
const patient = 20 * time.Second

func read(t *testing.T, server Server, access Access) Reading {
	t.Helper()
	r := Read(t.Context(), &net.Dialer{}, server, access)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), fakePassword) {
		t.Errorf("the password is in the result: %s", text)
	}
	return r
}

func TestReadInEveryMode(t *testing.T) {
	for _, mode := range []Mode{StartTLS, LDAPS} {
		t.Run(string(mode), func(t *testing.T) {
			secure, roots := certificate(t, "dc01.corp.example")
			f := &fake{secure: secure, ldaps: mode == LDAPS, objects: []*ber.Packet{object("Server 2019", nil)}}
			r := read(t, f.start(t), Access{Mode: mode, User: fakeUser, Password: fakePassword, Roots: roots, Step: patient})
			if r.Outcome != evidence.DirectoryDone || r.Objects != 1 || r.TLS != string(mode) || !r.LoggedOn || r.ConfigNC != fakeConfig {
				t.Fatalf("%+v", r.DirectoryRead)
			}
			o := r.Found[0]
			if o.ActivationID != "2e7a9ad1-a849-4b56-babe-17d5a29fe4b4" || o.PartialKey != "ABCDE" || o.Created.Format("2006-01-02") != "2024-01-02" || o.Problem != "" {
				t.Errorf("%+v", o)
			}
			if f.plain || len(f.passwords) != 1 {
				t.Errorf("passwords %d, one of them in the clear: %t", len(f.passwords), f.plain)
			}
		})
	}
}

func TestReadWithoutName(t *testing.T) {
	f := &fake{search: func(k *talk, _ *ber.Packet) {
		k.say(result(ldap.ApplicationSearchResultDone, ldap.LDAPResultOperationsError, "000004DC: LdapErr: a successful bind must be completed"))
	}}
	r := read(t, f.start(t), Access{Step: patient})
	if r.Outcome != evidence.DirectoryDenied || r.ConfigNC != fakeConfig || r.LoggedOn || len(f.passwords) != 0 {
		t.Errorf("%+v", r.DirectoryRead)
	}
}

// TestRefusals are servers that answer, but not as hoped.
func TestRefusals(t *testing.T) {
	secure, roots := certificate(t, "dc01.corp.example")
	other, otherRoots := certificate(t, "dc09.corp.example")
	nameless, namelessRoots := certificate(t)
	answer := func(op ber.Tag, code uint16, text string, urls ...string) func(*talk, *ber.Packet) {
		return func(k *talk, _ *ber.Packet) { k.say(result(op, code, text, urls...)) }
	}
	const done = ldap.ApplicationSearchResultDone
	with := Access{User: fakeUser, Password: fakePassword, Roots: roots, Step: patient}
	altered := func(f func(*Access)) Access { a := with; f(&a); return a }
	for _, tt := range []struct {
		name    string
		fake    *fake
		access  Access
		step    evidence.DirectoryStep
		outcome evidence.DirectoryOutcome
		detail  string
		sends   int // passwords
	}{
		{"wrong password", &fake{}, altered(func(a *Access) { a.Password = "guess" }), evidence.DirectoryBind, evidence.DirectoryBadLogon, "the name or the password is wrong", 1},
		{"echoed password", &fake{bind: answer(ldap.ApplicationBindResponse, 49, "not "+fakePassword+"!")}, with, evidence.DirectoryBind, evidence.DirectoryBadLogon, "not (hidden)!", 1},
		{"no password", &fake{}, altered(func(a *Access) { a.Password = "" }), evidence.DirectoryBind, evidence.DirectoryBadLogon, "count as nobody", 0},
		{"no StartTLS", &fake{startTLS: answer(ldap.ApplicationExtendedResponse, 2, "unsupported")}, with, evidence.DirectoryTLS, evidence.DirectoryNoTLS, "does not do StartTLS", 0},
		{"StartTLS and no handshake", &fake{startTLS: func(k *talk, _ *ber.Packet) {
			k.say(result(ldap.ApplicationExtendedResponse, 0, ""))
			_, _ = k.Read(make([]byte, 4096))
			_, _ = k.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		}}, with, evidence.DirectoryTLS, evidence.DirectoryNoTLS, "handshake failed", 0},
		{"unknown authority", &fake{}, altered(func(a *Access) { a.Roots = otherRoots }), evidence.DirectoryTLS, evidence.DirectoryUntrusted, "--ca-file", 0},
		{"another's certificate", &fake{secure: other}, altered(func(a *Access) { a.Roots = otherRoots }), evidence.DirectoryTLS, evidence.DirectoryUntrusted, "is for dc09.corp.example, not for dc01.corp.example", 0},
		{"a certificate without names", &fake{secure: nameless}, altered(func(a *Access) { a.Roots = namelessRoots }), evidence.DirectoryTLS, evidence.DirectoryUntrusted, "no subject alternative name", 0},
		{"any certificate", &fake{secure: nameless}, altered(func(a *Access) { a.Insecure = true }), evidence.DirectorySearch, evidence.DirectoryDone, "", 1},
		{"LDAPS at a plain port", &fake{}, altered(func(a *Access) { a.Mode = LDAPS }), evidence.DirectoryTLS, evidence.DirectoryClosed, "", 0},
		{"strong authentication wanted", &fake{bind: answer(ldap.ApplicationBindResponse, 8, "signing required")}, with, evidence.DirectoryBind, evidence.DirectoryDenied, "signing required", 1},
		{"a hidden container", &fake{container: answer(done, 0, "")}, with, evidence.DirectorySearch, evidence.DirectoryNoContainer, "", 1},
		{"no container", &fake{container: answer(done, 32, "")}, with, evidence.DirectorySearch, evidence.DirectoryNoContainer, "", 1},
		{"busy", &fake{search: answer(done, 51, "")}, with, evidence.DirectorySearch, evidence.DirectoryOtherOutcome, "Busy (51)", 1},
		{"referral", &fake{search: answer(done, 10, "", "ldap://dc02.corp.example/CN=x", "ldap://dc01.corp.example/")}, with, evidence.DirectorySearch, evidence.DirectoryReferred, "", 1},
		{"another directory", &fake{root: func(k *talk, _ *ber.Packet) {
			k.say(entry("", map[string][]string{"namingContexts": {"dc=example"}}))
			k.say(result(done, 0, ""))
		}}, with, evidence.DirectoryRoot, evidence.DirectoryNotAD, "names no configuration", 0},
		{"a root without entry", &fake{root: answer(done, 0, "")}, with, evidence.DirectoryRoot, evidence.DirectoryNotAD, "root entry is missing", 0},
		{"a root that is no name", &fake{root: func(k *talk, _ *ber.Packet) {
			k.say(entry("", map[string][]string{"configurationNamingContext": {"\x00)(objectClass=*"}}))
			k.say(result(done, 0, ""))
		}}, with, evidence.DirectoryRoot, evidence.DirectoryMalformed, "no distinguished name", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.fake.secure == nil {
				tt.fake.secure = secure
			}
			r := read(t, tt.fake.start(t), tt.access)
			if r.Step != tt.step || r.Outcome != tt.outcome || !strings.Contains(r.Detail, tt.detail) || tt.detail == "" && r.Detail != "" {
				t.Errorf("%s: %s, %q; want %s: %s, %q", r.Step, r.Outcome, r.Detail, tt.step, tt.outcome, tt.detail)
			}
			if len(tt.fake.passwords) != tt.sends || tt.fake.plain {
				t.Errorf("%d passwords arrived, in the clear: %t; want %d", len(tt.fake.passwords), tt.fake.plain, tt.sends)
			}
		})
	}
}

// TestReferralsAreNotFollowed lets a server refer to itself for ever.
func TestReferralsAreNotFollowed(t *testing.T) {
	searches := 0
	f := &fake{}
	f.search = func(k *talk, _ *ber.Packet) {
		searches++
		k.say(object("One", nil))
		for i := range 20 {
			k.say(reference(fmt.Sprintf("ldap://dc%02d.corp.example/CN=again", i), "ldap://dc01.corp.example:389/"))
		}
		k.say(result(ldap.ApplicationSearchResultDone, 0, ""))
	}
	r := read(t, f.start(t), Access{Step: patient})
	if r.Outcome != evidence.DirectoryDone || r.Objects != 1 || len(r.Referrals) != maxReferrals || r.Referrals[0] != "dc00.corp.example" {
		t.Errorf("%+v", r.DirectoryRead)
	}
	if searches != 2 {
		t.Errorf("%d searches, want 2", searches)
	}
}

func TestPages(t *testing.T) {
	const pages = 3
	page := map[bool]int{}
	f := &fake{search: func(k *talk, op *ber.Packet) {
		names := op.Children[5].Value.(bool)
		page[names]++
		name := fmt.Sprintf("Object %d", page[names])
		if names {
			k.say(entry("CN="+name+","+container+fakeConfig, map[string][]string{"msSPP-IssuanceLicense": nil, "msspp-confirmationid": nil}))
		} else {
			k.say(object(name, nil))
		}
		next := ldap.NewControlPaging(0)
		if page[names] < pages {
			next.SetCookie([]byte("more"))
		}
		k.say(result(ldap.ApplicationSearchResultDone, 0, ""), next)
	}}
	r := read(t, f.start(t), Access{Step: patient})
	if r.Outcome != evidence.DirectoryDone || r.Objects != pages || r.Partial {
		t.Fatalf("%+v", r.DirectoryRead)
	}
	if got := strings.Join(r.Found[2].Holds, " "); got != "issuance-license confirmation-id" {
		t.Errorf("holds %q", got)
	}
}

// TestTooMuch are servers that go on and on; what came before is kept.
func TestTooMuch(t *testing.T) {
	more := ldap.NewControlPaging(0)
	more.SetCookie([]byte("more"))
	for _, tt := range []struct {
		name    string
		search  func(*talk, *ber.Packet)
		outcome evidence.DirectoryOutcome
		objects int
	}{
		{"pages without end", func(k *talk, _ *ber.Packet) {
			k.say(result(ldap.ApplicationSearchResultDone, 0, ""), more)
		}, evidence.DirectoryMalformed, 0},
		{"full pages without end", func(k *talk, op *ber.Packet) {
			for i := range pageSize {
				k.say(object(fmt.Sprint(i), nil))
			}
			k.say(result(ldap.ApplicationSearchResultDone, 0, ""), more)
		}, evidence.DirectoryDone, MaxObjects},
		{"entries without end", func(k *talk, _ *ber.Packet) {
			for range 3 * MaxObjects {
				k.say(object("x", nil))
			}
		}, evidence.DirectoryDone, MaxObjects},
		{"size limit of the server", func(k *talk, _ *ber.Packet) {
			k.say(object("x", nil))
			k.say(result(ldap.ApplicationSearchResultDone, ldap.LDAPResultSizeLimitExceeded, ""))
		}, evidence.DirectoryDone, 1},
		{"half a list, then busy", func(k *talk, _ *ber.Packet) {
			k.say(object("x", nil))
			k.say(result(ldap.ApplicationSearchResultDone, ldap.LDAPResultBusy, ""))
		}, evidence.DirectoryOtherOutcome, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := read(t, (&fake{search: tt.search}).start(t), Access{Step: patient})
			if r.Outcome != tt.outcome || r.Objects != tt.objects || len(r.Found) != tt.objects || tt.objects > 0 && !r.Partial {
				t.Errorf("%+v", r.DirectoryRead)
			}
		})
	}
}

// TestLies are bytes that are no LDAP, or promise what does not come.
func TestLies(t *testing.T) {
	raw := func(b string, hangUp bool) func(*talk, *ber.Packet) {
		return func(k *talk, _ *ber.Packet) {
			_, _ = k.Write([]byte(b))
			if hangUp {
				_ = k.Close()
			}
		}
	}
	for _, tt := range []struct {
		name    string
		fake    *fake
		outcome evidence.DirectoryOutcome
	}{
		{"garbage", &fake{root: raw("SSH-2.0-OpenSSH_9.6\r\n", true)}, evidence.DirectoryMalformed},
		{"a length of 2 GiB", &fake{search: raw("\x30\x84\x7f\xff\xff\xff\x02\x01\x03", false)}, evidence.DirectoryMalformed},
		{"a length of 16 EiB", &fake{search: raw("\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff", false)}, evidence.DirectoryMalformed},
		{"deep nesting", &fake{search: raw("\x30\x80"+strings.Repeat("\x30\x80", 4000), false)}, evidence.DirectoryMalformed},
		{"an entry without attributes", &fake{search: raw("\x30\x07\x02\x01\x03\x64\x02\x04\x00", false)}, evidence.DirectoryMalformed},
		{"a message cut short", &fake{search: raw("\x30\x50\x02\x01\x03\x65", true)}, evidence.DirectoryMalformed},
		{"hanging up", &fake{root: raw("", true)}, evidence.DirectoryClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := read(t, tt.fake.start(t), Access{Step: patient})
			if r.Outcome != tt.outcome || r.Outcome == evidence.DirectoryMalformed && r.Detail == "" {
				t.Errorf("%s: %s, %q; want %s", r.Step, r.Outcome, r.Detail, tt.outcome)
			}
		})
	}
}

// TestStalls are servers that say nothing at one of the steps, or drop by drop.
func TestStalls(t *testing.T) {
	secure, roots := certificate(t, "dc01.corp.example")
	nothing := func(*talk, *ber.Packet) {}
	with := Access{User: fakeUser, Password: fakePassword, Roots: roots, Step: 150 * time.Millisecond}
	for _, tt := range []struct {
		name string
		fake *fake
		mode Mode
		step evidence.DirectoryStep
	}{
		{"root", &fake{root: nothing}, StartTLS, evidence.DirectoryRoot},
		{"answer to StartTLS", &fake{startTLS: nothing}, StartTLS, evidence.DirectoryTLS},
		{"handshake", &fake{startTLS: func(k *talk, _ *ber.Packet) {
			k.say(result(ldap.ApplicationExtendedResponse, 0, ""))
			_, _ = k.Read(make([]byte, 4096))
			_, _ = k.Read(make([]byte, 4096))
		}}, StartTLS, evidence.DirectoryTLS},
		{"bind", &fake{bind: nothing}, StartTLS, evidence.DirectoryBind},
		{"search", &fake{search: nothing}, LDAPS, evidence.DirectorySearch},
		{"drops", &fake{search: func(k *talk, _ *ber.Packet) {
			for _, b := range []byte("\x30\x82\x10\x00\x02\x01\x03\x64\x82\x0f\xf0") {
				_, _ = k.Write([]byte{b})
			}
		}}, LDAPS, evidence.DirectorySearch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.fake.secure, tt.fake.ldaps = secure, tt.mode == LDAPS
			access := with
			access.Mode = tt.mode
			r := read(t, tt.fake.start(t), access)
			if r.Step != tt.step || r.Outcome != evidence.DirectorySilent {
				t.Errorf("%s: %s, %q", r.Step, r.Outcome, r.Detail)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	reached := make(chan struct{})
	f := &fake{search: func(*talk, *ber.Packet) { close(reached) }}
	server := f.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	if r := Read(ctx, &net.Dialer{}, server, Access{Step: patient}); r.Outcome != evidence.DirectoryCancelled || r.ConfigNC != fakeConfig {
		t.Errorf("%+v", r.DirectoryRead)
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := Server{Address: l.Addr().(*net.TCPAddr).AddrPort()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := read(t, server, Access{Step: patient})
	if r.Step != evidence.DirectoryConnect || r.Outcome != evidence.DirectoryUnreachable || r.Detail == "" || r.Host != "127.0.0.1" {
		t.Errorf("%+v", r.DirectoryRead)
	}
}

func TestSecretsDoNotShow(t *testing.T) {
	access := Access{User: "a", Password: fakePassword}
	text, err := json.Marshal(access)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(access), fmt.Sprintf("%+v %#v %q %x %s", access, access, access.Password, access.Password, access.Password), string(text)} {
		if strings.Contains(s, fakePassword) || strings.Contains(s, fmt.Sprintf("%x", fakePassword)) || !strings.Contains(s, hiddenSecret) {
			t.Errorf("shows: %s", s)
		}
	}
}
