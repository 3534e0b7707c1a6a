//go:build integration && linux

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// adbaRun is how `kmsdiag adba` ended.
type adbaRun struct {
	report.ADBA
	exit           int
	stdout, stderr string
}

// adba runs `kmsdiag adba` inside the namespace. The password is in its
// environment, and nowhere in what it prints.
func (n netns) adba(t *testing.T, password string, args ...string) adbaRun {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := n.commandWith(ctx, t, joined, program, append([]string{"adba"}, args...)...)
	c.Env = append(plainEnviron(), "LANG=C.UTF-8", "KMSDIAG_LDAP_PASSWORD="+password)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	_ = c.Run()
	r := adbaRun{exit: c.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
	if password != "" && strings.Contains(r.stdout+r.stderr, password) {
		t.Errorf("the password is in the output:\n%s%s", r.stdout, r.stderr)
	}
	return r
}

// adbaJSON is adba with -o json, held against the schema.
func (n netns) adbaJSON(t *testing.T, password string, args ...string) adbaRun {
	t.Helper()
	r := n.adba(t, password, append(args, "-o", "json")...)
	s, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(r.stdout))
	if err != nil {
		t.Fatalf("exit %d, no JSON: %v\n%s%s", r.exit, err, r.stdout, r.stderr)
	}
	if err := s.Validate(value); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal([]byte(r.stdout), &r.ADBA); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestIntegrationADBA reads real activation objects from Samba's directory.
func TestIntegrationADBA(t *testing.T) {
	t.Parallel()
	f := newForest(t, activationObjects)
	l := newLink(t)
	l.server.dnsmasq(t, "10.77.0.2",
		"srv-host=_ldap._tcp.dc._msdcs.corp.example,dc01.corp.example,389", "host-record=dc01.corp.example,"+dcAddr,
		"srv-host=_vlmcs._tcp.corp.example,kms01.corp.example,1688", "host-record=kms01.corp.example,"+hostAddr)
	// Here DNS knows the domain controller's address alone.
	l.server.dnsmasq(t, bareDNS, "host-record=dc01.corp.example,"+dcAddr)
	t.Run("a certificate to trust", func(t *testing.T) {
		f.serve(t, l.server, f.shown...)
		readsObjects(t, f, l)
		withoutKMS(t, f, l)
		inColour(t, f, l)
		refusals(t, f, l)
		inACheck(t, f, l)
	})
	// A domain controller that was given no certificate makes one for itself: it
	// names no host, and its serial number is drawn.
	for _, tt := range []struct {
		name    string
		serial  byte // the first of its bytes
		outcome evidence.DirectoryOutcome
		detail  string
	}{
		{"a certificate as Samba makes it", 0x40, evidence.DirectoryUntrusted, "the certificate names no host (no subject alternative name), and dc01.corp.example is asked for"},
		{"a certificate with a negative serial number", 0xc0, evidence.DirectoryNoTLS, "negative serial number (certificates that Samba makes for itself may have one)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.serve(t, l.server, selfMade(t, f.dir, tt.serial)...)
			for _, way := range []string{"--starttls", "--ldaps"} {
				r := l.client.adbaJSON(t, auditorPassword, "corp.example", "--user", auditor, way)
				if read := r.last(t); r.exit != 3 || read.Outcome != tt.outcome || read.LoggedOn || !strings.HasSuffix(read.Detail, tt.detail) {
					t.Errorf("%s: exit %d, %+v", way, r.exit, read)
				}
			}
		})
	}
}

// bareDNS is where a name server without service records listens.
const bareDNS = "10.77.0.3"

