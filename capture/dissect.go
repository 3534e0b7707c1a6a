package capture

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// A Dissection is a PDU field by field, for display. Text of peers in it is not
// cleaned of control characters.
type Dissection struct {
	Name   string // "BIND", "KMS REQUEST"
	Text   string // what it says, in a line
	Fields []kms.Field
	// Bytes are what the offsets of the fields count in: the PDU, or the stubs of
	// all its fragments joined. Sealed parts that could be decrypted are so.
	Bytes  []byte
	Joined bool // Bytes are joined stubs
	// Names are the parts of Text that identify a machine or a host.
	Names []string
}

// Dissect takes a PDU apart. Of a call in several fragments the last one shows
// the whole message: before are the fragments that came earlier, in order. A PDU
// that is cut or wrong gives the fields there are, and says so.
func Dissect(pdu []byte, before ...[]byte) Dissection {
	p, err := dcerpc.ParsePDU(pdu)
	d := dissector{Dissection: Dissection{Name: strings.ToUpper(p.Type.String()), Bytes: pdu}, pdu: p}
	if err != nil && p.Raw == nil && len(pdu) < dcerpc.HeaderSize {
		d.Name, d.Text = "RPC", err.Error()
		d.rest("bytes")
		return d.Dissection
	}
	d.header()
	if err != nil {
		d.Text = err.Error()
		d.rest("bytes")
		return d.Dissection
	}
	switch p.Type {
	case dcerpc.TypeBind, dcerpc.TypeAlterContext:
		d.bind()
	case dcerpc.TypeBindAck, dcerpc.TypeAlterContextResp:
		d.ack()
	case dcerpc.TypeBindNak:
		d.nak()
	case dcerpc.TypeFault:
		d.fault()
	case dcerpc.TypeRequest, dcerpc.TypeResponse:
		d.call(before)
	}
	d.rest("other bytes")
	return d.Dissection
}

// dissector walks over a PDU.
type dissector struct {
	Dissection
	pdu dcerpc.PDU
	at  int
}

// add names the next bytes, as far as there are any.
func (d *dissector) add(length int, name, format string, args ...any) {
	length = max(min(length, len(d.Bytes)-d.at), 0)
	if length == 0 {
		return
	}
	d.Fields = append(d.Fields, kms.Field{Name: name, Offset: d.at, Length: length, Value: fmt.Sprintf(format, args...)})
	d.at += length
}

// rest names what is left.
func (d *dissector) rest(name string) {
	if n := len(d.Bytes) - d.at; n > 0 {
		d.add(n, name, "%d bytes", n)
	}
}

func (d *dissector) header() {
	h := d.pdu.Header
	d.add(2, "RPC version", "%d.%d", h.Major, h.Minor)
	d.add(1, "packet type", "%d (%s)", uint8(h.Type), h.Type)
	d.add(1, "flags", "%s", flagText(h.Flags))
	order := "little-endian"
	if h.BigEndian() {
		order = "big-endian"
	}
	d.add(4, "data representation", "%s", order)
	d.add(2, "fragment length", "%d", h.FragLen)
	d.add(2, "authentication length", "%d", h.AuthLen)
	d.add(4, "call id", "%d", h.CallID)
}

func flagText(f dcerpc.Flags) string {
	var parts []string
	for _, n := range []struct {
		flag dcerpc.Flags
		name string
	}{
		{dcerpc.FlagFirst, "first fragment"},
		{dcerpc.FlagLast, "last fragment"},
		{dcerpc.FlagPendingCancel, "pending cancel"},
		{dcerpc.FlagMultiplex, "multiplex"},
		{dcerpc.FlagDidNotExecute, "did not execute"},
		{dcerpc.FlagMaybe, "maybe"},
		{dcerpc.FlagObject, "object"},
	} {
		if f&n.flag != 0 {
			parts = append(parts, n.name)
		}
	}
	return fmt.Sprintf("0x%02x %s", uint8(f), strings.Join(parts, ", "))
}

// syntax names an interface or an encoding.
func syntax(s dcerpc.Syntax) string {
	if s.UUID == kms.Interface.UUID {
		return fmt.Sprintf("KMS v%d.%d", s.Major, s.Minor)
	}
	return s.String()
}

func (d *dissector) sizes(xmit, recv uint16, group uint32) {
	d.add(2, "largest fragment sent", "%d", xmit)
	d.add(2, "largest fragment received", "%d", recv)
	d.add(4, "association group", "0x%08x", group)
}

