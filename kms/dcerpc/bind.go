package dcerpc

// A Bind is the body of a bind or alter_context PDU: the offer of one or more
// contexts in which calls may then be made.
type Bind struct {
	MaxXmit, MaxRecv uint16 // largest fragment that the client sends and receives, in bytes
	AssocGroup       uint32 // association group id; 0 asks for a new one
	Contexts         []Context
}

// A Context is one item of an offer: an interface and encodings for it.
type Context struct {
	ID       uint16
	Abstract Syntax   // the interface
	Transfer []Syntax // usually one
}

// ParseBind reads a bind or alter_context PDU. Errors are of type [*DecodeError].
func ParseBind(p PDU) (Bind, error) {
	d, err := p.decoder(TypeBind, TypeAlterContext)
	if err != nil {
		return Bind{}, err
	}
	b := Bind{MaxXmit: d.u16("max_xmit_frag"), MaxRecv: d.u16("max_recv_frag"), AssocGroup: d.u32("assoc_group_id")}
	n := d.u8("n_context_elem")
	d.take(3, "reserved")
	for range n {
		c := Context{ID: d.u16("context_id")}
		syntaxes := d.u8("n_transfer_syn")
		d.take(1, "reserved")
		c.Abstract = d.syntax("abstract_syntax", false)
		for range syntaxes {
			s := d.syntax("transfer_syntax", true)
			if d.err != nil {
				return b, d.err
			}
			c.Transfer = append(c.Transfer, s)
		}
		if d.err != nil {
			return b, d.err
		}
		b.Contexts = append(b.Contexts, c)
	}
	return b, d.err
}

// Append appends the whole PDU under the header h, whose lengths it computes.
// A PDU holds at most 255 contexts of at most 255 transfer syntaxes; more are
// left out.
func (b Bind) Append(dst []byte, h Header) []byte {
	start, big := len(dst), h.BigEndian()
	o := appendOrder(big)
	h.AuthLen = 0
	dst = h.Append(dst)
	dst = o.AppendUint16(dst, b.MaxXmit)
	dst = o.AppendUint16(dst, b.MaxRecv)
	dst = o.AppendUint32(dst, b.AssocGroup)
	contexts := b.Contexts[:min(len(b.Contexts), 255)]
	dst = append(dst, byte(len(contexts)), 0, 0, 0)
	for _, c := range contexts {
		transfer := c.Transfer[:min(len(c.Transfer), 255)]
		dst = append(o.AppendUint16(dst, c.ID), byte(len(transfer)), 0)
		dst = appendSyntax(dst, c.Abstract, false, big)
		for _, s := range transfer {
			dst = appendSyntax(dst, s, true, big)
		}
	}
	return h.finish(dst, start)
}

// A BindAck is the body of a bind_ack or alter_context_resp PDU.
type BindAck struct {
	MaxXmit, MaxRecv uint16 // largest fragment that the server sends and receives, in bytes
	AssocGroup       uint32
	SecondaryAddress string // the listening port in decimal; empty in alter_context_resp
	Results          []ContextResult
}

// A ContextResult is the answer to one offered context. Results come in the
// order of the offer.
type ContextResult struct {
	Result   ResultCode
	Reason   ResultReason // why rejected; of a [NegotiateAck] the granted features
	Transfer Syntax       // the chosen encoding; zero unless accepted
}

// Features returns the mask of granted features if the result is that of bind
// time feature negotiation.
func (r ContextResult) Features() (mask uint16, ok bool) {
	if r.Result != NegotiateAck {
		return 0, false
	}
	return uint16(r.Reason), true
}

// ParseBindAck reads a bind_ack or alter_context_resp PDU. Errors are of type
// [*DecodeError].
func ParseBindAck(p PDU) (BindAck, error) {
	d, err := p.decoder(TypeBindAck, TypeAlterContextResp)
	if err != nil {
		return BindAck{}, err
	}
	a := BindAck{MaxXmit: d.u16("max_xmit_frag"), MaxRecv: d.u16("max_recv_frag"), AssocGroup: d.u32("assoc_group_id")}
	address := d.take(int(d.u16("sec_addr.length")), "sec_addr")
	for i, c := range address {
		if c == 0 {
			address = address[:i]
			break
		}
	}
	a.SecondaryAddress = string(address)
	d.align(4)
	n := d.u8("n_results")
	d.take(3, "reserved")
	for range n {
		r := ContextResult{Result: ResultCode(d.u16("result")), Reason: ResultReason(d.u16("reason"))}
		r.Transfer = d.syntax("transfer_syntax", true)
		if d.err != nil {
			return a, d.err
		}
		a.Results = append(a.Results, r)
	}
	return a, d.err
}

// Append appends the whole PDU under the header h, whose lengths it computes.
// An empty secondary address is written without a NUL, as alter_context_resp
// wants it. At most 255 results and 1024 bytes of address are written.
func (a BindAck) Append(dst []byte, h Header) []byte {
	start, big := len(dst), h.BigEndian()
	o := appendOrder(big)
	h.AuthLen = 0
	dst = h.Append(dst)
	dst = o.AppendUint16(dst, a.MaxXmit)
	dst = o.AppendUint16(dst, a.MaxRecv)
	dst = o.AppendUint32(dst, a.AssocGroup)
	if address := a.SecondaryAddress[:min(len(a.SecondaryAddress), 1024)]; address == "" {
		dst = o.AppendUint16(dst, 0)
	} else {
		dst = o.AppendUint16(dst, uint16(len(address)+1))
		dst = append(append(dst, address...), 0)
	}
	for (len(dst)-start)%4 != 0 {
		dst = append(dst, 0)
	}
	results := a.Results[:min(len(a.Results), 255)]
	dst = append(dst, byte(len(results)), 0, 0, 0)
	for _, r := range results {
		dst = o.AppendUint16(dst, uint16(r.Result))
		dst = o.AppendUint16(dst, uint16(r.Reason))
		dst = appendSyntax(dst, r.Transfer, true, big)
	}
	return h.finish(dst, start)
}

// A BindNak is the body of a bind_nak PDU: the server wants no association.
type BindNak struct {
	Reason   NakReason
	Versions []RPCVersion // what the server speaks, if it says so
}

// An RPCVersion is a version of the RPC protocol; this package speaks 5.0.
type RPCVersion struct{ Major, Minor uint8 }

// ParseBindNak reads a bind_nak PDU. A PDU that ends after the reason has no
// versions. Errors are of type [*DecodeError].
func ParseBindNak(p PDU) (BindNak, error) {
	d, err := p.decoder(TypeBindNak, TypeBindNak)
	if err != nil {
		return BindNak{}, err
	}
	n := BindNak{Reason: NakReason(d.u16("reject_reason"))}
	if d.err != nil || len(d.b) == 0 {
		return n, d.err
	}
	for range d.u8("n_versions") {
		v := RPCVersion{d.u8("version.major"), d.u8("version.minor")}
		if d.err != nil {
			return n, d.err
		}
		n.Versions = append(n.Versions, v)
	}
	return n, d.err
}

// Append appends the whole PDU under the header h, whose lengths it computes.
func (n BindNak) Append(dst []byte, h Header) []byte {
	start := len(dst)
	h.AuthLen = 0
	dst = appendOrder(h.BigEndian()).AppendUint16(h.Append(dst), uint16(n.Reason))
	versions := n.Versions[:min(len(n.Versions), 255)]
	dst = append(dst, byte(len(versions)))
	for _, v := range versions {
		dst = append(dst, v.Major, v.Minor)
	}
	return h.finish(dst, start)
}
