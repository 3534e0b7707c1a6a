package checks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// clockNet is a network of SNTP servers, each with its clock's offset. An
// unlisted server refuses, errSilence is one that says nothing.
type clockNet struct {
	offset map[string]time.Duration
	silent map[string]bool
	unset  map[string]bool // says that its own clock is not set
	mu     sync.Mutex
	asked  map[string]int
}

func (n *clockNet) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	if n.asked == nil {
		n.asked = map[string]int{}
	}
	n.asked[address]++
	n.mu.Unlock()
	offset, known := n.offset[address]
	if network != "udp" || !known && !n.silent[address] {
		return nil, errors.New("refused")
	}
	near, far := net.Pipe()
	go func() {
		query := make([]byte, 64)
		if _, err := far.Read(query); err != nil || n.silent[address] {
			_, _ = far.Read(query)
			return
		}
		at := time.Now().Add(offset)
		answer := sntpAnswer([8]byte(query[40:48]), at, at)
		if n.unset[address] {
			answer[0], answer[1] = answer[0]|3<<6, 0
		}
		_, _ = far.Write(answer)
	}()
	return near, nil
}

// timeDNS knows ntp.corp.example and ntp1 to ntp9 as 192.0.2.70 and following.
func timeDNS() *fakeDNS {
	zone := map[string][]string{"ntp.corp.example A": {"ntp.corp.example. 60 IN A 192.0.2.70"}}
	for i := range 9 {
		zone[fmt.Sprintf("ntp%d A", i+1)] = []string{fmt.Sprintf("ntp%d. 60 IN A 192.0.2.7%d", i+1, i+1)}
	}
	return &fakeDNS{zone: zone}
}

func askClock(ctx context.Context, udp Dialer, ntp []string, exchanges ...evidence.Exchange) *run.Result {
	env := &Env{UDP: udp, Dialer: onlyDialer{}, sessions: newSessions(), Local: corpLocal(), DNS: timeDNS()}
	env.Target.NTP = ntp
	ask := Ask{Env: env, Prior: walked{"kms.request": {Evidence: evidence.Set{Exchanges: exchanges}}}}
	ask.Subject.Host, ask.Subject.Addr = "kms01", mustAddrPort("192.0.2.5:1688")
	if !KMSClock.When(ask) {
		return nil
	}
	r := KMSClock.Run(ctx, ask).Result
	return &r
}

func TestKMSClock(t *testing.T) {
	served := evidence.Exchange{Outcome: evidence.Served}
	skewed := evidence.Exchange{Outcome: evidence.HostRefused, HRESULT: uint32(kms.ErrTimestamp)}
	const host, ntp = "192.0.2.5:123", "192.0.2.70:123"
	for _, tt := range []struct {
		name     string
		clocks   map[string]time.Duration
		ntp      []string
		exchange evidence.Exchange
		status   run.Status
		summary  string
		notes    map[string]run.Status
		samples  int
	}{
		{"served, no SNTP", nil, nil, served, run.Pass, "accepted: within 4 h of the host's clock, if the host checks it; the host serves no time by SNTP", nil, 0},
		{"served, equal clocks", map[string]time.Duration{host: 0}, nil, served, run.Pass, "by SNTP kms01's clock equals this machine's within 1ms", nil, 1},
		{"served, ahead", map[string]time.Duration{host: 90 * time.Second}, nil, served, run.Pass, "by SNTP kms01's clock is 1m30s ahead of this machine's", nil, 1},
		{"refused", nil, nil, skewed, run.Fail, "refused: this machine's clock and the host's differ by more than 4 h; the host serves no time", nil, 0},
		{"refused, behind", map[string]time.Duration{host: -5 * time.Hour}, nil, skewed, run.Fail, "by SNTP kms01's clock is 5h0m0s behind this machine's", nil, 1},
		{
			"refused, and whose fault",
			map[string]time.Duration{host: -5 * time.Hour, ntp: 0},
			[]string{"ntp.corp.example"},
			skewed, run.Fail, "behind this machine's",
			map[string]run.Status{"clock-reference": run.Pass, "clock-host-reference": run.Pass},
			3,
		},
		{
			"this machine is off",
			map[string]time.Duration{host: 6 * time.Hour, ntp: 6 * time.Hour},
			[]string{"ntp.corp.example:123"},
			skewed, run.Fail, "6h0m0s ahead",
			map[string]run.Status{"clock-reference": run.Warn, "clock-host-reference": run.Pass},
			3,
		},
		{
			"served although far off",
			map[string]time.Duration{host: 9 * time.Hour},
			nil, served, run.Pass, "9h0m0s ahead of this machine's",
			map[string]run.Status{"clock-not-checked": run.Warn},
			1,
		},
		{"reference that is silent", map[string]time.Duration{host: 0}, []string{"192.0.2.77"}, served, run.Pass, "equals", nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := askClock(t.Context(), &clockNet{offset: tt.clocks}, tt.ntp, tt.exchange)
				if r == nil || r.Status != tt.status || !strings.Contains(r.Summary, tt.summary) {
					t.Fatalf("%+v, want %s %q", r, tt.status, tt.summary)
				}
				for id, status := range tt.notes {
					if !hasNote(*r, id, status) {
						t.Errorf("no note %s %s in %+v", id, status, r.Notes)
					}
				}
				if len(r.Evidence.Clocks) != tt.samples {
					t.Errorf("%d samples, want %d: %+v", len(r.Evidence.Clocks), tt.samples, r.Evidence.Clocks)
				}
				for _, c := range r.Evidence.Clocks {
					if c.Of == "" || c.Than == "" || c.Method != "SNTP" || c.KMS != (c.Of == "kms01") || c.Origin.Check != "kms.clock" {
						t.Errorf("sample %+v", c)
					}
				}
			})
		})
	}
}