const syntaxSize = 20 // a UUID and two versions

func (d *dissector) bind() {
	b, err := dcerpc.ParseBind(d.pdu)
	d.sizes(b.MaxXmit, b.MaxRecv, b.AssocGroup)
	d.add(4, "contexts", "%d", len(b.Contexts))
	var offers []string
	for _, c := range b.Contexts {
		d.add(4, "context", "%d, %s", c.ID, plural(int64(len(c.Transfer)), "encoding"))
		d.add(syntaxSize, "interface", "%s", syntax(c.Abstract))
		for _, t := range c.Transfer {
			d.add(syntaxSize, "encoding", "%s", t)
			offers = append(offers, t.String())
		}
	}
	d.Text = fmt.Sprintf("%s: %s, fragment %d", plural(int64(len(b.Contexts)), "context"), strings.Join(offers[:min(len(offers), 6)], ", "), b.MaxXmit)
	d.wrong(err)
}

func (d *dissector) ack() {
	a, err := dcerpc.ParseBindAck(d.pdu)
	d.sizes(a.MaxXmit, a.MaxRecv, a.AssocGroup)
	length := 0
	if d.at+2 <= len(d.Bytes) {
		length = int(d.Bytes[d.at]) | int(d.Bytes[d.at+1])<<8
		if d.pdu.BigEndian() {
			length = int(d.Bytes[d.at])<<8 | int(d.Bytes[d.at+1])
		}
	}
	d.add(2+length, "secondary address", "%q", a.SecondaryAddress)
	d.add((4-d.at%4)%4, "padding", "")
	d.add(4, "results", "%d", len(a.Results))
	var accepted, said []string
	for _, r := range a.Results {
		d.add(4, "result", "%s", r)
		d.add(syntaxSize, "encoding", "%s", r.Transfer)
		switch {
		case r.Result == dcerpc.Acceptance:
			accepted = append(accepted, "accepted "+r.Transfer.String())
		case r.Result != dcerpc.NegotiateAck:
			said = append(said, r.String())
		}
	}
	said = append(accepted, said...)
	d.Text = strings.Join(said[:min(len(said), 6)], ", ")
	d.wrong(err)
}

func (d *dissector) nak() {
	n, err := dcerpc.ParseBindNak(d.pdu)
	d.add(2, "reason", "%s", n.Reason)
	d.Text = n.Reason.String()
	d.wrong(err)
}

func (d *dissector) fault() {
	f, err := dcerpc.ParseFault(d.pdu)
	d.add(4, "allocation hint", "%d", f.AllocHint)
	d.add(2, "context", "%d", f.ContextID)
	d.add(2, "cancel count", "%d", f.CancelCount)
	d.add(4, "status", "%s", f.Status)
	d.Text = f.Status.String()
	d.wrong(err)
}

// wrong says what does not decode.
func (d *dissector) wrong(err error) {
	if err != nil {
		d.Text = strings.TrimPrefix(d.Text+"; "+err.Error(), "; ")
	}
}

// call takes a request or a response apart.
func (d *dissector) call(before [][]byte) {
	isRequest := d.pdu.Type == dcerpc.TypeRequest
	stub, err := d.stubHeader(isRequest)
	if err != nil {
		d.wrong(err)
		return
	}
	switch {
	case !d.pdu.Last():
		d.Text = fmt.Sprintf("a fragment: %d bytes of the message", len(stub))
		d.add(len(stub), "part of the message", "%d bytes; the last fragment shows all", len(stub))
		return
	case !d.pdu.First():
		whole, ok := joinStubs(d.pdu, stub, before)
		if !ok {
			d.Text = "the last fragment; the ones before were not captured"
			d.add(len(stub), "part of the message", "%d bytes", len(stub))
			return
		}
		d.Fields, d.at, d.Bytes, d.Joined = nil, 0, whole, true
		stub = whole
	}
	if isRequest {
		d.request(stub)
	} else {
		d.response(stub)
	}
	if d.Joined {
		d.Text += fmt.Sprintf(" (in %d fragments)", len(before)+1)
	}
}

