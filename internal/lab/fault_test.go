package lab

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// outcome names how a call of the client ended, as far as a fault must show.
func outcome(err error) string {
	var (
		broken   *kms.TransportError
		reply    *kms.ReplyError
		refused  *kms.RefusedError
		gaveUp   *kms.GaveUpError
		notRPC   *dcerpc.NotRPCError
		nak      *dcerpc.BindNakError
		fault    *dcerpc.FaultError
		none     *kms.NoContextError
		verifies *kms.VerifyError
	)
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &notRPC):
		return "not RPC: " + notRPC.Looks
	case errors.As(err, &nak):
		return nak.Error()
	case errors.As(err, &fault):
		return fault.Error()
	case errors.As(err, &none) && none.NoInterface():
		return "no interface"
	case errors.As(err, &none) && none.NoSyntax():
		return "no syntax"
	case errors.As(err, &verifies):
		return "failed " + string(verifies.Check.ID)
	case errors.As(err, &refused):
		return refused.HRESULT.String()
	case errors.As(err, &reply):
		return "bad reply"
	case errors.As(err, &gaveUp):
		return "silent"
	case errors.As(err, &broken) && broken.Reset():
		return "reset"
	case errors.As(err, &broken) && broken.Closed():
		return "closed"
	}
	return err.Error()
}

func TestFaults(t *testing.T) {
	with := func(change func(*KMS)) Service {
		k := server2022()
		change(&k)
		return k
	}
	fault := func(f Fault) Service { return with(func(k *KMS) { k.Fault = f }) }
	tests := []struct {
		name     string
		service  Service
		bind, do string
	}{
		{"silent on bind", fault(SilentOnBind), "silent", ""},
		{"close on bind", fault(CloseOnBind), "closed", ""},
		{"reset on bind", fault(ResetOnBind), "reset", ""},
		{"bind_nak", with(func(k *KMS) { k.Fault, k.Nak = NakOnBind, dcerpc.NakProtocolVersion }), "bind_nak: protocol version not supported", ""},
		{"no interface", fault(NoInterface), "no interface", ""},
		{"no syntax", fault(NoSyntax), "no syntax", ""},
		{"fault", with(func(k *KMS) { k.Fault, k.Status = FaultOnRequest, dcerpc.FaultServerUnavailable }), "ok", "RPC fault 0x000006BA (RPC_S_SERVER_UNAVAILABLE)"},
		{"anonymous callers are refused", with(func(k *KMS) { k.Fault, k.Status = FaultOnRequest, dcerpc.FaultAccessDenied }), "ok", "RPC fault 0x00000005 (ERROR_ACCESS_DENIED)"},
		{"silent on request", fault(SilentOnRequest), "ok", "silent"},
		{"close on request", fault(CloseOnRequest), "ok", "closed"},
		{"reset on request", fault(ResetOnRequest), "ok", "reset"},
		{"garbled answer", fault(GarbledAnswer), "ok", "bad reply"},
		{"cut answer", fault(CutAnswer), "ok", "closed"},
		{"wrong client id", fault(WrongCMID), "ok", "failed resp.cmid_match"},
		{"wrong time", fault(WrongTime), "ok", "failed resp.time_match"},
		{"wrong call id", fault(WrongCallID), "ok", "bad reply"},
		{"odd ePID length", fault(OddEPID), "ok", "failed resp.epid_len"},
		{"up, nothing said", Up{}, "silent", ""},
		{"TLS", TLS, "not RPC: TLS alert", ""},
		{"HTTP", HTTP, "not RPC: HTTP", ""},
		{"SSH", SSH, "not RPC: SSH", ""},
		{"SMTP", SMTP, "not RPC: SMTP or FTP", ""},
		{"garbage", Garbage, "not RPC: ", ""},
		{"flood", Flood, "not RPC: ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := dialKMS(t, startKMS(t, tt.service))
			call := func(f func(context.Context) error, want string) {
				t.Helper()
				limit := patience
				if want == "silent" {
					limit = 100 * time.Millisecond
				}
				ctx, cancel := context.WithTimeout(testContext(t), limit)
				defer cancel()
				if got := outcome(f(ctx)); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			call(func(ctx context.Context) error { _, err := c.Bind(ctx); return err }, tt.bind)
			if tt.do != "" {
				call(func(ctx context.Context) error { _, err := c.Do(ctx, probe(t, "windows-11", kms.V6)); return err }, tt.do)
			}
		})
	}
}

