package tape

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// vector is a recorded exchange of other implementations, as package kms holds it.
type vector struct {
	ID          string
	RequestPDU  hexBytes `json:"request_pdu"`
	ResponsePDU hexBytes `json:"response_pdu"`
	Syntax      string
}

func vectors(t testing.TB) []vector {
	t.Helper()
	b, err := os.ReadFile("../../kms/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Vectors []vector }
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Vectors) == 0 {
		t.Fatal("no vectors")
	}
	return list.Vectors
}

// handshake are the pieces of a bind and one exchange.
func handshake(v vector) []piece {
	e := dcerpc.NDR32
	if v.Syntax == "NDR64" {
		e = dcerpc.NDR64
	}
	bind := dcerpc.Bind{MaxXmit: 5840, MaxRecv: 5840, Contexts: []dcerpc.Context{{ID: 0, Abstract: kms.Interface, Transfer: []dcerpc.Syntax{e.Syntax()}}}}
	ack := dcerpc.BindAck{MaxXmit: 5840, MaxRecv: 5840, AssocGroup: 7, SecondaryAddress: "1688", Results: []dcerpc.ContextResult{{Transfer: e.Syntax()}}}
	at := time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC)
	return []piece{
		{at, true, bind.Append(nil, dcerpc.NewHeader(dcerpc.TypeBind, 2))},
		{at.Add(time.Millisecond), false, ack.Append(nil, dcerpc.NewHeader(dcerpc.TypeBindAck, 2))},
		{at.Add(2 * time.Millisecond), true, v.RequestPDU},
		{at.Add(3 * time.Millisecond), false, v.ResponsePDU},
	}
}

func field(m Message, name string) (Field, bool) {
	for _, f := range m.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			list := decode(handshake(v), false)
			if len(list) != 4 {
				t.Fatalf("%d messages", len(list))
			}
			for i, name := range []string{"BIND", "BIND_ACK", "KMS REQUEST", "KMS RESPONSE"} {
				if list[i].Name != name || list[i].Sent != (i%2 == 0) {
					t.Errorf("message %d is %s (%s)", i, list[i].Name, list[i].Text)
				}
				adjacent(t, list[i])
			}
			f, ok := field(list[2], "client machine id")
			if !ok || f.To-f.From != 16 {
				t.Fatalf("client machine id: %+v", f)
			}
			id, err := kms.ParseGUID(strings.Fields(f.Value)[0])
			if err != nil {
				t.Fatal(err)
			}
			from := list[2].Bytes
			if f.Sealed {
				from = list[2].Clear
			}
			if got := kms.GUID(from[f.From:f.To]); got != id {
				t.Errorf("the bytes of the field say %s, the field %s", got, id)
			}
			if f.Sealed == strings.Contains(list[2].Text, "v4") {
				t.Errorf("sealed %v in %q", f.Sealed, list[2].Text)
			}
			if _, ok := field(list[3], "return value"); !ok {
				t.Errorf("fields of the answer: %v", list[3].Fields)
			}
		})
	}
}

// adjacent fails unless the fields cover the message in order without gaps.
func adjacent(t *testing.T, m Message) {
	t.Helper()
	at := 0
	for _, f := range m.Fields {
		if f.From != at || f.To < f.From {
			t.Errorf("%s: field %q is at %d to %d, expected at %d", m.Name, f.Name, f.From, f.To, at)
		}
		at = f.To
	}
	if at != len(m.Bytes) {
		t.Errorf("%s: fields end at %d of %d", m.Name, at, len(m.Bytes))
	}
}

