package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

const kmsRequestID = "kms.request"

// KMSRequest asks whether the host serves a client of the product asked about.
// It sends one request under [kms.ProbeCMID], whose answer counts, and more only
// where a refusal leaves open what the host would serve: after 0x8007000D in
// lower protocol versions, after 0xC004F042 for one product of another
// generation. Each request is an exchange of its evidence, in order.
var KMSRequest = &Check{
	ID: kmsRequestID, Title: "the KMS host serves the product",
	Group: Handshake, Scope: run.Endpoint, Needs: []*Check{RPCBind}, Timeout: 10 * time.Second,
	Slow: "the request is sent, but has no answer yet; a working host takes under 100 ms",
	When: func(ask Ask) bool { return !ask.Target.NoRequest },
	Run:  runKMSRequest,
}

func runKMSRequest(ctx context.Context, ask Ask) Answer {
	product := productAsked(ask.Env)
	if !product.Group.CountedIDGenuine {
		return Answer{Result: run.Result{
			Status: run.Skip, Root: kmsRequestID + " " + ask.Subject.Key,
			Summary: "not asked: the counted id that " + product.Name + " sends is not publicly known",
		}}
	}
	r := requester{Ask: ask, workstation: ask.sessions.machineName(ctx, ask.Local)}
	defer r.done()
	first, problem := r.send(ctx, product, versionOf(product), false)
	a := &r.answer
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		a.Status, a.Summary = run.Skip, "stopped"
	case first == nil:
		a.Status, a.Summary = run.Fail, problem
	case first.Outcome == evidence.Served:
		a.Status, a.Summary = run.Pass, exchangeSummary(*first)
	default:
		a.Status, a.Summary = run.Fail, exchangeSummary(*first)
		switch {
		case first.Outcome != evidence.HostRefused:
		case first.HRESULT == uint32(kms.ErrInvalidData):
			r.askLower(ctx, product)
		case first.HRESULT == uint32(kms.ErrKeyMismatch):
			r.askOther(ctx, product)
		}
	}
	return r.answer
}

// productAsked is the product of the run; by default a current Windows client.
func productAsked(env *Env) catalog.Product {
	if env.Product.ActivationID == "" {
		return catalog.DefaultClient().Product
	}
	return env.Product
}

func versionOf(p catalog.Product) kms.Version {
	return kms.Version(uint32(p.Group.Major)<<16 | uint32(p.Group.Minor))
}

// lowerVersions lists the protocol versions below that of a product's clients,
// the highest first.
func lowerVersions(p catalog.Product) []kms.Version {
	return slices.DeleteFunc([]kms.Version{kms.V5, kms.V4}, func(v kms.Version) bool { return v >= versionOf(p) })
}

// requester sends the requests of one endpoint over one connection, or over
// another where the host closed the first.
type requester struct {
	Ask
	workstation string
	session     *session
	answer      Answer
	brisk       bool // look no more whether the host closes the connection, once it left one open after an answer
	leavesOpen  bool // it did
}

// done gives the connection back, for as long as it is of use.
func (r *requester) done() {
	if r.session != nil {
		r.sessions.put(r.Subject.Key, r.session)
	}
}

// askLower learns which protocol versions the host supports. No answer to these
// serves a client of the product, so none makes the check pass.
func (r *requester) askLower(ctx context.Context, product catalog.Product) {
	wanted := versionOf(product)
	for _, v := range lowerVersions(product) {
		r.progress(fmt.Sprintf("refused in V%d, trying V%d", wanted.Major(), v.Major()))
		e, problem := r.send(ctx, product, v, false)
		if e == nil || ctx.Err() != nil {
			r.notAsked(fmt.Sprintf("in V%d", v.Major()), problem)
			return
		}
		note := run.Note{ID: "lower-version", Status: run.Pass, Text: fmt.Sprintf("asked in V%d as well: %s", v.Major(), exchangeSummary(*e))}
		r.answer.Notes = append(r.answer.Notes, note)
		understood := e.Answered() && e.HRESULT != uint32(kms.ErrInvalidData)
		if understood {
			r.answer.Summary = fmt.Sprintf("answers only V%d: V%d is refused with %s", v.Major(), wanted.Major(), nameHRESULT(uint32(kms.ErrInvalidData)))
			return
		}
		if !e.Answered() {
			return
		}
	}
}

// askOther asks for a product of another generation, to tell a host key that is
// too old from one that is missing.
func (r *requester) askOther(ctx context.Context, product catalog.Product) {
	next := catalog.AskNext(catalog.Choice{Product: product})
	if len(next) == 0 {
		return
	}
	other := next[0].Product
	r.progress("refused, asking for " + next[0].Name())
	e, problem := r.send(ctx, other, versionOf(other), true)
	if e == nil || ctx.Err() != nil {
		r.notAsked("for "+next[0].Name(), problem)
		return
	}
	e.Product = next[0].Name()
	what := "refuses " + e.Product + " too"
	switch {
	case e.Outcome == evidence.Served:
		what = "serves " + e.Product
	case !e.Answered() || e.HRESULT != uint32(kms.ErrKeyMismatch):
		what = "asked for " + e.Product + ": " + exchangeSummary(*e)
	}
	r.answer.Summary += "; " + what
	r.answer.Notes = append(r.answer.Notes, run.Note{
		ID: "second-request", Status: run.Pass,
		Text: "a second request, for " + e.Product + ", was sent to tell a host key that is too old from one that is missing",
	})
}

