package checks

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

const kmsClockID = "kms.clock"

// KMSClock asks whether this machine's clock is near enough to the KMS host's.
// What the host said to the request decides; an answer never shows the host's
// clock, so the host is asked for the time over SNTP besides, which most do not
// serve. Every number says which two clocks it compares.
var KMSClock = &Check{
	ID: kmsClockID, Title: "this machine's clock is within 4 h of the KMS host's",
	Group: Judge, Scope: run.Endpoint, Needs: []*Check{RPCBind}, After: []*Check{KMSRequest}, Timeout: 3 * time.Second,
	When: func(ask Ask) bool {
		accepted, refused := timeVerdict(exchangesOf(ask))
		return accepted || refused
	},
	Run: runKMSClock,
}

// exchangesOf returns what kms.request saw on the subject, the first request
// first; nil when it was not sent.
func exchangesOf(ask Ask) []evidence.Exchange {
	r, _ := ask.Prior.Of(KMSRequest, ask.Subject)
	return r.Evidence.Exchanges
}

// timeVerdict tells whether the host accepted a request at this machine's time,
// or refused one for its time.
func timeVerdict(exchanges []evidence.Exchange) (accepted, refused bool) {
	for _, e := range exchanges {
		accepted = accepted || e.Outcome == evidence.Served || e.Outcome == evidence.Unverified
		refused = refused || e.Outcome == evidence.HostRefused && e.HRESULT == uint32(kms.ErrTimestamp)
	}
	return accepted, refused
}

func runKMSClock(ctx context.Context, ask Ask) Answer {
	var a Answer
	host := ask.Subject.Name()
	if ask.Subject.Host != "" {
		host = ask.Subject.Host
	}
	hostClock, references := ask.compareClocks(ctx, host)
	a.Status, a.Summary = run.Pass, "accepted: within 4 h of the host's clock, if the host checks it"
	_, refused := timeVerdict(exchangesOf(ask))
	if refused {
		a.Status, a.Summary = run.Fail, "refused: this machine's clock and the host's differ by more than 4 h"
	}
	if hostClock == nil {
		a.Summary += "; the host serves no time by SNTP"
	} else {
		a.Summary += "; by SNTP " + describeClock(*hostClock)
		a.Evidence.Clocks = append(a.Evidence.Clocks, *hostClock)
		if !refused && hostClock.Offset.Abs() > catalog.ClockTolerance {
			a.Notes = append(a.Notes, run.Note{
				ID: "clock-not-checked", Status: run.Warn,
				Text: "the host accepted the request although " + describeClock(*hostClock) + ": it seems not to check the time",
			})
		}
	}
	for _, r := range references {
		if r.fresh {
			a.Evidence.Clocks = append(a.Evidence.Clocks, r.ClockSample)
		}
		note := run.Note{ID: "clock-reference", Status: run.Pass, Text: describeClock(r.ClockSample)}
		if r.Offset.Abs() > catalog.ClockTolerance {
			note.Status = run.Warn
		}
		a.Notes = append(a.Notes, note)
		if hostClock != nil {
			between := evidence.ClockSample{
				Origin: ask.origin(kmsClockID), Of: host, Than: r.Of, Method: "SNTP", KMS: true,
				Offset: hostClock.Offset - r.Offset, Error: hostClock.Error + r.Error,
			}
			a.Evidence.Clocks = append(a.Evidence.Clocks, between)
			a.Notes = append(a.Notes, run.Note{ID: "clock-host-reference", Status: run.Pass, Text: describeClock(between)})
		}
	}
	return a
}

// compareClocks asks the host, and the servers of --ntp, for the time. Whoever
// does not answer is left out.
func (a Ask) compareClocks(ctx context.Context, host string) (hostClock *evidence.ClockSample, references []reference) {
	udp := a.UDP
	if _, system := a.Dialer.(SystemDialer); udp == nil && system {
		udp = &net.Dialer{}
	}
	if udp == nil {
		return nil, nil
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		sample, err := askTime(ctx, udp, netip.AddrPortFrom(a.Subject.Addr.Addr(), 123).String(), a.now)
		if err == nil {
			c := a.clockSample(host, sample)
			c.KMS = true
			hostClock = &c
		}
	})
	references = a.referenceClocks(ctx, udp)
	wg.Wait()
	return hostClock, references
}

const maxReferences = 4

// reference is a comparison with a server of --ntp.
type reference struct {
	evidence.ClockSample
	fresh bool // made for this endpoint; otherwise it is in the evidence of another
}

// referenceClocks asks the servers of --ntp, once a run.
func (a Ask) referenceClocks(ctx context.Context, udp Dialer) []reference {
	servers := a.Target.NTP[:min(len(a.Target.NTP), maxReferences)]
	found := make([]*reference, len(servers))
	var wg sync.WaitGroup
	for i, server := range servers {
		wg.Go(func() {
			sample, fresh, err := a.sessions.referenceClock(server, func() (sntpSample, error) {
				return askTime(ctx, udp, withPort(server, "123"), a.now)
			})
			if err == nil {
				found[i] = &reference{a.clockSample(server, sample), fresh}
			}
		})
	}
	wg.Wait()
	var references []reference
	for _, c := range found {
		if c != nil {
			references = append(references, *c)
		}
	}
	return references
}

func (a Ask) clockSample(of string, s sntpSample) evidence.ClockSample {
	return evidence.ClockSample{
		Origin: a.origin(kmsClockID), Of: of, Than: "this machine", Method: "SNTP",
		Offset: s.offset, Error: s.within,
	}
}

// withPort adds a port to a host name or address that has none.
func withPort(host, port string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

// describeClock says which of two clocks is ahead, and by how much.
func describeClock(c evidence.ClockSample) string {
	than := evidence.Clean(c.Than) + "'s"
	of := evidence.Clean(c.Of)
	switch {
	case c.Offset.Abs() <= c.Error || c.Offset.Abs() < time.Millisecond:
		return fmt.Sprintf("%s's clock equals %s within %s", of, than, roundClock(max(c.Error, time.Millisecond)))
	case c.Offset > 0:
		return fmt.Sprintf("%s's clock is %s ahead of %s", of, roundClock(c.Offset), than)
	}
	return fmt.Sprintf("%s's clock is %s behind %s", of, roundClock(-c.Offset), than)
}

// roundClock leaves three digits or so: what a person can use.
func roundClock(d time.Duration) time.Duration {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}
