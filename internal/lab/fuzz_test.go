package lab

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// FuzzSession sends a host whatever a client may send, and then the end of the
// stream. The session ends, and nobody but the probe was answered.
func FuzzSession(f *testing.F) {
	bind := dcerpc.Bind{MaxXmit: maxFragment, MaxRecv: maxFragment, Contexts: []dcerpc.Context{
		{ID: 0, Abstract: kms.Interface, Transfer: []dcerpc.Syntax{dcerpc.SyntaxNDR32}},
		{ID: 1, Abstract: kms.Interface, Transfer: []dcerpc.Syntax{dcerpc.SyntaxNDR64}},
		{ID: 2, Abstract: kms.Interface, Transfer: []dcerpc.Syntax{dcerpc.SyntaxBTFN(3)}},
		{ID: 3, Abstract: dcerpc.Syntax{}},
	}}.Append(nil, dcerpc.NewHeader(dcerpc.TypeBind, 2))
	stranger := probe(f, "windows-11", kms.V4)
	stranger.CMID[3] ^= 1
	for _, q := range []kms.Request{probe(f, "windows-11", kms.V4), probe(f, "office-2021", kms.V5), probe(f, "windows-11", kms.V6), stranger} {
		message, err := q.Seal([16]byte{7})
		if err != nil {
			f.Fatal(err)
		}
		stub := dcerpc.AppendRequestStub(nil, dcerpc.NDR64, message)
		call := dcerpc.Request{ContextID: 1, Stub: stub}.Append(nil, dcerpc.NewHeader(dcerpc.TypeRequest, 2))
		f.Add(append(append([]byte(nil), bind...), call...))
	}
	f.Add(bind[:40])
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		host, err := newHost(&stage{log: &journal{}, now: time.Now}, Host{Name: "kms01"}, server2022())
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		defer func() { _ = near.Close() }()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer func() { _ = far.Close() }()
			host.session(context.Background(), far)
		}()
		go func() {
			_, _ = near.Write(stream)
			_ = near.Close()
		}()
		_, _ = io.Copy(io.Discard, near)
		<-ended
		for _, r := range host.log.requests {
			if r.Answered && r.CMID != kms.ProbeCMID.String() {
				t.Errorf("answered %+v", r)
			}
		}
	})
}

// FuzzSNTP: whatever comes, an answer has the size of one and repeats the
// question's time.
func FuzzSNTP(f *testing.F) {
	f.Add(sntpQuestion())
	f.Add(make([]byte, 48))
	f.Fuzz(func(t *testing.T, q []byte) {
		if a := sntpAnswer(q, time.Unix(1_700_000_000, 0)); a != nil && (len(a) != 48 || string(a[24:32]) != string(q[40:48])) {
			t.Errorf("%x is answered with %x", q, a)
		}
	})
}
