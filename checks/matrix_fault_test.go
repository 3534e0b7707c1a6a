package checks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
	"github.com/kmsdiag/kmsdiag/run"
)

// manner is what a moody host does in place of an answer.
type manner string

const (
	answers manner = "answers"
	silence manner = "silent" // takes the request and says nothing
	closing manner = "closes"
	resets  manner = "resets"
	garbage manner = "garbage"
	once    manner = "once" // answers, then closes
)

// moodyHost is a scripted host whose mood for the n-th answer, from 0, is asked
// for. It is dialled over pipes, so that time can be simulated.
type moodyHost struct {
	testHost
	mood func(n int) manner
	deaf func(dial int) bool // whether a connection attempt, from 0, is silent

	mu      sync.Mutex
	n       int
	dialled int
	wg      sync.WaitGroup
}

// DialContext implements [Dialer].
func (h *moodyHost) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	h.mu.Lock()
	deaf := h.deaf != nil && h.deaf(h.dialled)
	h.dialled++
	h.mu.Unlock()
	if deaf {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	near, far := net.Pipe()
	client := &moodyConn{Conn: near}
	h.wg.Go(func() {
		defer far.Close() //nolint:errcheck // a pipe
		h.serve(&moodyConn{Conn: far, host: h, peer: client})
	})
	return client, nil
}

// moodyConn is one end of a pipe; that of the host spoils answers by mood.
type moodyConn struct {
	net.Conn
	host *moodyHost
	peer *moodyConn

	mu    sync.Mutex
	reset bool
}

func (c *moodyConn) Write(b []byte) (int, error) {
	if c.host == nil {
		n, err := c.Conn.Write(b)
		if errors.Is(err, io.ErrClosedPipe) { // what a socket says
			err = &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", connReset)}
		}
		return n, err
	}
	if dcerpc.PacketType(b[2]) != dcerpc.TypeResponse {
		return c.Conn.Write(b)
	}
	c.host.mu.Lock()
	mood := c.host.mood(c.host.n)
	c.host.n++
	c.host.mu.Unlock()
	switch mood {
	case silence:
		return len(b), nil
	case closing:
		return 0, c.Close()
	case resets:
		c.peer.mu.Lock()
		c.peer.reset = true
		c.peer.mu.Unlock()
		return 0, c.Close()
	case garbage:
		_, err := c.Conn.Write(make([]byte, 64))
		return len(b), err
	case once:
		_, _ = c.Conn.Write(b)
		return 0, c.Close()
	}
	return c.Conn.Write(b)
}

