package capture

import (
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// Bounds of one conversation.
const (
	maxPDU      = 16 << 10 // larger PDUs are passed over; KMS stays below 400 bytes
	maxContexts = 32
	maxPending  = 64 // calls without an answer, and answers without a call
	maxFirst    = 64 // first bytes kept of what is not RPC
)

// framing says how far the bytes of one direction make sense as PDUs.
type framing uint8

const (
	undecided framing = iota // no byte yet
	inStep                   // PDU follows PDU
	searching                // after a hole, or begun in the middle: the next PDU must be found
	foreign                  // not RPC
)

// A conversation is what a connection says if it is RPC.
type conversation struct {
	dirs     [2]direction
	contexts []rpcContext // offered, and what became of them
	bind     bindState
	pdus     PDUList
	pending  []*call // requests without an answer, oldest first
	orphans  []*call // answers without a request
	kms      bool    // a bind or alter_context named the KMS interface
	other    bool    // a bind named only other interfaces
	shaped   bool    // a call had the shape of KMS
}

// direction is the framing of one direction.
type direction struct {
	state framing
	buf   []byte // a PDU that is not whole yet
	skip  int    // bytes of a PDU that nobody wants
	from  origin // of the first byte in buf
	first []byte // of what is not RPC
	join  dcerpc.Assembler
	frags int
	start origin // of the first fragment of the call being joined
}

// origin is when and where something was captured.
type origin struct {
	time   int64
	number int64
}

type rpcContext struct {
	id       uint16
	kms      bool
	accepted bool
	encoding dcerpc.Encoding // accepted, or offered while that is open
}

// bindState is how the first bind of a connection went.
type bindState struct {
	callID   uint32
	offered  []uint16 // context ids of the last offer
	asked    origin
	answered origin
	ack      dcerpc.BindAck
	syntaxes syntaxList // accepted for KMS
	granted  int        // bind time features; -1: not negotiated
	rejected bool       // no context of KMS was accepted
	nak      *dcerpc.BindNak
	fault    *dcerpc.Fault // in place of an answer to the bind
}

// A call is a request on its way to its answer.
type call struct {
	id       uint32
	context  uint16
	encoding dcerpc.Encoding
	known    bool // the context is one of KMS
	request  message
	answer   message
	fault    uint32
	hresult  uint32
	outcome  Outcome
	covers   bool   // of an answer without its request: acked is known
	acked    uint32 // what TCP acknowledged of the client when the answer came
}

// message is a KMS message within its PDUs.
type message struct {
	place
	bytes []byte // nil where the stub had none; usually in store
	store [maxStored]byte
}

// place is where a message was captured.
type place struct {
	present bool
	first   origin
	last    origin // the PDU was whole with this packet
	frags   int
	offset  int // of the message in the first PDU
}

// maxStored is room for every KMS message.
const maxStored = 304

// pdu acts on a whole PDU.
func (c *conversation) pdu(e *engine, f *flow, end int, p dcerpc.PDU, at origin) {
	d := &c.dirs[end]
	switch p.Type {
	case dcerpc.TypeBind, dcerpc.TypeAlterContext:
		f.isClient(end)
		c.offer(e, f, p, d.from)
	case dcerpc.TypeBindAck, dcerpc.TypeAlterContextResp:
		f.isClient(1 - end)
		c.decided(e, p, at)
	case dcerpc.TypeBindNak:
		f.isClient(1 - end)
		if nak, err := dcerpc.ParseBindNak(p); err == nil || nak.Reason != 0 {
			c.bind.nak, c.bind.answered = &nak, at
		}
	case dcerpc.TypeRequest:
		if f.client == unknownSide || int(f.client) == end {
			c.request(e, f, end, p, at)
		}
	case dcerpc.TypeResponse:
		if f.client == unknownSide || int(f.client) != end {
			c.response(e, f, end, p, at)
		}
	case dcerpc.TypeFault:
		if f.client == unknownSide || int(f.client) != end {
			c.faulted(e, f, p, at)
		}
	}
}

// offer notes the contexts of a bind or alter_context.
func (c *conversation) offer(e *engine, f *flow, p dcerpc.PDU, at origin) {
	b, ok := e.seen.bind(p)
	if !ok {
		return
	}
	if p.Type == dcerpc.TypeBind {
		c.contexts = c.contexts[:0]
		c.bind = bindState{granted: -1, asked: at, offered: c.bind.offered}
	}
	c.bind.callID, c.bind.offered = p.CallID, c.bind.offered[:0]
	isKMS := false
	for _, x := range b.Contexts {
		if len(c.bind.offered) == maxContexts {
			break
		}
		c.bind.offered = append(c.bind.offered, x.ID)
		n := rpcContext{id: x.ID, kms: x.Abstract.UUID == kms.Interface.UUID}
		for _, s := range x.Transfer {
			if enc := s.Encoding(); enc != dcerpc.EncodingUnknown {
				n.encoding = enc
			}
		}
		isKMS = isKMS || n.kms
		c.set(n)
	}
	if isKMS && !c.kms {
		c.kms = true
		e.foundKMS(f)
	}
	c.other = !c.kms
}

// set adds a context or replaces the one of its id.
func (c *conversation) set(n rpcContext) {
	for i := range c.contexts {
		if c.contexts[i].id == n.id {
			if c.contexts[i].accepted && n.encoding == dcerpc.EncodingUnknown {
				return
			}
			c.contexts[i] = n
			return
		}
	}
	if len(c.contexts) < maxContexts {
		c.contexts = append(c.contexts, n)
	}
}

func (c *conversation) context(id uint16) *rpcContext {
	for i := range c.contexts {
		if c.contexts[i].id == id {
			return &c.contexts[i]
		}
	}
	return nil
}

// decided notes the answer to an offer.
func (c *conversation) decided(e *engine, p dcerpc.PDU, at origin) {
	a, ok := e.seen.ack(p)
	if !ok {
		return
	}
	if p.Type == dcerpc.TypeBindAck {
		c.bind.ack, c.bind.answered = a, at
	}
	for i, r := range a.Results {
		if mask, ok := r.Features(); ok {
			c.bind.granted = int(mask)
		}
		if i >= len(c.bind.offered) {
			break
		}
		x := c.context(c.bind.offered[i])
		if x == nil || r.Result != dcerpc.Acceptance {
			continue
		}
		x.accepted, x.encoding = true, r.Transfer.Encoding()
		if x.kms {
			c.bind.syntaxes.add(x.encoding)
		}
	}
	c.bind.rejected = c.kms && c.bind.syntaxes.n == 0
}