func TestOddStreams(t *testing.T) {
	at := time.Unix(0, 0).UTC()
	bind := handshake(vectors(t)[0])[0].bytes
	for _, c := range []struct {
		name   string
		pieces []piece
		want   string
	}{
		{"HTTP", []piece{{at, false, []byte("HTTP/1.1 400 Bad Request\r\n")}}, "NOT RPC 26 bytes that are no DCE/RPC: looks like HTTP"},
		{"cut header", []piece{{at, false, bind[:9]}}, "BROKEN OFF 9 bytes, less than a header"},
		{"cut body", []piece{{at, true, bind[:40]}}, "BIND broken off"},
		{"one byte at a time", bytewise(bind), "BIND 1 contexts: "},
		{"nak", []piece{{at, false, dcerpc.BindNak{Reason: dcerpc.NakCongestion}.Append(nil, dcerpc.NewHeader(dcerpc.TypeBindNak, 2))}}, "BIND_NAK temporary congestion"},
		{"fault", []piece{{at, false, dcerpc.Fault{Status: dcerpc.FaultUnknownInterface}.Append(nil, dcerpc.NewHeader(dcerpc.TypeFault, 2))}}, "FAULT 0x1C010003 (nca_unk_if)"},
	} {
		list := decode(c.pieces, false)
		if len(list) != 1 {
			t.Errorf("%s: %d messages", c.name, len(list))
			continue
		}
		if got := list[0].Name + " " + list[0].Text; !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q", c.name, got)
		}
		adjacent(t, list[0])
	}
}

func bytewise(b []byte) []piece {
	var list []piece
	for i := range b {
		list = append(list, piece{time.Unix(int64(i), 0), true, b[i : i+1]})
	}
	return list
}

// pipes is a dialer whose peers answer every read with the same bytes.
type pipes struct{ answer []byte }

func (p pipes) DialContext(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		defer far.Close() //nolint:errcheck // a pipe
		buf := make([]byte, 4096)
		for {
			if _, err := far.Read(buf); err != nil {
				return
			}
			if _, err := far.Write(p.answer); err != nil {
				return
			}
		}
	}()
	return near, nil
}

func TestRecorderIsBounded(t *testing.T) {
	var r Recorder
	d := r.Wrap(pipes{make([]byte, 1000)})
	last := netip.MustParseAddrPort("192.0.2.5:1688")
	for i := range maxConns + 10 {
		address := fmt.Sprintf("192.0.2.%d:1688", i%200)
		if i > maxConns {
			address = last.String()
		}
		conn, err := d.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1000)
		for range 20 {
			if _, err := conn.Write([]byte{5}); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(buf); err != nil {
				t.Fatal(err)
			}
		}
		_ = conn.Close()
	}
	if len(r.conns) != maxConns {
		t.Errorf("%d connections are kept", len(r.conns))
	}
	for _, rec := range r.conns {
		if rec.bytes > maxBytes || len(rec.pieces) > maxPieces || !rec.cut {
			t.Fatalf("%d bytes in %d pieces, cut %v", rec.bytes, len(rec.pieces), rec.cut)
		}
	}
	list := r.Messages(last)
	if len(list) != 2*maxOfOne || !strings.Contains(list[1].Text, "more went over") {
		t.Errorf("%d messages, the second %q", len(list), list[1].Text)
	}
	if r.Messages(netip.MustParseAddrPort("192.0.2.250:1688")) != nil {
		t.Error("messages of an endpoint that nobody dialled")
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range vectors(f) {
		p := handshake(v)
		f.Add(append(append([]byte{}, p[0].bytes...), p[2].bytes...), append(append([]byte{}, p[1].bytes...), p[3].bytes...), 7)
	}
	f.Add([]byte("GET / HTTP/1.1"), []byte("HTTP/1.1 200 OK"), 3)
	f.Fuzz(func(t *testing.T, sent, received []byte, step int) {
		step = max(step%100, 1)
		var pieces []piece
		for i, b := range [][]byte{sent, received} {
			for at := time.Unix(0, 0); len(b) > 0; at = at.Add(1) {
				n := min(step, len(b))
				pieces, b = append(pieces, piece{at, i == 0, b[:n]}), b[n:]
			}
		}
		for _, m := range decode(pieces, false) {
			for _, f := range m.Fields {
				if f.From < 0 || f.To < f.From || f.To > len(m.Bytes) || f.Sealed && f.To > f.From && len(m.Clear) != len(m.Bytes) {
					t.Fatalf("%s of %d bytes: field %+v", m.Name, len(m.Bytes), f)
				}
			}
		}
	})
}