// notAsked notes a further request that came to nothing.
func (r *requester) notAsked(what, problem string) {
	if problem != "" {
		r.answer.Notes = append(r.answer.Notes, run.Note{ID: "not-asked-again", Status: run.Pass, Text: "not asked " + what + ": " + problem})
	}
}

// send makes one request and notes it in the evidence. It returns nil and the
// reason when the request could not be sent.
func (r *requester) send(ctx context.Context, product catalog.Product, version kms.Version, second bool) (*evidence.Exchange, string) {
	q, err := newRequest(product, version, r.workstation, r.now())
	if err != nil {
		return nil, "the request could not be made: " + err.Error()
	}
	if problem := r.connect(ctx); problem != "" {
		return nil, problem
	}
	s := r.session
	e := evidence.Exchange{
		Origin: r.origin(kmsRequestID), Host: r.Subject.Host, Domain: r.Subject.Domain, Address: r.Subject.Addr,
		Client: localAddress(s.conn), Probe: true, Second: second,
		Product: product.Name, Wanted: versionOf(product).String(), SentAt: r.now().UTC(),
		Syntax: s.bind.Syntax, Group: s.bind.Group, Connect: s.connect, BindTook: s.bind.Took,
	}
	fillRequest(&e, q)
	x, err := s.rpc.Do(ctx, q)
	fillAnswer(&e, x)
	explainExchange(&e, x, err)
	if usable := x.Answered || x.Fault != nil; !usable {
		r.drop()
	} else if !r.brisk || !r.leavesOpen {
		answered := r.now()
		e.Closed = s.closedByPeer(ctx)
		r.leavesOpen = !e.Closed
		r.answer.Idle += r.now().Sub(answered)
		if e.Closed {
			r.drop()
		}
	}
	list := &r.answer.Evidence.Exchanges
	*list = append(*list, e)
	return &(*list)[len(*list)-1], ""
}

func (r *requester) drop() {
	r.session.close()
	r.session = nil
}

// connect makes sure of a bound connection, or says why there is none.
func (r *requester) connect(ctx context.Context) (problem string) {
	if r.session != nil {
		return ""
	}
	seen := &r.answer.Evidence
	s := r.openSession(ctx, kmsRequestID, seen)
	if s == nil {
		return colon("no connection for the request", dialSummary(seen.Dials[len(seen.Dials)-1]))
	}
	if s.rpc == nil {
		bind, err := r.bind(ctx, kmsRequestID, s)
		seen.Binds = append(seen.Binds, bind)
		if err != nil {
			s.close()
			return colon("no bind for the request", bindSummary(bind))
		}
	}
	r.session = s
	return ""
}

// newRequest makes the probe's request for a product.
func newRequest(product catalog.Product, version kms.Version, workstation string, now time.Time) (kms.Request, error) {
	q := kms.NewProbe(workstation, now)
	q.Version, q.NPolicy = version, uint32(product.Group.N)
	for _, id := range []struct {
		text string
		into *kms.GUID
	}{
		{product.Group.AppID, &q.AppID}, {product.ActivationID, &q.SKUID}, {product.Group.CountedID, &q.CountedID},
	} {
		var err error
		if *id.into, err = kms.ParseGUID(id.text); err != nil {
			return q, fmt.Errorf("ids of %s: %w", product.Name, err)
		}
	}
	return q, nil
}

// exchangeSummary says in a line how a request ended.
func exchangeSummary(e evidence.Exchange) string {
	version := "V" + strings.TrimSuffix(e.Version, ".0")
	detail := evidence.Clean(e.Detail)
	switch e.Outcome {
	case evidence.Served:
		return fmt.Sprintf("%s, served, count %d", version, e.Count)
	case evidence.Unverified:
		return fmt.Sprintf("%s, but the answer fails verification: %s", version, detail)
	case evidence.HostRefused:
		return fmt.Sprintf("%s, refused with %s", version, nameHRESULT(e.HRESULT))
	case evidence.ExchangeFault:
		return colon(version+", RPC fault", detail)
	case evidence.ExchangeSilent:
		if detail != "" {
			return version + ", no whole answer to the request: " + detail
		}
		return version + ", no answer to the request"
	case evidence.ExchangeClosed:
		if detail != "" {
			return version + ", the connection was closed after the request: " + detail
		}
		return version + ", the connection was closed after the request, without an answer"
	case evidence.ExchangeReset:
		return colon(version+", the connection was reset after the request", detail)
	case evidence.ExchangeGarbled:
		return colon(version+", a malformed answer", detail)
	}
	return colon(version+", the request failed", detail)
}

// nameHRESULT gives a code with its symbol.
func nameHRESULT(code uint32) string {
	if e, ok := kmserr.Lookup(kmserr.Code(code)); ok && e.Symbol != kmserr.NoSymbol {
		return e.Code.String() + " " + e.Symbol
	}
	return kmserr.Code(code).String()
}
