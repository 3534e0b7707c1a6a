package checks

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// walked is what the checks of one endpoint said, by id. It is their Prior.
type walked map[string]run.Result

func (w walked) Of(c *Check, _ run.Subject) (run.Result, bool) {
	r, ok := w[c.ID]
	return r, ok
}

func (w walked) All(c *Check) []run.Result {
	if r, ok := w[c.ID]; ok {
		return []run.Result{r}
	}
	return nil
}

// namedMachine is a LocalConfig that knows this machine's name.
type namedMachine struct {
	LocalConfig
	asked *int
}

func (m namedMachine) Machine(context.Context) evidence.Machine {
	*m.asked++
	return evidence.Machine{Name: "PC-0417"}
}

// endpointChecks is every check of an endpoint, in the order of their needs.
func endpointChecks() []*Check {
	return []*Check{TCPConnect, TCPAlive, RPCBind, KMSRequest, KMSCount, KMSClock, KMSIdentity}
}

// walk asks the checks about an endpoint one after the other, as a runner does.
func walk(ctx context.Context, env *Env, address string) walked {
	addr := netip.MustParseAddrPort(address)
	subject := run.Subject{
		Kind: run.Endpoint, Key: "kms01.corp.example@" + address, Host: "kms01.corp.example",
		Domain: "corp.example", Port: addr.Port(), Addr: addr,
	}
	env.sessions = newSessions()
	defer env.sessions.closeAll()
	w := walked{}
	for _, c := range endpointChecks() {
		ask := Ask{Env: env, Subject: subject, Prior: w}
		met := !slices.ContainsFunc(c.Needs, func(n *Check) bool {
			return n.Scope == run.Endpoint && w[n.ID].Status != run.Pass && w[n.ID].Status != run.Warn
		})
		if !met || c.When != nil && !c.When(ask) {
			continue
		}
		func() {
			limited, cancel := context.WithTimeout(ctx, cmp.Or(env.Timeout, c.Timeout, 10*time.Second))
			defer cancel()
			w[c.ID] = c.Run(limited, ask).Result
		}()
	}
	return w
}

// testEnv is a world with the system's dialer and no clock to ask.
func testEnv() *Env {
	asked := 0
	return &Env{Dialer: onlyDialer{SystemDialer{}}, Now: time.Now, Local: namedMachine{asked: &asked}}
}

// onlyDialer hides that the dialer is the system's, so that no SNTP is sent.
type onlyDialer struct{ Dialer }

func verifyNoLeak(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// expect compares a result's status and summary.
func (w walked) expect(t *testing.T, check string, status run.Status, summary string) {
	t.Helper()
	r := w[check]
	if r.Status != status || !strings.Contains(r.Summary, summary) {
		t.Errorf("%s: %q %q, want %q %q", check, r.Status, r.Summary, status, summary)
	}
}

func hasNote(r run.Result, id string, status run.Status) bool {
	return slices.ContainsFunc(r.Notes, func(n run.Note) bool { return n.ID == id && n.Status == status })
}

func mustAddrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
