package checks

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/kmsdiag/kmsdiag/directory"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// ldapSites answers LDAP by address with canned bytes, an answer to each request
// without a name; where there is none the connection is refused.
type ldapSites struct {
	answers map[string][][]byte

	mu     sync.Mutex
	dialed []string
}

func (l *ldapSites) DialContext(_ context.Context, _, address string) (net.Conn, error) {
	l.mu.Lock()
	l.dialed = append(l.dialed, address)
	l.mu.Unlock()
	answers, ok := l.answers[address]
	if !ok {
		return nil, syscall.ECONNREFUSED
	}
	here, there := net.Pipe()
	go func() {
		defer there.Close() //nolint:errcheck // a test
		request := make([]byte, 4096)
		for _, a := range answers {
			if _, err := there.Read(request); err != nil {
				return
			}
			if _, err := there.Write(a); err != nil {
				return
			}
		}
		_, _ = there.Read(request)
	}()
	return here, nil
}

// ldapAnswers are the answers to the questions for the root entry, the container,
// and the objects, whose names are given; the code is that of the objects' result.
// The key of an object that is called Unread is no id.
func ldapAnswers(code int64, names ...string) [][]byte {
	const config = "CN=Configuration,DC=corp,DC=example"
	octets := func(s string) *ber.Packet {
		return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
	}
	message := func(id int64, op *ber.Packet) []byte {
		p := ber.NewSequence("")
		p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
		p.AppendChild(op)
		return p.Bytes()
	}
	entry := func(id int64, dn string, attributes ...string) []byte {
		op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, 4, nil, "")
		op.AppendChild(octets(dn))
		list := ber.NewSequence("")
		for pair := range slices.Chunk(attributes, 2) {
			one, set := ber.NewSequence(""), ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
			set.AppendChild(octets(pair[1]))
			one.AppendChild(octets(pair[0]))
			one.AppendChild(set)
			list.AppendChild(one)
		}
		op.AppendChild(list)
		return message(id, op)
	}
	done := func(id, code int64) []byte {
		op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, 5, nil, "")
		op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
		op.AppendChild(octets(""))
		op.AppendChild(octets(""))
		return message(id, op)
	}
	var objects, again []byte
	for _, n := range names {
		key := "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
		if strings.HasPrefix(n, "Unread") {
			key = "x"
		}
		objects = append(objects, entry(3, "CN="+n, "name", n, "msSPP-CSVLKSkuId", key)...)
		again = append(again, entry(4, "CN="+n, "msSPP-ConfigLicense", "")...)
	}
	return [][]byte{
		append(entry(1, "", "configurationNamingContext", config), done(1, 0)...),
		append(entry(2, "CN=Activation Objects", "name", "x"), done(2, 0)...),
		append(objects, done(3, code)...), append(again, done(4, 0)...),
	}
}

func dcZone() map[string][]string {
	zone := corpZone()
	zone["_ldap._tcp.dc._msdcs.corp.example SRV"] = []string{
		"_ldap._tcp.dc._msdcs.corp.example. 600 IN SRV 0 100 389 dc01.corp.example.",
		"_ldap._tcp.dc._msdcs.corp.example. 600 IN SRV 5 100 389 dc02.corp.example.",
		"_ldap._tcp.dc._msdcs.corp.example. 600 IN SRV 9 100 389 dc03.corp.example.",
	}
	zone["dc02.corp.example A"] = []string{"dc02.corp.example. 600 IN A 192.0.2.22"}
	zone["dc03.corp.example A"] = []string{"dc03.corp.example. 600 IN A 192.0.2.23"}
	return zone
}

