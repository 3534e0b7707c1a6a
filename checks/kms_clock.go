package checks

import (
	"context"
	"errors"
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
// or refused one for its time. An answer that fails verification may be anyone's
// and shows neither.
func timeVerdict(exchanges []evidence.Exchange) (accepted, refused bool) {
	for _, e := range exchanges {
		accepted = accepted || e.Outcome == evidence.Served
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
	hostClock, hostUnset, references := ask.compareClocks(ctx, host)
	a.Status, a.Summary = run.Pass, "accepted: within 4 h of the host's clock, if the host checks it"
	_, refused := timeVerdict(exchangesOf(ask))
	if refused {
		a.Status, a.Summary = run.Fail, "refused: this machine's clock and the host's differ by more than 4 h"
	}
	switch {
	case hostUnset:
		a.Summary += "; the host says by SNTP that its clock is not set"
	case hostClock == nil:
		a.Summary += "; the host serves no time by SNTP"
	default:
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
		if r.problem != "" {
			a.Notes = append(a.Notes, run.Note{ID: "clock-no-reference", Status: run.Pass, Text: evidence.Clean(r.Of) + " is no reference: " + r.problem})
			continue
		}
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

// compareClocks asks the host, and the servers of --ntp, for the time. A host
// that does not answer has no clock; neither has one that says of its own clock
// that it is not set, which unset tells.
func (a Ask) compareClocks(ctx context.Context, host string) (hostClock *evidence.ClockSample, unset bool, references []reference) {
	udp := a.UDP
	if udp == nil {
		return nil, false, nil
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		sample, err := askTime(ctx, udp, netip.AddrPortFrom(a.Subject.Addr.Addr(), 123).String(), a.now)
		switch {
		case err != nil:
		case !sample.synced:
			unset = true
		default:
			c := a.clockSample(host, sample)
			c.KMS = true
			hostClock = &c
		}
	})
	references = a.referenceClocks(ctx, udp)
	wg.Wait()
	return hostClock, unset, references
}

const maxReferences = 4

// reference is a comparison with a server of --ntp.
type reference struct {
	evidence.ClockSample
	fresh   bool   // made for this endpoint; otherwise it is in the evidence of another
	problem string // why there is no comparison; "" where there is one
}

// referenceClocks asks the servers of --ntp, once a run, and answers in their
// order.
func (a Ask) referenceClocks(ctx context.Context, udp Dialer) []reference {
	servers := a.Target.NTP[:min(len(a.Target.NTP), maxReferences)]
	references := make([]reference, len(servers))
	var wg sync.WaitGroup
	for i, server := range servers {
		wg.Go(func() {
			sample, fresh, err := a.sessions.referenceClock(server, func() (sntpSample, error) {
				address, err := a.clockAddress(ctx, server)
				if err != nil {
					return sntpSample{}, err
				}
				return askTime(ctx, udp, address, a.now)
			})
			references[i] = reference{ClockSample: a.clockSample(server, sample), fresh: fresh}
			switch {
			case errors.Is(err, errNoClockAddress):
				references[i].problem = err.Error()
			case err != nil:
				references[i].problem = "it does not answer by SNTP"
			case !sample.synced:
				references[i].problem = "it says that its own clock is not set"
			}
		})
	}
	wg.Wait()
	return references
}

// errNoClockAddress says that a time server's name led nowhere.
var errNoClockAddress = errors.New("no address")

// clockByName tells whether a time server is given by a name, which has to be
// looked up first.
func clockByName(server string) bool {
	host, _, _ := net.SplitHostPort(withPort(server, "123"))
	_, err := netip.ParseAddr(host)
	return err != nil
}

// clockAddress returns the address and port of a time server. A name is looked
// up in the hosts file and at the run's DNS servers.
func (a Ask) clockAddress(ctx context.Context, server string) (string, error) {
	server = withPort(server, "123")
	host, port, err := net.SplitHostPort(server)
	if err != nil || !clockByName(server) {
		return server, err
	}
	for _, addr := range a.Local.HostsFile(ctx, host) {
		return net.JoinHostPort(addr.String(), port), nil
	}
	p := prober{ask: a, servers: servers(ctx, a)}
	if len(p.servers) == 0 {
		return "", fmt.Errorf("%w: no DNS server to ask", errNoClockAddress)
	}
	problem := ""
	for _, qtype := range addressTypes(a.Target.Family) {
		r := p.first(ctx, question{name: host, qtype: qtype})
		one := addressEvidence(a, host, qtype, netip.AddrPort{}, r)
		if len(one.Addresses) > 0 {
			return net.JoinHostPort(one.Addresses[0].String(), port), nil
		}
		problem = describeOutcome(r.outcome, r.detail)
	}
	return "", fmt.Errorf("%w: %s", errNoClockAddress, problem)
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
