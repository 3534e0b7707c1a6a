package checks

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

const testEPID = "03612-04573-000-000001-03-1033-20348.0000-0842022"

// testHost is a scripted KMS host on loopback, for tests alone.
type testHost struct {
	// verdict answers a request; the default is a count of 50.
	verdict func(q *kms.OpenedRequest) (kms.Response, kms.HRESULT)
	spoil   func(q *kms.OpenedRequest, msg []byte) []byte // changes a sealed answer
	syntax  dcerpc.Encoding                               // accepted; NDR64 by default
	group   uint32
	sameIV  bool // a V6 answer under the request's IV
	closes  bool // after each answer

	mu       sync.Mutex
	conns    int
	binds    int
	requests []kms.Request
}

// start listens and serves until the test ends.
func (h *testHost) start(t testing.TB) string {
	t.Helper()
	return serveLoopback(t, h.serve)
}

// serveLoopback hands each connection to serve, which must return when the
// connection is closed.
func serveLoopback(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			wg.Go(func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}

func (h *testHost) serve(conn net.Conn) {
	h.mu.Lock()
	h.conns++
	h.mu.Unlock()
	r := dcerpc.NewReader(conn)
	syntax := h.syntax
	if syntax == dcerpc.EncodingUnknown {
		syntax = dcerpc.NDR64
	}
	for {
		r.Begin()
		m, err := r.ReadMessage()
		if err != nil {
			return
		}
		var answer []byte
		switch m.Type {
		case dcerpc.TypeBind:
			answer, err = h.bindAck(m, syntax)
		case dcerpc.TypeRequest:
			answer, err = h.respond(m, syntax)
		default:
			return
		}
		if err != nil {
			return
		}
		if _, err := conn.Write(answer); err != nil || h.closes && m.Type == dcerpc.TypeRequest {
			return
		}
	}
}

func (h *testHost) bindAck(m dcerpc.Message, syntax dcerpc.Encoding) ([]byte, error) {
	bind, err := dcerpc.ParseBind(m.PDU)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.binds++
	h.mu.Unlock()
	ack := dcerpc.BindAck{MaxXmit: 5840, MaxRecv: 5840, AssocGroup: h.group, SecondaryAddress: "1688"}
	for _, c := range bind.Contexts {
		result := dcerpc.ContextResult{Result: dcerpc.ProviderRejection, Reason: dcerpc.ReasonTransferSyntax}
		mask, features := c.Transfer[0].BTFN()
		switch {
		case features:
			result = dcerpc.ContextResult{Result: dcerpc.NegotiateAck, Reason: dcerpc.ResultReason(mask)}
		case c.Transfer[0] == syntax.Syntax():
			result = dcerpc.ContextResult{Transfer: c.Transfer[0]}
		}
		ack.Results = append(ack.Results, result)
	}
	return ack.Append(nil, dcerpc.NewHeader(dcerpc.TypeBindAck, m.CallID)), nil
}

func (h *testHost) respond(m dcerpc.Message, syntax dcerpc.Encoding) ([]byte, error) {
	pdu, err := dcerpc.ParseRequest(m.PDU)
	if err != nil {
		return nil, err
	}
	stub, err := dcerpc.ParseRequestStub(m.Stub, syntax, false)
	if err != nil {
		return nil, err
	}
	q, err := kms.OpenRequest(stub.Message)
	if err != nil {
		return nil, err
	}
	if !q.Decoded {
		return nil, errors.New("not a request")
	}
	h.mu.Lock()
	h.requests = append(h.requests, q.Request)
	h.mu.Unlock()
	response, hresult := answerTo(q, 50), kms.OK
	if h.verdict != nil {
		response, hresult = h.verdict(q)
	}
	var msg []byte
	if hresult == kms.OK {
		msg = h.seal(response, q)
		if h.spoil != nil {
			msg = h.spoil(q, msg)
		}
	}
	answer := dcerpc.Response{ContextID: pdu.ContextID, Stub: dcerpc.AppendResponseStub(nil, syntax, msg, uint32(hresult))}
	return answer.Append(nil, dcerpc.NewHeader(dcerpc.TypeResponse, m.CallID)), nil
}

// answerTo is what a healthy host says to a request.
func answerTo(q *kms.OpenedRequest, count uint32) kms.Response {
	return kms.Response{
		Version: q.Version, EPID: testEPID, CMID: q.CMID, ClientTime: q.ClientTime,
		Count: count, ActivationInterval: 120, RenewalInterval: 10080, HwID: kms.HwID{1, 2, 3, 4, 5, 6, 7, 8},
	}
}

// seal makes the message of an answer.
func (h *testHost) seal(r kms.Response, q *kms.OpenedRequest) []byte {
	base, err := r.AppendBase(nil)
	if err != nil {
		panic(err)
	}
	cipher := map[uint16]*kmscrypt.Cipher{5: kmscrypt.V5, 6: kmscrypt.V6}[r.Version.Major()]
	if cipher == nil {
		mac := kmscrypt.MACV4(base)
		return append(base, mac[:]...)
	}
	random := [16]byte{7: 42}
	iv := q.IV
	if r.Version.Major() == 6 && !h.sameIV {
		iv = [16]byte{3, 1, 4, 1, 5}
	}
	var field [16]byte
	subtle.XORBytes(field[:], random[:], q.DecryptedIV[:])
	hash := sha256.Sum256(random[:])
	plain := append(append(base, field[:]...), hash[:]...)
	if r.Version.Major() == 6 {
		plain = append(append(plain, r.HwID[:]...), q.DecryptedIV[:]...)
		key := kmscrypt.HMACKey(kmscrypt.Slot(uint64(r.ClientTime)))
		mac := kmscrypt.MACV6(key, cipher.DecryptBlock(iv), plain)
		plain = append(plain, mac[:]...)
	}
	plain = kmscrypt.Pad(plain, len(plain))
	cipher.EncryptCBC(iv, plain)
	msg := binary.LittleEndian.AppendUint32(nil, uint32(r.Version))
	return append(append(msg, iv[:]...), plain...)
}
