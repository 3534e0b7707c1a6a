package kms

import (
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"testing"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// Recorded handshakes.
var (
	recordedBind = fromHex("05000b1310000000a000000002000000d016d0160000000003000000" +
		"000001007521c8514e845047b0d8ec255555bc0601000000045d888aeb1cc9119fe808002b10486002000000" +
		"010001007521c8514e845047b0d8ec255555bc060100000033057171babe37498319b5dbef9ccc3601000000" +
		"020001007521c8514e845047b0d8ec255555bc06010000002c1cb76c12984045030000000000000001000000")
	ackNDR64 = fromHex("05000c13100000006c00000002000000d016d016873d6a43050031363838000003000000" +
		"020002000000000000000000000000000000000000000000" +
		"0000000033057171babe37498319b5dbef9ccc3601000000" +
		"030003000000000000000000000000000000000000000000")
	ackWrongInterface = fromHex("05000c13100000006c00000002000000d016d01673061e88050031363838000003000000" +
		"020001000000000000000000000000000000000000000000" +
		"020001000000000000000000000000000000000000000000" +
		"030003000000000000000000000000000000000000000000")
	recordedNak   = fromHex("05000d031000000015000000020000000400010500")
	recordedFault = fromHex("05000323100000002000000002000000200000000000b69e0300011c00000000")
)

func fromHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// ackNDR32 is the answer of a host that knows no NDR64.
func ackNDR32(port string) []byte {
	return dcerpc.BindAck{MaxXmit: 5840, MaxRecv: 5840, AssocGroup: 7, SecondaryAddress: port, Results: []dcerpc.ContextResult{
		{Transfer: dcerpc.SyntaxNDR32},
		{Result: dcerpc.ProviderRejection, Reason: dcerpc.ReasonTransferSyntax},
		{Result: dcerpc.NegotiateAck, Reason: 3},
	}}.Append(nil, dcerpc.NewHeader(dcerpc.TypeBindAck, 2))
}

// A peer plays the host's side of a connection by a script.
type peer struct {
	net.Conn
	r *dcerpc.Reader
}

// playing returns the client's side of an in-memory connection to a script; the
// connection closes when the script returns.
func playing(t *testing.T, script func(p *peer)) *Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = theirs.Close() }()
		script(&peer{theirs, dcerpc.NewReader(theirs)})
	}()
	t.Cleanup(func() {
		_ = ours.Close()
		<-done
	})
	return NewConn(ours)
}

// read returns the client's next PDU, or nil when it went away.
func (p *peer) read() *dcerpc.PDU {
	p.r.Begin()
	pdu, err := p.r.ReadPDU()
	if err != nil {
		return nil
	}
	return &pdu
}

// say writes; a client that went away is no concern of a script.
func (p *peer) say(b []byte) { _, _ = p.Write(b) }

// wait waits for the client to go away.
func (p *peer) wait() { _, _ = io.Copy(io.Discard, p.Conn) }

// bind answers a bind.
func (p *peer) bind(ack []byte) {
	if p.read() != nil {
		p.say(ack)
	}
}

// answer returns the honest answer to the client's next request as a PDU.
func (p *peer) answer(t *testing.T, change func(*Response)) []byte {
	pdu := p.read()
	if pdu == nil {
		return nil
	}
	body, err := dcerpc.ParseRequest(*pdu)
	if err != nil {
		t.Error(err)
		return nil
	}
	stub, err := dcerpc.ParseRequestStub(body.Stub, dcerpc.EncodingUnknown, false)
	if err != nil {
		t.Error(err)
		return nil
	}
	req, err := OpenRequest(stub.Message)
	if err != nil {
		t.Error(err)
		return nil
	}
	r := Response{
		Version: req.Version, EPID: "free form", CMID: req.CMID, ClientTime: req.ClientTime,
		Count: 50, ActivationInterval: 120, RenewalInterval: 10080,
	}
	if change != nil {
		change(&r)
	}
	iv := req.IV
	if req.Version == V6 {
		iv[0]++
	}
	msg := sealResponse(t, r, req, iv, [16]byte{1, 2, 3})
	return answerPDU(stub.Encoding, pdu.CallID, body.ContextID, msg, OK)
}

// fragmented splits a response PDU into fragments of n stub bytes.
func fragmented(t *testing.T, pdu []byte, n int) []byte {
	t.Helper()
	p, err := dcerpc.ParsePDU(pdu)
	if err != nil {
		t.Fatal(err)
	}
	r, err := dcerpc.ParseResponse(p)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for at := 0; at < len(r.Stub); at += n {
		h := dcerpc.NewHeader(dcerpc.TypeResponse, p.CallID)
		h.Flags = 0
		if at == 0 {
			h.Flags |= dcerpc.FlagFirst
		}
		if at+n >= len(r.Stub) {
			h.Flags |= dcerpc.FlagLast
		}
		part := dcerpc.Response{AllocHint: r.AllocHint, ContextID: r.ContextID, Stub: r.Stub[at:min(at+n, len(r.Stub))]}
		out.Write(part.Append(nil, h))
	}
	return out.Bytes()
}
