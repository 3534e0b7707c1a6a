package checks

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kmsdiag/kmsdiag/run"
)

func TestParseTarget(t *testing.T) {
	for _, c := range []struct {
		args  []string
		flags TargetFlags
		want  run.Target
	}{
		{nil, TargetFlags{}, run.Target{}},
		{[]string{"Corp.Example."}, TargetFlags{}, run.Target{Names: []string{"corp.example"}}},
		{[]string{"kms01"}, TargetFlags{}, run.Target{Names: []string{"kms01"}}},
		{[]string{"kms01:1688"}, TargetFlags{}, run.Target{Hosts: []run.HostPort{{Host: "kms01", Port: 1688}}}},
		{[]string{"10.0.0.5"}, TargetFlags{}, run.Target{Hosts: []run.HostPort{{Host: "10.0.0.5"}}}},
		{[]string{"10.0.0.5:1689"}, TargetFlags{}, run.Target{Hosts: []run.HostPort{{Host: "10.0.0.5", Port: 1689}}}},
		{[]string{"2001:DB8::5"}, TargetFlags{}, run.Target{Hosts: []run.HostPort{{Host: "2001:db8::5"}}}},
		{[]string{"[2001:db8::5]"}, TargetFlags{}, run.Target{Hosts: []run.HostPort{{Host: "2001:db8::5"}}}},
		{[]string{"[2001:db8::5]:1688"}, TargetFlags{}, run.Target{Hosts: []run.HostPort{{Host: "2001:db8::5", Port: 1688}}}},
		{[]string{"::ffff:10.0.0.5"}, TargetFlags{}, run.Target{Hosts: []run.HostPort{{Host: "10.0.0.5"}}}},
		{[]string{"fe80::5%eth0"}, TargetFlags{}, run.Target{Hosts: []run.HostPort{{Host: "fe80::5%eth0"}}}},
		{[]string{"bücher.example", "münchen"}, TargetFlags{}, run.Target{Names: []string{"xn--bcher-kva.example", "xn--mnchen-3ya"}}},
		{[]string{"ad_dom.example"}, TargetFlags{}, run.Target{Names: []string{"ad_dom.example"}}},
		{
			nil,
			TargetFlags{
				Domains: []string{"corp.example"}, Hosts: []string{"kms01"}, DNS: []string{"10.0.0.2", "2001:db8::53"},
				NTP: []string{"time.example", "[2001:db8::1]:123"}, Port: 1701, Product: "windows-11", Only4: true, NoRequest: true,
			},
			run.Target{
				Domains: []string{"corp.example"}, Hosts: []run.HostPort{{Host: "kms01"}}, Port: 1701, Product: "windows-11",
				Resolvers: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:53"), netip.MustParseAddrPort("[2001:db8::53]:53")},
				NTP:       []string{"time.example", "[2001:db8::1]:123"}, Family: 4, NoRequest: true,
			},
		},
	} {
		got, err := ParseTarget(c.args, c.flags)
		c.want.Args = c.args
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q %+v:\n got %+v, %v\nwant %+v", c.args, c.flags, got, err, c.want)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for _, c := range []struct {
		args  []string
		flags TargetFlags
		want  string
	}{
		{[]string{""}, TargetFlags{}, "it is empty"},
		{[]string{"https://corp.example/"}, TargetFlags{}, "URL or a path"},
		{[]string{`\\kms01\c$`}, TargetFlags{}, "URL or a path"},
		{[]string{"user@corp.example"}, TargetFlags{}, "URL or a path"},
		{[]string{"kms01:0"}, TargetFlags{}, `port "0": want 1 to 65535`},
		{[]string{"kms01:70000"}, TargetFlags{}, `port "70000": want 1 to 65535`},
		{[]string{"kms01:kms"}, TargetFlags{}, "want 1 to 65535"},
		{[]string{"kms01:"}, TargetFlags{}, "want 1 to 65535"},
		{[]string{":1688"}, TargetFlags{}, "it is empty"},
		{[]string{"2001:db8::5:1688:zz"}, TargetFlags{}, "[2001:db8::5]:1688"},
		{[]string{"[2001:db8::5"}, TargetFlags{}, "want HOST:PORT, or [ADDRESS]:PORT"},
		{[]string{"10.0.0.256"}, TargetFlags{}, "ends in a number, but is no IP address"},
		{[]string{"10.0.0"}, TargetFlags{}, "ends in a number"},
		{[]string{"0.0.0.0"}, TargetFlags{}, "not the address of one host"},
		{[]string{"224.0.0.1:1688"}, TargetFlags{}, "not the address of one host"},
		{[]string{"corp..example"}, TargetFlags{}, "two dots"},
		{[]string{".corp.example"}, TargetFlags{}, "two dots, or one at the start"},
		{[]string{"."}, TargetFlags{}, "it is empty"},
		{[]string{"corp example"}, TargetFlags{}, "' ' cannot stand in a DNS name"},
		{[]string{"-corp.example"}, TargetFlags{}, "hyphen"},
		{[]string{"\x1b[31mcorp"}, TargetFlags{}, "cannot stand in a DNS name"},
		{[]string{strings.Repeat("a", 64) + ".example"}, TargetFlags{}, "at most 63"},
		{[]string{strings.Repeat("abcdefg.", 40) + "example"}, TargetFlags{}, "at most 253"},
		{[]string{"a\u202eb.example"}, TargetFlags{}, "no part of a DNS name"},
		{nil, TargetFlags{Only4: true, Only6: true}, "-4 and -6 exclude each other"},
		{nil, TargetFlags{Port: 65536}, "--port 65536: want 1 to 65535"},
		{nil, TargetFlags{Port: -1}, "--port -1"},
		{nil, TargetFlags{PortGiven: true}, "--port 0: want 1 to 65535"},
		{[]string{"a\xff.example"}, TargetFlags{}, "no valid UTF-8"},
		{[]string{"_vlmcs._tcp.corp.example"}, TargetFlags{}, "want the domain alone, without _vlmcs._tcp"},
		{nil, TargetFlags{Domains: []string{"_VLMCS._TCP.corp.example."}}, "want the domain alone"},
		{nil, TargetFlags{Domains: []string{"a b"}}, `--domain "a b"`},
		{nil, TargetFlags{Domains: []string{"10.0.0.5"}}, `--domain "10.0.0.5"`},
		{nil, TargetFlags{Hosts: []string{"a:b:c"}}, `--host "a:b:c"`},
		{nil, TargetFlags{Hosts: []string{"2001:db8::5"}, Only4: true}, "-4 leaves those out"},
		{nil, TargetFlags{Hosts: []string{"10.0.0.5:1700"}, Only6: true}, "-6 leaves those out"},
		{nil, TargetFlags{DNS: []string{"dns.example"}}, "a name would have to be resolved first"},
		{nil, TargetFlags{DNS: []string{"10.0.0.2:99999"}}, "want 1 to 65535"},
		{nil, TargetFlags{NTP: []string{""}}, `--ntp ""`},
	} {
		_, err := ParseTarget(c.args, c.flags)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %+v: error %v, want %q in it", c.args, c.flags, err, c.want)
			continue
		}
		if strings.ContainsAny(err.Error(), "\n\x1b\u202e") || !utf8.ValidString(err.Error()) {
			t.Errorf("error %q is no clean sentence", err)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"corp.example", "kms01:1688", "10.0.0.5", "[2001:db8::5]:1688", "bücher.example", "fe80::1%eth0", "a..b", "\x00", "[::]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := ParseTarget([]string{s}, TargetFlags{DNS: []string{"10.0.0.2"}})
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		var again []string
		again = append(again, target.Names...)
		for _, h := range target.Hosts {
			again = append(again, hostText(h))
			if s := hostSubject("", h.Host, h.Port, ""); s.Key == "" || s.Port == 0 {
				t.Errorf("subject %+v", s)
			}
		}
		if len(again) != 1 {
			t.Fatalf("%q became %+v", s, target)
		}
		second, err := ParseTarget(again, TargetFlags{})
		if err != nil || !reflect.DeepEqual(second.Names, target.Names) || !reflect.DeepEqual(second.Hosts, target.Hosts) {
			t.Errorf("%q became %+v, which became %+v, %v", s, target, second, err)
		}
	})
}