// withoutKMS names the domain controller where DNS has no service record at all.
func withoutKMS(t *testing.T, f forest, l link) {
	r := l.client.adbaJSON(t, auditorPassword, "corp.example", "--user", auditor, "--ca-file", f.caFile, "--dns", bareDNS, "--dc", "dc01.corp.example")
	if r.exit != 0 || len(r.Objects) != 2 || !strings.Contains(r.Conclusion, "No KMS host is published for corp.example: machines outside the domain") {
		t.Errorf("exit %d: %s", r.exit, r.stdout)
	}
	want := []string{
		"DNS questions to 10.77.0.3 for the KMS hosts of corp.example and the addresses of dc01.corp.example",
		"a name and a password, over TLS alone, and LDAP questions to dc01.corp.example",
	}
	if !slices.Equal(r.Sends, want) {
		t.Errorf("announced %q, want %q", r.Sends, want)
	}
	// Two for KMS hosts, plain and with EDNS, and the two kinds of addresses.
	if want := []string{"4 DNS questions to 10.77.0.3", "1 LDAP conversation to " + dcAddr + ":389"}; !slices.Equal(r.Sent, want) {
		t.Errorf("sent %q, want %q", r.Sent, want)
	}
	for _, one := range r.Results {
		if one.Check == "adba.site" || strings.Contains(one.Summary, "no Active Directory") {
			t.Errorf("DNS is taken for the domain: %s %s", one.Check, one.Summary)
		}
	}
}

// inColour holds coloured text against plain text.
func inColour(t *testing.T, f forest, l link) {
	args := []string{"corp.example", "--user", auditor, "--ca-file", f.caFile}
	plain := l.client.adba(t, auditorPassword, args...)
	painted := l.client.adba(t, auditorPassword, append(args, "--color", "always")...)
	if plain.exit != 0 || painted.exit != 0 || ansi.Strip(painted.stdout) != plain.stdout {
		t.Errorf("exit %d and %d: colour changes the text:\n%q\nwithout:\n%q", plain.exit, painted.exit, painted.stdout, plain.stdout)
	}
	for _, name := range []string{"Windows Server 2019 in the forest", "Another"} {
		if !strings.Contains(painted.stdout, "\x1b[1m"+name+"\x1b[0m\n") {
			t.Errorf("%s is not painted:\n%q", name, painted.stdout)
		}
	}
}

// last is the conversation that decided.
func (r adbaRun) last(t *testing.T) evidence.DirectoryRead {
	t.Helper()
	if len(r.Reads) == 0 {
		t.Fatalf("exit %d, no conversation:\n%s%s", r.exit, r.stdout, r.stderr)
	}
	return r.Reads[len(r.Reads)-1]
}

func readsObjects(t *testing.T, f forest, l link) {
	for _, way := range [][]string{{"--starttls"}, {"--ldaps"}, {"--dc", "dc01.corp.example:389"}, {"--ldaps", "--dc", "dc01.corp.example"}} {
		r := l.client.adbaJSON(t, auditorPassword, append([]string{"corp.example", "--user", auditor, "--ca-file", f.caFile}, way...)...)
		read := r.last(t)
		if r.exit != 0 || read.Outcome != evidence.DirectoryDone || read.Objects != 2 || !read.LoggedOn || read.TLS == "" || read.ConfigNC != "CN=Configuration,DC=corp,DC=example" {
			t.Fatalf("%q: exit %d, %+v", way, r.exit, read)
		}
		var known, other report.ActivationObject
		for _, o := range r.Objects {
			if o.Object.Name == "Server 2019" {
				known = o
			} else {
				other = o
			}
		}
		o := known.Object
		if o.DisplayName != "Windows Server 2019 in the forest" || o.PartialKey != "ABCDE" || o.Created.IsZero() || len(o.CountedIDs) != 2 ||
			strings.Join(o.Holds, " ") != "issuance-license confirmation-id" || o.Problem != "" {
			t.Errorf("%+v", o)
		}
		if known.Coverage.HostKey != "Windows Server 2019 KMS host key" || known.Coverage.By != "activation id" || len(known.Coverage.Releases) == 0 {
			t.Errorf("%+v", known.Coverage)
		}
		if other.Object.Name != "Another" || other.Coverage.HostKey != "" || other.Object.ActivationID != "04030201-0605-0807-090a-0b0c0d0e0f10" {
			t.Errorf("%+v", other)
		}
		if !strings.Contains(r.Conclusion, "KMS hosts are published for corp.example as well") {
			t.Errorf("conclusion: %s", r.Conclusion)
		}
	}
}

