//go:build !windows

package checks

import (
	"strings"
	"testing"
)

func TestResolvConf(t *testing.T) {
	for _, c := range []struct {
		name      string
		files     map[string]string
		resolvers string
		suffixes  string
		stub      string
		problem   string
	}{
		{
			"plain",
			map[string]string{resolvConf: "# made by hand\nsearch Corp.Example lan.example.\nnameserver 10.0.0.2\nnameserver 2001:db8::53 ; second\noptions ndots:2\n"},
			"10.0.0.2:53 [2001:db8::53]:53", "corp.example lan.example", "", "",
		},
		{"domain, then search", map[string]string{resolvConf: "domain a.example\nsearch b.example\n"}, "", "b.example", "", ""},
		{"zone", map[string]string{resolvConf: "nameserver fe80::1%eth0\n"}, "[fe80::1%eth0]:53", "", "", ""},
		{"search root", map[string]string{resolvConf: "search .\nnameserver 10.0.0.2\n"}, "10.0.0.2:53", "", "", ""},
		{"twice, and nonsense", map[string]string{resolvConf: "nameserver 10.0.0.2\nnameserver 10.0.0.2\nnameserver dns.example\nnameserver\n"}, "10.0.0.2:53", "", "", ""},
		{"stub", map[string]string{
			resolvConf:   "nameserver 127.0.0.53\nsearch corp.example\n",
			upstreamConf: "nameserver 10.0.0.2\nnameserver 10.0.0.3\nsearch corp.example other.example\n",
		}, "10.0.0.2:53 10.0.0.3:53", "corp.example other.example", "127.0.0.53", ""},
		{"stub alone", map[string]string{resolvConf: "nameserver 127.0.0.53\n"}, "127.0.0.53:53", "", "127.0.0.53", ""},
		{"other stub", map[string]string{resolvConf: "nameserver 127.0.0.1\n", upstreamConf: "nameserver 10.0.0.2\n"}, "127.0.0.1:53", "", "127.0.0.1", ""},
		{"garbage", map[string]string{resolvConf: "# made by hand\nnameserver dns.example\n\x01\x02\n"}, "", "", "", `no DNS server in /etc/resolv.conf that can be read: not understood is line 2, "nameserver dns.example"`},
		{"empty", map[string]string{resolvConf: "# nothing\n"}, "", "", "", ""},
		{"no file", nil, "", "", "", "cannot read /etc/resolv.conf: no such file or directory"},
		{"endless line", map[string]string{resolvConf: strings.Repeat("x", maxConfigLine+1)}, "", "", "", "cannot read /etc/resolv.conf: bufio.Scanner: token too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := tree(t, c.files).Resolvers(t.Context())
			var resolvers, suffixes []string
			for _, r := range got.Resolvers {
				resolvers = append(resolvers, r.Address.String())
			}
			for _, s := range got.Suffixes {
				suffixes = append(suffixes, s.Name)
				if s.Primary {
					t.Errorf("%s is called a primary suffix", s.Name)
				}
			}
			if strings.Join(resolvers, " ") != c.resolvers || strings.Join(suffixes, " ") != c.suffixes || got.Stub != c.stub || got.Problem != c.problem {
				t.Errorf("%+v", got)
			}
		})
	}
}

func FuzzParseResolvConf(f *testing.F) {
	f.Add("nameserver 10.0.0.2\nsearch corp.example lan.example\n")
	f.Add("domain .\nnameserver ::1%lo ; x\nsearch " + strings.Repeat("a. ", 100))
	f.Fuzz(func(t *testing.T, text string) {
		c, _ := parseResolvConf(strings.NewReader(text), resolvConf)
		if len(c.Resolvers) > maxResolvers || len(c.Suffixes) > maxSuffixList {
			t.Errorf("%d servers, %d suffixes", len(c.Resolvers), len(c.Suffixes))
		}
		for _, s := range c.Suffixes {
			if again, err := cleanName(s.Name); err != nil || again != s.Name {
				t.Errorf("suffix %q: %q, %v", s.Name, again, err)
			}
		}
	})
}
