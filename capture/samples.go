package capture

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// maxSampled bounds each kind of evidence: a large capture has a million
// exchanges, of which a diagnosis needs the telling ones.
const maxSampled = 400

// samples keeps evidence: of every kind of thing that happened its first
// occurrence and its last.
type samples struct {
	set       evidence.Set
	late      []*lateExchange
	dials     map[dialKey]int
	binds     map[bindKey]*lateBind
	srv       map[string]int
	addresses map[string]int
}

// lateExchange is the last exchange of a kind, after the first.
type lateExchange struct {
	Exchange
	set  bool
	kind exchangeKind
	req  kms.OpenedRequest
	resp kms.OpenedResponse
	ok   []kms.CheckID // the checks of the answer that passed
}

// keep copies what evidence needs of an exchange, which is valid only now.
func (k *lateExchange) keep(x *Exchange) {
	k.Exchange, k.set = *x, true
	k.ReqMessage, k.RespMessage = nil, nil
	if x.Req != nil {
		k.req = *x.Req
		k.req.Clear, k.req.Verification = nil, nil
		k.Req = &k.req
	}
	if x.Resp != nil {
		k.resp = *x.Resp
		k.resp.Clear, k.resp.Verification, k.ok = nil, nil, k.ok[:0]
		for i := range x.Resp.Verification {
			if c := &x.Resp.Verification[i]; c.Status == kms.Passed {
				k.ok = append(k.ok, c.ID)
			}
		}
		k.Resp = &k.resp
	}
}

// lateBind is the connection of the last bind of a kind, after the first.
type lateBind struct {
	Connection
	set bool
}

// exchangeKind is what makes exchanges of one host alike.
type exchangeKind struct {
	outcome Outcome
	code    uint32
	failed  string // the checks that failed
	counted kms.GUID
	low     bool
}

type dialKey struct {
	client  netip.Addr
	host    netip.AddrPort
	outcome evidence.DialOutcome
}

type bindKey struct {
	host    netip.AddrPort
	outcome evidence.BindOutcome
}

func newSamples() samples {
	return samples{dials: map[dialKey]int{}, binds: map[bindKey]*lateBind{}, srv: map[string]int{}, addresses: map[string]int{}}
}

// exchange keeps an exchange if it is the first of its kind, or telling; the
// last one of each kind is remembered and becomes evidence at the end.
func (s *samples) exchange(x *Exchange, h *Host, fresh, telling bool) {
	kind := exchangeKind{outcome: x.Outcome}
	switch x.Outcome {
	case Refused:
		kind.code = x.HRESULT
	case Faulted:
		kind.code = x.Fault
	case Invalid:
		for _, id := range x.FailedChecks {
			kind.failed += string(id) + " "
		}
	}
	if x.Req != nil {
		kind.counted = x.Req.CountedID
		if x.Resp != nil {
			kind.low = x.Resp.Count < x.Req.NPolicy
		}
	}
	var k *lateExchange
	for _, known := range h.kinds {
		if known.kind == kind {
			k = known
			break
		}
	}
	room := len(s.set.Exchanges) < 3*maxSampled
	switch {
	case k == nil && len(s.late) < maxSampled:
		k = &lateExchange{kind: kind}
		s.late = append(s.late, k)
		h.kinds = append(h.kinds, k)
	case (fresh || telling) && room:
	case k == nil:
		return
	default:
		k.keep(x)
		return
	}
	s.set.Exchanges = append(s.set.Exchanges, exchangeEvidence(x))
}

// settle turns the last exchange of each kind into evidence.
func (s *samples) settle() {
	var late []*lateExchange
	for _, k := range s.late {
		if k.set {
			late = append(late, k)
		}
	}
	slices.SortFunc(late, func(a, b *lateExchange) int { return cmp.Compare(a.Number, b.Number) })
	for _, k := range late {
		e := exchangeEvidence(&k.Exchange)
		for _, id := range k.ok {
			e.Verified = append(e.Verified, string(id))
		}
		s.set.Exchanges = append(s.set.Exchanges, e)
	}
	s.late = nil
	s.families()
	s.settleBinds()
	slices.SortStableFunc(s.set.Exchanges, func(a, b evidence.Exchange) int { return a.SentAt.Compare(b.SentAt) })
}

