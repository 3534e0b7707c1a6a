package lab

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kmsdiag/kmsdiag/checks"
)

// Site is a running scenario.
type Site struct {
	scenario Scenario
	log      *journal
	now      func() time.Time
	stop     func() bool

	ctx    context.Context // ends with the site
	cancel context.CancelFunc
	mu     sync.Mutex
	stage  *stage // nil once closed
}

// Start opens a scenario's site on loopback. It ends with ctx or with
// [Site.Close].
func Start(ctx context.Context, s Scenario) (*Site, error) {
	now := s.Now
	if now == nil {
		now = time.Now
	}
	site := &Site{scenario: s, log: &journal{}, now: now}
	site.ctx, site.cancel = context.WithCancel(ctx)
	st, err := openStage(site.ctx, s.Layout, site.log, now)
	if err != nil {
		site.cancel()
		return nil, err
	}
	site.mu.Lock()
	defer site.mu.Unlock()
	site.stage = st
	site.stop = context.AfterFunc(ctx, site.Close)
	return site, nil
}

// Scenario returns what the site was started with.
func (s *Site) Scenario() Scenario { return s.scenario }

// Heal repairs the site while it runs: it takes the scenario's healed layout.
// Connections that are open end.
func (s *Site) Heal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage == nil {
		return fmt.Errorf("lab: heal %s: %w", s.scenario.Name, errClosed)
	}
	healed, err := openStage(s.ctx, s.scenario.Healed, s.log, s.now)
	if err != nil {
		return fmt.Errorf("lab: heal %s: %w", s.scenario.Name, err)
	}
	s.stage.close()
	s.stage = healed
	return nil
}

// Close ends the site and waits until nothing of it runs. It may be called more
// than once.
func (s *Site) Close() {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage == nil {
		return
	}
	s.stop()
	s.stage.close()
	s.stage = nil
}

// within returns a context that ends with ctx or with the site.
func (s *Site) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// current returns the stage that is open now.
func (s *Site) current() (*stage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage == nil {
		return nil, errClosed
	}
	return s.stage, nil
}

// Env returns base as it would be on the site's machine: its dialers, DNS
// exchanger, machine and clock are the site's, everything else is kept.
func (s *Site) Env(base checks.Env) *checks.Env {
	env := base
	env.Dialer = dialer{s}
	env.UDP = clockDialer{s}
	env.DNS = exchanger{s, checks.NewExchanger()}
	env.Local = local{s}
	env.Machine = s.licensing()
	env.Now = s.machineTime
	return &env
}

// machineTime is the clock of the site's machine.
func (s *Site) machineTime() time.Time {
	now := s.now()
	if st, err := s.current(); err == nil {
		now = now.Add(st.layout.Machine.Ahead)
	}
	return now
}
