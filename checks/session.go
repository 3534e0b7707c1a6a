package checks

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// session is the connection to one endpoint on its way through the checks, so
// that a handshake costs one TCP connection, one bind and one request. A check
// takes it, uses it alone and puts it back.
type session struct {
	conn    net.Conn
	used    time.Time     // when a check last had it
	connect time.Duration // what opening it took
	rpc     *kms.Conn     // owner of conn once bound
	bind    evidence.Bind
}

// maxIdle is how long a connection may lie unused; hosts close it after 30 s.
const maxIdle = 10 * time.Second

// sessions holds the open connections of a run by the key of their endpoint.
// A nil *sessions keeps nothing. It may be used from several goroutines.
type sessions struct {
	mu     sync.Mutex
	open   map[string]*session
	closed bool
	clocks map[string]*clockOnce // of the servers of --ntp, by name
	named  sync.Once
	name   string // of this machine
}

func newSessions() *sessions {
	return &sessions{open: make(map[string]*session), clocks: make(map[string]*clockOnce)}
}

// put leaves a session for the next check of the endpoint. What was there
// before is closed.
func (s *sessions) put(key string, one *session) {
	if s == nil {
		one.close()
		return
	}
	s.mu.Lock()
	before := s.open[key]
	if s.closed {
		before = one
	} else {
		s.open[key] = one
	}
	s.mu.Unlock()
	before.close()
}

// take removes the endpoint's session and gives it to the caller; nil when
// there is none.
func (s *sessions) take(key string) *session {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.open[key]
	delete(s.open, key)
	return one
}

// closeAll closes what nobody has taken, and everything that is put later.
func (s *sessions) closeAll() {
	if s == nil {
		return
	}
	s.mu.Lock()
	open := s.open
	s.open, s.closed = nil, true
	s.mu.Unlock()
	for _, one := range open {
		one.close()
	}
}

func (s *session) close() {
	if s != nil && s.conn != nil {
		_ = s.conn.Close()
	}
}

// clockOnce is a clock that is asked once a run, by whoever comes first.
type clockOnce struct {
	once   sync.Once
	sample sntpSample
	err    error
}

// referenceClock returns what a server said to the run's one query, and whether
// it was sent just now.
func (s *sessions) referenceClock(server string, query func() (sntpSample, error)) (sample sntpSample, fresh bool, err error) {
	if s == nil {
		sample, err = query()
		return sample, true, err
	}
	s.mu.Lock()
	c := s.clocks[server]
	if c == nil {
		c = &clockOnce{}
		s.clocks[server] = c
	}
	s.mu.Unlock()
	c.once.Do(func() {
		c.sample, c.err = query()
		fresh = true
	})
	return c.sample, fresh, c.err
}

// closeWait is how long a peer that closes after each answer is given to do so.
const closeWait = 10 * time.Millisecond

// closedByPeer tells whether the peer closed the connection right after its
// answer, as some emulators do.
func (s *session) closedByPeer(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, closeWait)
	defer cancel()
	return s.rpc.WaitClose(ctx)
}

func localAddress(conn net.Conn) netip.AddrPort {
	a, ok := conn.LocalAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	own := a.AddrPort()
	return netip.AddrPortFrom(own.Addr().Unmap(), own.Port())
}

// machineName returns this machine's name, looked up once a run.
func (s *sessions) machineName(ctx context.Context, local LocalConfig) string {
	if local == nil {
		return ""
	}
	if s == nil {
		return local.Machine(ctx).Name
	}
	s.named.Do(func() { s.name = local.Machine(ctx).Name })
	return s.name
}

// openSession takes the endpoint's connection, or opens another one when it is
// missing or too old, with the attempt noted in the evidence. It returns nil
// when that fails.
func (a Ask) openSession(ctx context.Context, check string, seen *evidence.Set) *session {
	s := a.sessions.take(a.Subject.Key)
	if s != nil && a.now().Sub(s.used) <= maxIdle {
		return s
	}
	s.close()
	dial := newDial(a, check, evidence.DialKMS, a.Subject.Addr)
	conn := tryDial(ctx, a, &dial, tryPlan(runtime.GOOS)[0])
	seen.Dials = append(seen.Dials, dial)
	if conn == nil {
		return nil
	}
	return &session{conn: conn, used: a.now(), connect: dial.Took}
}

// origin says that an observation was made by a check on the asked subject.
func (a Ask) origin(check string) evidence.Origin {
	return evidence.Origin{Check: check, Subject: a.Subject.Key}
}

func (a Ask) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

func (a Ask) progress(text string) {
	if a.Progress != nil {
		a.Progress(text)
	}
}