// families corrects servers that deny a whole name when it only lacks an address
// of one family: where the other family has one, the name exists.
func (s *samples) families() {
	exists := map[string]bool{}
	for _, a := range s.set.Addresses {
		if a.Outcome == evidence.DNSAnswered {
			exists[strings.ToLower(a.Host)+a.Resolver.String()] = true
		}
	}
	for i := range s.set.Addresses {
		a := &s.set.Addresses[i]
		if a.Outcome == evidence.DNSNoName && exists[strings.ToLower(a.Host)+a.Resolver.String()] {
			a.Outcome, a.Detail = evidence.DNSNoData, "NXDOMAIN, though the name has an address of the other family"
		}
	}
}

// first keeps what is known of the first machine of an id that others use too.
func (s *samples) first(c *Client) {
	if len(s.set.Exchanges) >= 4*maxSampled || len(c.Machines) == 0 {
		return
	}
	m := c.Machines[0]
	s.set.Exchanges = append(s.set.Exchanges, evidence.Exchange{
		Origin: packets(c.file, Span{m.Packet, m.Packet}), Address: c.firstHost.Address, Client: netip.AddrPortFrom(m.Address, 0),
		Outcome: evidence.ExchangeOther, Detail: "an earlier request of this client id", CMID: c.CMID.String(),
		Workstation: m.Name, SentAt: stamp(c.First),
	})
}

// packets is the origin of something in a capture.
func packets(file string, spans ...Span) evidence.Origin {
	o := evidence.Origin{File: file}
	for _, s := range spans {
		if s.First != 0 {
			o.Packets = append(o.Packets, s.First)
		}
		if s.Last != s.First {
			o.Packets = append(o.Packets, s.Last)
		}
	}
	return o
}

var exchangeOutcomes = map[Outcome]evidence.ExchangeOutcome{
	Unanswered: evidence.ExchangeNoReply, OK: evidence.Served, Refused: evidence.HostRefused, Faulted: evidence.ExchangeFault,
	Invalid: evidence.Unverified, Garbled: evidence.ExchangeGarbled, ResponseOnly: evidence.ExchangeUnseen,
}

