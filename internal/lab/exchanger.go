package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/checks"
)

// exchanger asks the site's own DNS servers with the checks' own exchanger, over
// loopback.
type exchanger struct {
	site *Site
	next checks.Exchanger
}

var _ checks.Exchanger = exchanger{}

// Exchange sends one question to a DNS server of the layout. A server that the
// layout does not know is silent.
func (e exchanger) Exchange(ctx context.Context, msg *dns.Msg, server netip.AddrPort, network string) (*dns.Msg, time.Duration, error) {
	ctx, release := e.site.within(ctx)
	defer release()
	st, err := e.site.current()
	if err != nil {
		return nil, 0, fmt.Errorf("ask %s: %w", server, err)
	}
	ns, known := st.servers[netip.AddrPortFrom(server.Addr().Unmap(), server.Port())]
	if !known {
		started := time.Now()
		<-ctx.Done()
		return nil, time.Since(started), fmt.Errorf("ask %s: %w", server, ctx.Err())
	}
	at := ns.udpAt
	if network == "tcp" {
		at = ns.tcpAt
	}
	answer, took, err := e.next.Exchange(ctx, msg, at, network)
	if err != nil {
		var op *net.OpError
		switch {
		case ctx.Err() != nil:
			err = ctx.Err()
		case errors.As(err, &op):
			err = op.Err // without the text around it, which names loopback
		}
		err = fmt.Errorf("ask %s: %w", server, err)
	}
	return answer, took, err
}