func TestADBAObjects(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers map[string][][]byte
		servers []run.HostPort
		ldaps   bool
		status  run.Status
		summary string
		dialed  string
		objects int
		notes   string
	}{
		{
			name: "the second one answers", answers: map[string][][]byte{"192.0.2.22:389": ldapAnswers(0, "One", "Two")},
			status: run.Pass, summary: "2 activation objects, read from dc02.corp.example", dialed: "192.0.2.22:389", objects: 2, notes: "dc01.corp.example has no address in DNS",
		},
		{
			name: "the third one answers", answers: map[string][][]byte{"192.0.2.23:389": ldapAnswers(0, "One")},
			status: run.Pass, summary: "1 activation object, read from dc03.corp.example", dialed: "192.0.2.22:389 192.0.2.23:389", objects: 1, notes: "dc02.corp.example cannot be reached",
		},
		{
			name: "a refusal is not put to others", answers: map[string][][]byte{"192.0.2.22:389": ldapAnswers(1), "192.0.2.23:389": ldapAnswers(0, "One")},
			status: run.Warn, summary: "activation objects not read: dc02.corp.example wants a name and a password", dialed: "192.0.2.22:389", notes: "dc01",
		},
		{name: "nobody answers", status: run.Warn, summary: "activation objects not read: dc03.corp.example cannot be reached", dialed: "192.0.2.22:389 192.0.2.23:389", notes: "dc02"},
		{
			name: "a list that is cut short", answers: map[string][][]byte{"192.0.2.22:389": ldapAnswers(4, "One", "Two")},
			status: run.Warn, summary: "at least 2 activation objects, read from dc02.corp.example: the list is not complete", dialed: "192.0.2.22:389", objects: 2, notes: "dc01",
		},
		{
			name: "half a list, then busy", answers: map[string][][]byte{"192.0.2.22:389": ldapAnswers(51, "One")},
			status: run.Warn, summary: "at least 1 activation object before dc02.corp.example refused", dialed: "192.0.2.22:389", objects: 1, notes: "dc01",
		},
		{
			name: "an object that tells nothing", answers: map[string][][]byte{"192.0.2.22:389": ldapAnswers(0, "One", "Unread")},
			status: run.Warn, summary: "2 activation objects, read from dc02.corp.example; of 1 neither key nor ids can be read", dialed: "192.0.2.22:389", objects: 2, notes: "dc01",
		},
		{
			name: "by LDAPS", ldaps: true, status: run.Warn, summary: "not read", dialed: "192.0.2.22:636 192.0.2.23:636", notes: "dc02",
		},
		{
			name: "servers that the user named", servers: []run.HostPort{{Host: "192.0.2.99", Port: 3389}}, answers: map[string][][]byte{"192.0.2.99:3389": ldapAnswers(0, "One")},
			status: run.Pass, summary: "1 activation object, read from 192.0.2.99", dialed: "192.0.2.99:3389", objects: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sites := &ldapSites{answers: tt.answers}
			env := &Env{
				Target: run.Target{Domains: []string{"corp.example"}}, Local: corpLocal(), DNS: &fakeDNS{zone: dcZone()}, Dialer: sites,
				Directory: &Directory{Servers: tt.servers},
			}
			if tt.ldaps {
				env.Directory.Access.Mode = directory.LDAPS
			}
			r := record(t.Context(), env, []*Check{DNSConfig, ADBASite, ADBAObjects}, Options{})
			r.order(t)
			got := r.result(t, "adba.objects", "corp.example")
			if got.Status != tt.status || !strings.Contains(got.Summary, tt.summary) || len(got.Evidence.ActivationObjects) != tt.objects {
				t.Errorf("%s %q, %d objects", got.Status, got.Summary, len(got.Evidence.ActivationObjects))
			}
			if dialed := strings.Join(sites.dialed, " "); dialed != tt.dialed {
				t.Errorf("dialed %s, want %s", dialed, tt.dialed)
			}
			var notes []string
			for _, n := range got.Notes {
				notes = append(notes, n.Text)
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, tt.notes) || tt.notes == "" && all != "" {
				t.Errorf("notes: %s", all)
			}
			to := "a domain controller"
			if tt.servers != nil {
				to = "192.0.2.99:3389"
			}
			if plan := r.events[0].Plan; !slices.Contains(plan.Sends, "LDAP questions to "+to+", without a name") {
				t.Errorf("announced: %q", plan.Sends)
			}
			if sent := strings.Join(r.summary.Sent, "; "); !strings.Contains(sent, "LDAP conversation") {
				t.Errorf("sent: %s", sent)
			}
		})
	}
}

// TestADBAObjectsDoesNotArise holds where no domain controller is known, and in
// runs without a Directory.
func TestADBAObjectsDoesNotArise(t *testing.T) {
	for name, env := range map[string]*Env{
		"no Active Directory": {DNS: &fakeDNS{zone: corpZone()}, Directory: &Directory{}},
		"no Directory":        {DNS: &fakeDNS{zone: dcZone()}},
	} {
		t.Run(name, func(t *testing.T) {
			env.Target, env.Local, env.Dialer = run.Target{Domains: []string{"corp.example"}}, corpLocal(), &ldapSites{}
			r := record(t.Context(), env, []*Check{DNSConfig, ADBASite, ADBAObjects}, Options{})
			for _, e := range r.events {
				if e.Finished != nil && e.Finished.Check == "adba.objects" {
					t.Errorf("there is a row: %s", e.Finished.Summary)
				}
			}
		})
	}
}