// exchangeEvidence says an exchange in the words of evidence.
func exchangeEvidence(x *Exchange) evidence.Exchange {
	e := evidence.Exchange{
		Origin: packets(x.File, x.Request, x.Answer), Address: x.Host, Client: x.Client,
		Outcome: exchangeOutcomes[x.Outcome], SentAt: stamp(x.Requested), HRESULT: x.HRESULT, Status: x.Fault,
		Group: x.Group, Connect: time.Duration(x.ConnectTook), BindTook: time.Duration(x.BindTook),
	}
	switch {
	case x.Ended == Reset:
		e.Outcome = evidence.ExchangeReset
	case x.Ended == Closed:
		e.Outcome = evidence.ExchangeClosed
	case x.OneSided:
		e.Outcome, e.Detail = evidence.ExchangeUnseen, "the capture holds one direction alone"
	case x.CutOff:
		e.Outcome, e.Detail = evidence.ExchangeUnseen, "the capture ended before an answer could be expected"
	case x.Outcome == ResponseOnly && x.HRESULT != 0:
		e.Outcome, e.Detail = evidence.HostRefused, "its request is not in the capture"
	case x.Outcome == ResponseOnly:
		e.Detail = "its request is not in the capture"
	}
	if x.Syntax != 0 {
		e.Syntax = x.Syntax.String()
	}
	if x.Answered > x.Requested && x.Requested > 0 {
		e.Took = time.Duration(x.Answered - x.Requested)
	}
	for _, id := range x.FailedChecks {
		if id == kms.CheckIVDiffers {
			e.SameIV = true
			continue
		}
		e.Failed = append(e.Failed, string(id))
	}
	if r := x.Req; r != nil && r.Decoded {
		e.Version = r.Outer.String()
		e.Application, e.ActivationID, e.CountedID = r.AppID.String(), r.SKUID.String(), r.CountedID.String()
		e.CMID, e.Workstation, e.NPolicy, e.VM = r.CMID.String(), r.Workstation, r.NPolicy, r.VMInfo != 0
		e.Probe = r.CMID == kms.ProbeCMID
		if !r.PreviousCMID.IsZero() {
			e.PreviousCMID = r.PreviousCMID.String()
		}
		e.LicenseStatus, e.MinutesLeft = uint32(r.LicenseStatus), r.RemainingMinutes
		if t := r.ClientTime.Time(); t.Year() > 0 && t.Year() <= 9999 {
			e.ClientTime = t
		}
		if p, ok := catalog.ProductByActivationID(e.ActivationID); ok {
			e.Product, e.Wanted = p.Name, fmt.Sprintf("%d.%d", p.Group.Major, p.Group.Minor)
		}
	}
	if r := x.Resp; r != nil && r.Decoded {
		e.Count, e.ActivationInterval, e.RenewalInterval, e.EPID = r.Count, r.ActivationInterval, r.RenewalInterval, r.EPID
		if r.Outer.Major() == 6 {
			e.HwID = r.HwID.String()
		}
		for _, id := range r.Verification.With(kms.Passed) {
			e.Verified = append(e.Verified, string(id))
		}
	}
	return e
}

// lookup keeps a DNS answer; a later one to the same question takes its place.
func (s *samples) lookup(l *Lookup) {
	o := evidence.Origin{File: l.File}
	for _, n := range []int64{l.Question, l.Answer} {
		if n != 0 {
			o.Packets = append(o.Packets, n)
		}
	}
	var took time.Duration
	if l.Asked > 0 && l.Answered > 0 {
		took = time.Duration(l.Answered - l.Asked)
	}
	key := strings.ToLower(l.Name) + l.Type + l.Resolver.String() + string(l.Outcome)
	if l.Type == "SRV" {
		a := evidence.SRVAnswer{
			Origin: o, Purpose: purpose(l.Name), Domain: domainOf(l.Name), Name: l.Name, Resolver: l.Resolver, Outcome: l.Outcome,
			Detail: l.Detail, Records: l.SRV, CNAMEs: l.CNAMEs, TCP: l.TCP, Started: stamp(l.Asked), Took: took,
		}
		put(&s.set.SRV, s.srv, key, a)
		return
	}
	family := 4
	if l.Type == "AAAA" {
		family = 6
	}
	put(&s.set.Addresses, s.addresses, key, evidence.AddressAnswer{
		Origin: o, Host: l.Name, Family: family, Resolver: l.Resolver, Outcome: l.Outcome, Detail: l.Detail,
		Addresses: l.Addresses, CNAMEs: l.CNAMEs, TTL: l.TTL, Started: stamp(l.Asked), Took: took,
	})
}

func put[T any](list *[]T, at map[string]int, key string, v T) {
	if i, ok := at[key]; ok {
		(*list)[i] = v
		return
	}
	if len(*list) < maxSampled {
		at[key] = len(*list)
		*list = append(*list, v)
	}
}

func purpose(name string) evidence.SRVPurpose {
	label, rest, _ := strings.Cut(strings.ToLower(name), ".")
	switch {
	case label == "_vmlcs":
		return evidence.SRVMisspelt
	case label == "_ldap":
		return evidence.SRVDC
	case rest == "_tcp":
		return evidence.SRVBareName
	}
	return evidence.SRVKMS
}