func refusals(t *testing.T, f forest, l link) {
	trust := []string{"corp.example", "--ca-file", f.caFile}
	for _, tt := range []struct {
		password string
		args     []string
		outcome  evidence.DirectoryOutcome
		detail   string
	}{
		{"another password", []string{"--user", auditor}, evidence.DirectoryBadLogon, "the name or the password is wrong"},
		{"another password", []string{"--user", auditor, "--ldaps"}, evidence.DirectoryBadLogon, "the name or the password is wrong"},
		{"", nil, evidence.DirectoryDenied, "without authentication"},
		{auditorPassword, []string{"--user", auditor, "--dc", dcAddr}, evidence.DirectoryUntrusted, "the certificate is for dc01.corp.example, not for " + dcAddr},
	} {
		r := l.client.adbaJSON(t, tt.password, append(trust, tt.args...)...)
		if read := r.last(t); r.exit != 3 || read.Outcome != tt.outcome || !strings.Contains(read.Detail, tt.detail) {
			t.Errorf("%q: exit %d, %+v", tt.args, r.exit, read)
		}
		if r.Paste == "" || !strings.Contains(r.Conclusion, "is not known") {
			t.Errorf("%q: %s", tt.args, r.Conclusion)
		}
	}
	r := l.client.adbaJSON(t, auditorPassword, "corp.example", "--user", auditor)
	if read := r.last(t); r.exit != 3 || read.Outcome != evidence.DirectoryUntrusted || !strings.HasPrefix(read.Detail, "the authority that signed the certificate is not trusted here") {
		t.Errorf("an authority of nobody: exit %d, %+v", r.exit, read)
	}
	if text := "activation objects not read: dc01.corp.example showed a certificate that was refused, so no password was sent: the authority"; !strings.Contains(r.stdout, text) {
		t.Errorf("%q is missing in:\n%s", text, r.stdout)
	}
	if r := l.client.adbaJSON(t, auditorPassword, "corp.example", "--user", auditor, "--insecure-tls"); r.exit != 0 || !r.last(t).Unverified {
		t.Errorf("any certificate: exit %d, %+v", r.exit, r.Reads)
	}
	if r := l.client.adbaJSON(t, auditorPassword+"1", append(trust, "--user", "administrator@corp.example")...); r.exit != 0 {
		t.Errorf("the administrator: exit %d, %+v", r.exit, r.Reads)
	}
	hidden := l.client.adba(t, auditorPassword, "corp.example", "--user", auditor, "--ca-file", f.caFile, "--redact", "--dc", "dc01.corp.example", "-o", "json")
	for _, secret := range []string{"corp", "dc01", "ABCDE", "Server 2019 in", "10.77.0"} {
		if strings.Contains(hidden.stdout+hidden.stderr, secret) {
			t.Errorf("%q shows in redacted output:\n%s%s", secret, hidden.stdout, hidden.stderr)
		}
	}
}

// inACheck lets the check of a domain read the objects, saved and logged.
func inACheck(t *testing.T, f forest, l link) {
	dir := t.TempDir()
	log := filepath.Join(dir, "debug.log")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := l.client.commandWith(ctx, t, joined, program, "check", "corp.example", "-o", "jsonl", "--debug", log, "--only", "adba.objects")
	c.Env = append(plainEnviron(), "KMSDIAG_LDAP_USER="+auditor, "KMSDIAG_LDAP_PASSWORD_FILE="+write(t, dir, "secret", auditorPassword+"\n"), "SSL_CERT_FILE="+f.caFile)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var found *run.Result
	for line := range bytes.Lines(out) {
		var e struct {
			Kind string `json:"kind"`
			run.Result
		}
		if json.Unmarshal(line, &e) == nil && e.Kind == "finished" && e.Result.Check == "adba.objects" {
			found = &e.Result
		}
	}
	if found == nil || found.Status != run.Pass || len(found.Evidence.ActivationObjects) != 2 {
		t.Errorf("no objects in the check:\n%s", out)
	}
	logged, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if len(logged) == 0 || bytes.Contains(logged, []byte(auditorPassword)) || bytes.Contains(out, []byte(auditorPassword)) {
		t.Errorf("the log of %d bytes or the saved run holds the password", len(logged))
	}
}
