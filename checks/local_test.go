package checks

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseHosts(t *testing.T) {
	hosts := parseHosts(strings.NewReader("\ufeff# comment\r\n" +
		"192.0.2.5 KMS01.corp.example kms01 # the KMS host\r\n" +
		"2001:db8::5\tkms01\n192.0.2.5 kms01\n" +
		"not-an-address kms02\n192.0.2.6\n#192.0.2.7 kms03\n"))
	for name, want := range map[string]string{
		"kms01.corp.example": "192.0.2.5", "kms01": "192.0.2.5 2001:db8::5", "kms02": "", "kms03": "",
	} {
		var got []string
		for _, a := range hosts[name] {
			got = append(got, a.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func FuzzParseHosts(f *testing.F) {
	f.Add("192.0.2.5 kms01 kms01.corp.example # x\n2001:db8::5 kms01\n")
	f.Add("\ufeff\x00 \t\n%%%\n::1%eth0 a")
	f.Fuzz(func(t *testing.T, text string) {
		for name, addrs := range parseHosts(strings.NewReader(text)) {
			if len(addrs) == 0 || len(addrs) > maxAddresses || name != strings.ToLower(name) {
				t.Errorf("%q: %d addresses", name, len(addrs))
			}
		}
	})
}

// tree makes a file tree for a systemConfig.
func tree(t *testing.T, files map[string]string) *systemConfig {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &systemConfig{root: root}
}

func TestMachineOfThisMachine(t *testing.T) {
	m := NewLocalConfig().Machine(t.Context())
	if m.Name == "" || m.OS == "" {
		t.Errorf("%+v", m)
	}
	if slices.ContainsFunc(m.Addresses, netip.Addr.IsLoopback) {
		t.Errorf("addresses %v hold a loopback address", m.Addresses)
	}
}

func TestHostsFileIsReadAgainWhenItChanges(t *testing.T) {
	c := tree(t, map[string]string{"/etc/hosts": "192.0.2.5 kms01\n"})
	if _, err := os.Stat(c.hostsFileName()); err != nil {
		t.Skip("this system's hosts file is elsewhere")
	}
	if got := c.HostsFile(t.Context(), "KMS01."); !slices.Equal(got, []netip.Addr{netip.MustParseAddr("192.0.2.5")}) {
		t.Errorf("%v", got)
	}
	if err := os.WriteFile(c.hostsFileName(), []byte("192.0.2.66 kms01\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(c.hostsFileName(), time.Time{}, time.Unix(1700000000, 0)); err != nil {
		t.Fatal(err)
	}
	if got := c.HostsFile(t.Context(), "kms01"); !slices.Equal(got, []netip.Addr{netip.MustParseAddr("192.0.2.66")}) {
		t.Errorf("after the change: %v", got)
	}
	if err := os.Remove(c.hostsFileName()); err != nil {
		t.Fatal(err)
	}
	if got := c.HostsFile(t.Context(), "kms01"); got != nil {
		t.Errorf("without a file: %v", got)
	}
}
