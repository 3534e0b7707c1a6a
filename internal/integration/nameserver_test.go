//go:build integration && linux

package integration

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// dnsmasq starts dnsmasq at an address of the namespace. It serves what the
// options say and refuses every name of other domains.
func (n netns) dnsmasq(t *testing.T, address string, options ...string) {
	t.Helper()
	needs(t, "dnsmasq")
	conf := append([]string{
		"listen-address=" + address, "bind-interfaces", "no-resolv", "no-hosts", "user=root", "pid-file=",
		"local=/corp.example/", "local-ttl=1200",
	}, options...)
	file := write(t, t.TempDir(), "dnsmasq.conf", strings.Join(conf, "\n")+"\n")
	n.serve(t, "started, version", "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--conf-file="+file)
}

// bindZone is a zone of BIND: its name and its records in zone file form.
type bindZone struct{ name, records string }

// corpZone is corp.example with more records.
func corpZone(records ...string) bindZone {
	return bindZone{"corp.example", strings.Join(records, "\n")}
}

// zoneHead is the start of every zone file.
const zoneHead = `$TTL 1200
@ IN SOA ns hostmaster 1 900 600 86400 1200
@ IN NS ns
ns IN A 10.77.0.2
`

// named starts BIND 9 at an address of the namespace. It does not recurse unless
// the options say so.
func (n netns) named(t *testing.T, address, options string, zones ...bindZone) {
	t.Helper()
	needs(t, "named")
	dir := t.TempDir()
	if !strings.Contains(options, "recursion") {
		options += " recursion no;"
	}
	conf := fmt.Sprintf(`options {
	directory %q; pid-file none; session-keyfile none;
	listen-on { %s; }; listen-on-v6 { none; };
	dnssec-validation no; empty-zones-enable no; notify no; check-names primary ignore;
	%s
};
controls { };
zone "." { type hint; file "root"; };
`, dir, address, options)
	write(t, dir, "root", ". 3600 IN NS root.invalid.\nroot.invalid. 3600 IN A 10.77.0.254\n")
	for _, z := range zones {
		write(t, dir, z.name, zoneHead+z.records+"\n")
		conf += fmt.Sprintf("zone %q { type primary; file %q; };\n", z.name, z.name)
	}
	n.serve(t, " running$", "named", "-g", "-n", "1", "-c", write(t, dir, "named.conf", conf))
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// serve starts a server inside the namespace, waits until a line of its log
// matches ready, and ends it with the test.
func (n netns) serve(t *testing.T, ready, name string, args ...string) {
	t.Helper()
	isReady := regexp.MustCompile(ready)
	c := n.command(t.Context(), name, args...)
	log, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	up := make(chan bool, 2)
	read := make(chan struct{})
	var said strings.Builder
	go func() {
		defer close(read)
		lines := bufio.NewScanner(log)
		for waiting := true; lines.Scan(); {
			if !waiting {
				continue
			}
			fmt.Fprintln(&said, lines.Text())
			if isReady.MatchString(lines.Text()) {
				waiting = false
				up <- true
			}
		}
		_, _ = io.Copy(io.Discard, log)
		up <- false
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-read
		_ = c.Wait()
	})
	select {
	case started := <-up:
		if started {
			return
		}
	case <-time.After(10 * time.Second):
		_ = c.Process.Kill()
		<-read
	}
	t.Fatalf("%s did not start:\n%s", name, said.String())
}