func TestKMSClockDoesNotArise(t *testing.T) {
	for _, e := range [][]evidence.Exchange{nil, {{Outcome: evidence.ExchangeSilent}}, {{Outcome: evidence.Unverified}}, {{Outcome: evidence.HostRefused, HRESULT: uint32(kms.ErrKeyMismatch)}}} {
		if r := askClock(t.Context(), nil, nil, e...); r != nil {
			t.Errorf("%+v: %+v", e, r)
		}
	}
	// A second request that was served shows that the time was accepted.
	r := askClock(t.Context(), nil, nil, evidence.Exchange{Outcome: evidence.HostRefused, HRESULT: uint32(kms.ErrKeyMismatch)}, evidence.Exchange{Outcome: evidence.Served, Second: true})
	if r == nil || r.Status != run.Pass {
		t.Errorf("%+v", r)
	}
}

func TestReferenceClockIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &clockNet{offset: map[string]time.Duration{"192.0.2.71:123": time.Second}, silent: map[string]bool{"192.0.2.5:123": true, "192.0.2.6:123": true}}
		env := &Env{UDP: n, Dialer: onlyDialer{}, sessions: newSessions(), Local: corpLocal(), DNS: timeDNS()}
		env.Target.NTP = []string{"ntp1", "ntp2", "ntp3", "ntp4", "ntp5"}
		start := time.Now()
		for i, host := range []string{"192.0.2.5:1688", "192.0.2.6:1688"} {
			ask := Ask{Env: env, Prior: walked{"kms.request": {Evidence: evidence.Set{Exchanges: []evidence.Exchange{{Outcome: evidence.Served}}}}}}
			ask.Subject.Addr = mustAddrPort(host)
			r := KMSClock.Run(t.Context(), ask).Result
			if r.Status != run.Pass || len(r.Evidence.Clocks) != 1-i || !hasNote(r, "clock-reference", run.Pass) {
				t.Errorf("%+v", r)
			}
		}
		if n.asked["192.0.2.71:123"] != 1 || n.asked["192.0.2.75:123"] != 0 || n.asked["192.0.2.6:123"] != 1 {
			t.Errorf("asked %v", n.asked)
		}
		if took := time.Since(start); took != 2*sntpLimit {
			t.Errorf("two silent hosts took %s", took)
		}
	})
}

// TestUnsetClocksAreNoReference asks servers that know their clocks to be wrong.
func TestUnsetClocksAreNoReference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const host, ntp = "192.0.2.5:123", "192.0.2.70:123"
		n := &clockNet{
			offset: map[string]time.Duration{host: -9 * time.Hour, ntp: 175200 * time.Hour},
			unset:  map[string]bool{host: true, ntp: true},
		}
		r := askClock(t.Context(), n, []string{"ntp.corp.example", "none.example"}, evidence.Exchange{Outcome: evidence.Served})
		if r.Status != run.Pass || !strings.Contains(r.Summary, "its clock is not set") || len(r.Evidence.Clocks) != 0 {
			t.Errorf("%+v", r)
		}
		var notes []string
		for _, note := range r.Notes {
			notes = append(notes, note.Text)
		}
		want := []string{
			"ntp.corp.example is no reference: it says that its own clock is not set",
			"none.example is no reference: no address: the name does not exist",
		}
		if !slices.Equal(notes, want) {
			t.Errorf("%q", notes)
		}
	})
}

// TestTimeServerIsLookedUpAtTheRunsResolvers shows that a name goes to --dns and
// nowhere else.
func TestTimeServerIsLookedUpAtTheRunsResolvers(t *testing.T) {
	f := timeDNS()
	env := &Env{DNS: f, Local: corpLocal(), sessions: newSessions()}
	for name, want := range map[string]string{
		"ntp1": "192.0.2.71:123", "ntp.corp.example:1230": "192.0.2.70:1230", "192.0.2.9": "192.0.2.9:123", "2001:db8::9": "[2001:db8::9]:123",
	} {
		if got, err := (Ask{Env: env, Prior: walked{}}).clockAddress(t.Context(), name); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	if f.count("ntp1 A") == 0 {
		t.Errorf("asked %q", f.asked)
	}
}

func TestNoUDPForAForeignDialer(t *testing.T) {
	r := askClock(t.Context(), nil, []string{"ntp1"}, evidence.Exchange{Outcome: evidence.Served})
	if r.Status != run.Pass || len(r.Evidence.Clocks) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestDescribeClock(t *testing.T) {
	for _, tt := range []struct {
		sample evidence.ClockSample
		want   string
	}{
		{evidence.ClockSample{Of: "kms01", Than: "this machine", Offset: 2 * time.Millisecond, Error: 10 * time.Millisecond}, "kms01's clock equals this machine's within 10ms"},
		{evidence.ClockSample{Of: "kms01", Than: "ntp1", Offset: -1234567 * time.Microsecond}, "kms01's clock is 1.23s behind ntp1's"},
		{evidence.ClockSample{Of: "a\x1b[2Jb", Than: "this machine", Offset: time.Hour}, "a?[2Jb's clock is 1h0m0s ahead of this machine's"},
	} {
		if got := describeClock(tt.sample); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