func (d *dissector) stubHeader(isRequest bool) ([]byte, error) {
	if isRequest {
		r, err := dcerpc.ParseRequest(d.pdu)
		d.add(4, "allocation hint", "%d", r.AllocHint)
		d.add(2, "context", "%d", r.ContextID)
		d.add(2, "operation", "%d", r.OpNum)
		if d.pdu.Flags&dcerpc.FlagObject != 0 {
			d.add(16, "object", "%s", r.Object)
		}
		return r.Stub, err
	}
	r, err := dcerpc.ParseResponse(d.pdu)
	d.add(4, "allocation hint", "%d", r.AllocHint)
	d.add(2, "context", "%d", r.ContextID)
	d.add(2, "cancel count", "%d", r.CancelCount)
	return r.Stub, err
}

// joinStubs puts the stubs of a call's fragments together.
func joinStubs(last dcerpc.PDU, stub []byte, before [][]byte) ([]byte, bool) {
	a := dcerpc.Assembler{MaxStub: maxMessage}
	for _, raw := range before {
		p, err := dcerpc.ParsePDU(raw)
		if err != nil || p.Type != last.Type {
			return nil, false
		}
		var part []byte
		if p.Type == dcerpc.TypeRequest {
			r, err := dcerpc.ParseRequest(p)
			if err != nil {
				return nil, false
			}
			part = r.Stub
		} else {
			r, err := dcerpc.ParseResponse(p)
			if err != nil {
				return nil, false
			}
			part = r.Stub
		}
		if _, _, err := a.Add(p.Header, part); err != nil {
			return nil, false
		}
	}
	whole, done, err := a.Add(last.Header, stub)
	return append([]byte(nil), whole...), done && err == nil
}

// message shows a KMS message, of which clear is the decrypted form.
func (d *dissector) message(prefix int, clear []byte, fields []kms.Field) {
	base := d.at + prefix
	d.add(prefix, "length of the message", "%d bytes", len(clear))
	d.Bytes = append([]byte(nil), d.Bytes...)
	copy(d.Bytes[base:], clear)
	for _, f := range fields {
		f.Offset += base
		f.Length = max(min(f.Length, len(d.Bytes)-f.Offset), 0)
		d.Fields = append(d.Fields, f)
		d.at = f.Offset + f.Length
	}
}

// maxShape bounds a message that is read here, in bytes.
const maxShape = 1024

func (d *dissector) request(stub []byte) {
	s, err := dcerpc.ParseRequestStub(stub, dcerpc.EncodingUnknown, d.pdu.BigEndian())
	if err != nil {
		d.wrong(err)
		return
	}
	o, err := kms.OpenRequest(s.Message[:min(len(s.Message), maxShape)])
	if err != nil {
		d.wrong(err)
		return
	}
	d.Name = "KMS REQUEST"
	d.message(s.Offset, o.Clear, o.Fields())
	d.Text = "v" + o.Outer.String()
	if !o.Decoded {
		d.Text += ", its encrypted part cannot be read"
		return
	}
	name := "activation id " + o.SKUID.String()
	if p, ok := catalog.ProductByActivationID(o.SKUID.String()); ok {
		name = p.Name
	}
	d.Text += fmt.Sprintf("  %s  needs %d  %s", name, o.NPolicy, o.Workstation)
	d.Names = append(d.Names, o.Workstation)
}

func (d *dissector) response(stub []byte) {
	s, err := dcerpc.ParseResponseStub(stub, dcerpc.EncodingUnknown, d.pdu.BigEndian())
	if err != nil {
		d.wrong(err)
		return
	}
	d.Name = "KMS RESPONSE"
	result := kms.HRESULT(s.HRESULT).String()
	end := len(stub) - s.Trailing - 4 // of what precedes the return value
	base := d.at
	switch o, err := kms.OpenResponse(s.Message[:min(len(s.Message), maxShape)], nil); {
	case s.Message == nil:
		d.add(end, "message", "none")
		d.Text = result
	case err != nil:
		d.wrong(err)
		return
	default:
		d.message(s.Offset, o.Clear, o.Fields())
		d.Text = "v" + o.Outer.String()
		if o.Decoded {
			d.Text += fmt.Sprintf("  count %d  %s", o.Count, o.EPID)
			d.Names = append(d.Names, o.EPID)
		} else {
			d.Text += ", its encrypted part cannot be read"
		}
		if s.HRESULT != 0 {
			d.Text += "  " + result
		}
		if n := base + end - d.at; n > 0 {
			d.add(n, "padding", "")
		}
	}
	d.add(4, "return value", "%s", result)
}
