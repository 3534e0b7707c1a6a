package lab

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// BenchmarkHandshake is one probe from the first SYN to the verified answer.
func BenchmarkHandshake(b *testing.B) {
	for _, v := range []kms.Version{kms.V4, kms.V5, kms.V6} {
		b.Run(v.String(), func(b *testing.B) {
			site := startKMS(b, server2022())
			q := probe(b, "windows-11", v)
			ctx := testContext(b)
			open := site.stage.doors[kmsAt]
			for b.Loop() {
				nc, err := open(ctx)
				if err != nil {
					b.Fatal(err)
				}
				c := kms.NewConn(nc)
				if _, err := c.Bind(ctx); err != nil {
					b.Fatal(err)
				}
				if _, err := c.Do(ctx, q); err != nil {
					b.Fatal(err)
				}
				_ = c.Close()
			}
		})
	}
}

// BenchmarkRequest is one request on a connection that is bound already.
func BenchmarkRequest(b *testing.B) {
	c := dialKMS(b, startKMS(b, server2022()))
	ctx := testContext(b)
	if _, err := c.Bind(ctx); err != nil {
		b.Fatal(err)
	}
	q := probe(b, "windows-11", kms.V6)
	for b.Loop() {
		if _, err := c.Do(ctx, q); err != nil {
			b.Fatal(err)
		}
	}
}

// crowd is a site with many published hosts, the first of which are silent.
func crowd(hosts, silent int) Layout {
	l := corp(nil, nil)
	for i := range hosts {
		name := fmt.Sprintf("kms-%03d", i)
		addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(i + 1)})
		h := Host{Name: name, Addresses: []netip.Addr{addr}, Ports: windows(server2022()), Time: true}
		if i < silent {
			h.Ports = windows(nil)
		}
		l.Hosts = append(l.Hosts, h)
		for r := range l.Resolvers {
			l.Resolvers[r].Records = append(l.Resolvers[r].Records,
				published(name, i), fmt.Sprintf("%s.corp.example. 1200 IN A %s", name, addr))
		}
	}
	return l
}

func TestCrowd(t *testing.T) {
	t.Parallel()
	const hosts, silent = 60, 6
	site := startLayout(t, crowd(hosts, silent))
	if served, quiet := tally(examine(testContext(t), site, base()).results); served != hosts-silent || quiet != silent {
		t.Errorf("%d served, %d silent", served, quiet)
	}
	checkManners(t, site, 1)
}

func tally(results []run.Result) (served, quiet int) {
	for _, r := range results {
		for _, x := range r.Evidence.Exchanges {
			if x.Outcome == evidence.Served {
				served++
			}
		}
		for _, d := range r.Evidence.Dials {
			if d.Purpose == evidence.DialKMS && d.Outcome == evidence.Silent {
				quiet++
			}
		}
	}
	return served, quiet
}

// BenchmarkCheck is a whole run over 200 hosts: all of them serving, and with 20
// silent ones, for each of which a check waits a tenth of the usual three seconds.
func BenchmarkCheck(b *testing.B) {
	for _, silent := range []int{0, 20} {
		b.Run(fmt.Sprintf("200 hosts, %d silent", silent), func(b *testing.B) {
			const hosts = 200
			site, err := Start(b.Context(), Scenario{Layout: crowd(hosts, silent)})
			if err != nil {
				b.Fatal(err)
			}
			defer site.Close()
			env := base()
			env.Timeout = 300 * time.Millisecond
			for b.Loop() {
				if served, quiet := tally(examine(b.Context(), site, env).results); served != hosts-silent || quiet != silent {
					b.Fatalf("%d served, %d silent", served, quiet)
				}
			}
		})
	}
}