// SetDeadline works on a socket whose peer has closed, unlike on a pipe.
func (c *moodyConn) SetDeadline(t time.Time) error {
	err := c.Conn.SetDeadline(t)
	if errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

func (c *moodyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reset && err == io.EOF {
		err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", connReset)}
	}
	return n, err
}

// connReset is the error number of a reset, which on Windows is one of Winsock.
var connReset = func() syscall.Errno {
	if runtime.GOOS == "windows" {
		return 10054
	}
	return syscall.ECONNRESET
}()

// plainMachine is a machine with a name and nothing else.
type plainMachine struct{}

func (plainMachine) Machine(context.Context) evidence.Machine {
	return evidence.Machine{Name: "PC-0417"}
}

func (plainMachine) Resolvers(context.Context) evidence.ResolverConfig {
	return evidence.ResolverConfig{}
}
func (plainMachine) HostsFile(context.Context, string) []netip.Addr { return nil }

// noDNS fails the test when it is asked.
type noDNS struct{ t *testing.T }

func (n noDNS) Exchange(context.Context, *dns.Msg, netip.AddrPort, string) (*dns.Msg, time.Duration, error) {
	n.t.Error("DNS was asked")
	return nil, 0, net.ErrClosed
}

// askMoody asks a moody host for everything, in simulated time.
func askMoody(ctx context.Context, h *moodyHost, emit func(run.MatrixEvent)) run.Matrix {
	env := &Env{Dialer: h, Local: plainMachine{}}
	env.Target = run.Target{Hosts: []run.HostPort{{Host: "192.0.2.5"}}}
	m := Matrix(ctx, env, MatrixPlan(ctx, env, MatrixOptions{}), emit)
	h.wg.Wait()
	return m
}

func after(k int, then manner) func(int) manner {
	return func(n int) manner {
		if n < k {
			return answers
		}
		return then
	}
}

// A host that stops answering half way: what was learned is kept, the rest says
// why it is not there, and all of it ends in bounded time.
func TestMatrixHalfWay(t *testing.T) {
	for name, c := range map[string]struct {
		mood      func(int) manner
		deaf      func(int) bool
		served    int
		tried     int // requests that came to nothing
		why, rest string
		limit     time.Duration
	}{
		"silent": {after(7, silence), nil, 7, 2, "no answer within 5s", "no answer 2 times in a row", 11 * time.Second},
		"resets": {after(7, resets), nil, 7, 3, "the connection was reset after the request", "2 times in a row", time.Second},
		"closes": {after(7, closing), nil, 7, 3, "the connection was closed after the request", "2 times in a row", time.Second},
		"gone":   {after(7, silence), func(n int) bool { return n > 0 }, 7, 1, "no answer within 5s", "2 times in a row", 11 * time.Second},
		"at once": {
			after(0, silence), nil, 0, 2, "no answer within 5s", "2 times in a row", 11 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &moodyHost{mood: c.mood, deaf: c.deaf}
				var rows []run.MatrixRow
				m := askMoody(t.Context(), h, func(e run.MatrixEvent) {
					if e.Row != nil {
						rows = append(rows, *e.Row)
					}
				})
				if m.Counts[run.MatrixServed] != c.served || m.Counts[run.MatrixNoAnswer] != 2 || m.Counts[run.MatrixNotAsked] != 32-2-c.served || len(rows) != 25 {
					t.Errorf("%v, %d rows told", m.Counts, len(rows))
				}
				if m.Requests != c.served+c.tried || m.Took > c.limit || m.Stopped || m.Complete() {
					t.Errorf("%d requests in %s, stopped %v, complete %v", m.Requests, m.Took, m.Stopped, m.Complete())
				}
				if why := m.Rows[c.served].Why; !strings.HasPrefix(why, c.why) {
					t.Errorf("the first without an answer: %q", why)
				}
				if why := m.Rows[24].Why; !strings.Contains(why, c.rest) || !m.Rows[24].Started.IsZero() {
					t.Errorf("the last: %q", why)
				}
			})
		})
	}
}

// One lost answer in between does not end the matrix, and a connection in use
// that is lost is opened again for the same row.
func TestMatrixGoesOnAfterOneFailure(t *testing.T) {
	for _, c := range []struct {
		at       manner
		served   int
		requests int
		binds    int
	}{
		{silence, 24, 25, 2}, {closing, 25, 26, 2}, {resets, 25, 26, 2}, {garbage, 24, 25, 2}, {once, 25, 26, 2},
	} {
		t.Run(string(c.at), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &moodyHost{mood: func(n int) manner {
					if n == 5 {
						return c.at
					}
					return answers
				}}
				m := askMoody(t.Context(), h, func(run.MatrixEvent) {})
				if m.Counts[run.MatrixServed] != c.served || m.Requests != c.requests || h.binds != c.binds {
					t.Errorf("%v with %d requests and %d binds", m.Counts, m.Requests, h.binds)
				}
			})
		})
	}
}

// A host that closes after every answer is asked over a connection each.
func TestMatrixOfAHostThatCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &moodyHost{mood: func(int) manner { return once }}
		m := askMoody(t.Context(), h, func(run.MatrixEvent) {})
		if !m.Complete() || m.Requests != 25 || h.binds != 25 {
			t.Errorf("%v with %d requests and %d binds", m.Counts, m.Requests, h.binds)
		}
		if !slices.ContainsFunc(m.Notes, func(n string) bool { return strings.HasPrefix(n, "the host closes the connection") }) {
			t.Errorf("notes %q", m.Notes)
		}
	})
}