// A changed bit shows in V4 and V6 wherever it is; in V5 nothing guards the
// middle of the message, so only that the answer is not the one sent is sure.
func TestFlippedBit(t *testing.T) {
	host := server2022()
	host.Fault = FlippedBit
	site := startKMS(t, host)
	for _, v := range []kms.Version{kms.V4, kms.V6} {
		x, err := ask(t, site, probe(t, "windows-11", v))
		var reply *kms.ReplyError
		if !errors.As(err, &reply) {
			t.Errorf("%s: error %v", v, err)
		}
		check := kms.CheckMAC
		if v == kms.V6 {
			check = kms.CheckHMAC
		}
		if c, _ := x.Verification().Get(check); c.Status != kms.Failed {
			t.Errorf("%s: %s is %s", v, check, c.Status)
		}
	}
	x, _ := ask(t, site, probe(t, "windows-11", kms.V5))
	if x.Response == nil || x.Response.EPID == host.EPID {
		t.Error("5.0: the answer is whole")
	}
}

// Protocol errors of a client are answered as an RPC server answers them.
func TestRPCFaults(t *testing.T) {
	tests := []struct {
		name   string
		pdu    func() []byte
		status dcerpc.FaultStatus
	}{
		{"a context that was never bound", func() []byte {
			return dcerpc.Request{ContextID: 9, Stub: make([]byte, 12)}.Append(nil, dcerpc.NewHeader(dcerpc.TypeRequest, 3))
		}, dcerpc.FaultUnknownInterface},
		{"a method that is not there", func() []byte {
			return dcerpc.Request{ContextID: 1, OpNum: 4, Stub: make([]byte, 12)}.Append(nil, dcerpc.NewHeader(dcerpc.TypeRequest, 3))
		}, dcerpc.FaultOpRange},
		{"a stub that contradicts itself", func() []byte {
			return dcerpc.Request{ContextID: 1, Stub: []byte{200, 0, 0, 0, 9}}.Append(nil, dcerpc.NewHeader(dcerpc.TypeRequest, 3))
		}, dcerpc.FaultBadStubData},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			nc, r := bindRaw(t, startKMS(t, server2022()))
			if _, err := nc.Write(tt.pdu()); err != nil {
				t.Fatal(err)
			}
			p, err := r.ReadPDU()
			if err != nil {
				t.Fatal(err)
			}
			f, err := dcerpc.ParseFault(p)
			if err != nil || f.Status != tt.status || p.CallID != 3 {
				t.Errorf("%+v, %v; want %s for call 3", f, err, tt.status)
			}
		})
	}
}

// A message that is no request gets an HRESULT, not a closed connection.
func TestMalformedMessage(t *testing.T) {
	nc, r := bindRaw(t, startKMS(t, server2022()))
	for _, message := range [][]byte{nil, {6, 0}, make([]byte, 236), make([]byte, 260)} {
		stub := dcerpc.AppendRequestStub(nil, dcerpc.NDR64, message)
		pdu := dcerpc.Request{ContextID: 1, Stub: stub}.Append(nil, dcerpc.NewHeader(dcerpc.TypeRequest, 3))
		if _, err := nc.Write(pdu); err != nil {
			t.Fatal(err)
		}
		m, err := r.ReadMessage()
		if err != nil {
			t.Fatalf("%d bytes: %v", len(message), err)
		}
		s, err := dcerpc.ParseResponseStub(m.Stub, dcerpc.NDR64, false)
		if err != nil || kms.HRESULT(s.HRESULT) != kms.ErrInvalidData || s.Message != nil {
			t.Errorf("%d bytes: %+v, %v", len(message), s, err)
		}
	}
}