// TestNamedControllers is a run about domain controllers that the user named: DNS is
// asked for KMS hosts and for the controllers' addresses, and what it does not know
// says nothing about the domain.
func TestNamedControllers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		dc    run.HostPort
		sends []string
		asked []string // beside the questions for KMS hosts
	}{
		{
			"by address",
			run.HostPort{Host: "192.0.2.99"},
			[]string{"DNS questions to 192.0.2.53 and 192.0.2.54 for the KMS hosts of corp.example", "LDAP questions to 192.0.2.99, without a name"},
			nil,
		},
		{
			"by name",
			run.HostPort{Host: "dc09.corp.example", Port: 3268},
			[]string{
				"DNS questions to 192.0.2.53 and 192.0.2.54 for the KMS hosts of corp.example and the addresses of dc09.corp.example",
				"LDAP questions to dc09.corp.example:3268, without a name",
			},
			[]string{"dc09.corp.example A", "dc09.corp.example AAAA"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			names := &fakeDNS{zone: map[string][]string{}}
			directory := &Directory{Servers: []run.HostPort{tt.dc}}
			env := &Env{Target: run.Target{Domains: []string{"corp.example"}}, Local: corpLocal(), DNS: names, Dialer: &ldapSites{}, Directory: directory}
			r := record(t.Context(), env, ActivationPlan(directory), Options{})
			if sends := r.events[0].Plan.Sends; !slices.Equal(sends, tt.sends) {
				t.Errorf("announced %q, want %q", sends, tt.sends)
			}
			slices.Sort(names.asked)
			want := append([]string{"_vlmcs._tcp.corp.example SRV", "_vlmcs._tcp.corp.example SRV edns"}, tt.asked...)
			if asked := slices.Compact(names.asked); !slices.Equal(asked, want) {
				t.Errorf("asked %q, want %q", asked, want)
			}
			got := r.result(t, "dns.srv", "corp.example")
			if got.Status != run.Warn || !strings.Contains(got.Summary, "no record at _vlmcs._tcp.corp.example") {
				t.Errorf("%s %q", got.Status, got.Summary)
			}
			for _, e := range r.events {
				if e.Finished != nil && e.Finished.Check == "adba.site" {
					t.Errorf("there is a row about the domain: %s", e.Finished.Summary)
				}
			}
		})
	}
	if plan := ActivationPlan(&Directory{}); !slices.Contains(plan, ADBASite) || Validate(plan) != nil {
		t.Error("nobody named: DNS is to tell the domain controllers")
	}
}

// TestNoAddressOfAController tells a name that DNS does not know from a DNS that says
// nothing.
func TestNoAddressOfAController(t *testing.T) {
	for want, names := range map[string]*fakeDNS{
		"activation objects not read: dc09.corp.example has no address in DNS":                 {zone: map[string][]string{}},
		"activation objects not read: dc09.corp.example was not found: no DNS server answered": {refused: true},
	} {
		d := &Directory{Servers: []run.HostPort{{Host: "dc09.corp.example"}}}
		env := &Env{Target: run.Target{Domains: []string{"corp.example"}}, Local: corpLocal(), DNS: names, Dialer: &ldapSites{}, Directory: d}
		r := record(t.Context(), env, ActivationPlan(d), Options{})
		if got := r.result(t, "adba.objects", "corp.example"); got.Status != run.Warn || got.Summary != want {
			t.Errorf("%s %q, want %q", got.Status, got.Summary, want)
		}
	}
}

func TestPlanned(t *testing.T) {
	if got := Planned(&Env{}); !slices.Equal(got, All()) {
		t.Error("a run without a directory has other checks than All")
	}
	with := Planned(&Env{Directory: &Directory{}})
	if err := Validate(with); err != nil {
		t.Error(err)
	}
	if len(with) != len(All())+1 || !slices.Contains(with, ADBAObjects) {
		t.Errorf("%d checks", len(with))
	}
}

func TestSettled(t *testing.T) {
	// A failed logon must not be repeated: it counts towards a lockout.
	if !settled(evidence.DirectoryRead{Outcome: evidence.DirectoryBadLogon}) || settled(evidence.DirectoryRead{Outcome: evidence.DirectorySilent}) {
		t.Error("a failed logon is settled, silence is not")
	}
}

func TestDirectoryLine(t *testing.T) {
	for want, access := range map[string]directory.Access{
		"LDAP questions to a domain controller, without a name":                                                                                                      {Insecure: true},
		"a name and a password, over TLS alone, and LDAP questions to a domain controller":                                                                           {User: "auditor"},
		"a name and a password, over TLS alone, and LDAP questions to a domain controller, whose certificate is not checked":                                         {User: "auditor", Insecure: true},
		"the logon of this Windows session's user by a Kerberos ticket, over TLS alone, and LDAP questions to a domain controller":                                   {Self: true},
		"the logon of this Windows session's user by a Kerberos ticket, over TLS alone, and LDAP questions to a domain controller, whose certificate is not checked": {Self: true, Insecure: true},
	} {
		if got := directoryLine(&Directory{Access: access}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