func TestMatrixStopped(t *testing.T) {
	for name, stopAt := range map[string]int{"while connecting": -1, "at the third": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				h := &moodyHost{mood: after(3, silence)}
				var last run.MatrixEvent
				m := askMoody(ctx, h, func(e run.MatrixEvent) {
					last = e
					if e.Progress != nil && e.Progress.Row == stopAt {
						cancel()
					}
				})
				if !m.Stopped || m.Complete() || last.Matrix == nil || m.Counts[run.MatrixWaiting] > 0 {
					t.Errorf("stopped %v, last %s, %v", m.Stopped, last.Kind(), m.Counts)
				}
				if want := max(stopAt, 0); m.Counts[run.MatrixServed] != want {
					t.Errorf("%d served, want %d", m.Counts[run.MatrixServed], want)
				}
			})
		})
	}
	t.Run("while waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			m := askMoody(ctx, &moodyHost{mood: after(3, silence)}, func(run.MatrixEvent) {})
			if !m.Stopped || m.Counts[run.MatrixServed] != 3 || m.Rows[3].Why != "stopped while the answer was awaited" {
				t.Errorf("stopped %v, %v, %q", m.Stopped, m.Counts, m.Rows[3].Why)
			}
		})
	})
	t.Run("before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			h := &moodyHost{mood: after(0, silence)}
			if m := askMoody(ctx, h, func(run.MatrixEvent) {}); !m.Stopped || m.Requests != 0 || len(h.requests) > 0 {
				t.Errorf("%+v", m)
			}
		})
	})
}

// Whatever a host does, the promises hold: only the probe's id goes out, no more
// than was announced, in bounded time, with a plan first, each row settled once
// and the matrix last.
func TestMatrixPromises(t *testing.T) {
	moods := []manner{answers, answers, answers, answers, silence, closing, resets, garbage, once}
	verdicts := []kms.HRESULT{kms.OK, kms.OK, kms.OK, kms.ErrKeyMismatch, kms.ErrKeyMismatch, kms.ErrInvalidData, kms.ErrTimestamp, kms.HRESULT(0x8007_0005)}
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			h := &moodyHost{mood: func(int) manner { return moods[r.IntN(len(moods))] }}
			h.deaf = func(n int) bool { return n > 0 && r.IntN(8) == 0 }
			h.verdict = func(q *kms.OpenedRequest) (kms.Response, kms.HRESULT) {
				mu.Lock()
				defer mu.Unlock()
				return answerTo(q, q.NPolicy), verdicts[q.CountedID[0]%8]
			}
			var kinds []string
			settled := map[int]int{}
			m := askMoody(t.Context(), h, func(e run.MatrixEvent) {
				kinds = append(kinds, e.Kind())
				if e.Row != nil {
					settled[e.Row.Index]++
				}
			})
			name := fmt.Sprintf("seed %d", seed)
			if kinds[0] != run.KindMatrixPlan || kinds[len(kinds)-1] != run.KindMatrix {
				t.Errorf("%s: %v", name, kinds)
			}
			if m.Requests > m.AtMost || len(h.requests) > m.AtMost || len(h.requests) > m.Requests {
				t.Errorf("%s: %d came, %d reported, %d announced", name, len(h.requests), m.Requests, m.AtMost)
			}
			for _, q := range h.requests {
				if q.CMID != kms.ProbeCMID || !q.PreviousCMID.IsZero() {
					t.Errorf("%s: client id %s", name, q.CMID)
				}
			}
			if m.Took > 5*time.Minute {
				t.Errorf("%s: took %s", name, m.Took)
			}
			for _, row := range m.Rows[:25] {
				if row.Status == run.MatrixWaiting || settled[row.Index] != 1 {
					t.Errorf("%s: row %d is %s, told %d times", name, row.Index, row.Status, settled[row.Index])
				}
			}
		})
	}
}

// A dialer's addresses are literals alone, and no name is looked up for them.
func TestMatrixPlanOfAnAddressAsksNothing(t *testing.T) {
	env := &Env{DNS: noDNS{t}, Local: plainMachine{}}
	env.Target = run.Target{Hosts: []run.HostPort{{Host: "192.0.2.5", Port: 99}}}
	p := MatrixPlan(t.Context(), env, MatrixOptions{})
	if len(p.Endpoints) != 1 || p.Endpoints[0].Address != netip.MustParseAddrPort("192.0.2.5:99") || len(p.Sent) > 0 {
		t.Errorf("%+v", p)
	}
}
