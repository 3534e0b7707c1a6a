package kms

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

func TestSealRequestVectors(t *testing.T) {
	for _, v := range vectors(t).Vectors {
		t.Run(v.ID, func(t *testing.T) {
			msg, err := v.request().Seal(v.iv())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(msg, v.RequestMessage) {
				t.Errorf("sealed\n%x, want\n%x", msg, v.RequestMessage)
			}
		})
	}
}

func TestOpenVectors(t *testing.T) {
	for _, v := range vectors(t).Vectors {
		t.Run(v.ID, func(t *testing.T) {
			req := openRequest(t, v.RequestMessage)
			if req.Request != v.request() || !req.Decoded || req.Outer != v.Version {
				t.Errorf("request = %+v, want %+v", req.Request, v.request())
			}
			if v.RequestPlain != nil && !bytes.Equal(req.Clear[20:], v.RequestPlain) {
				t.Errorf("request decrypts to %x", req.Clear[20:])
			}
			if got := req.ClientTime.String(); got != v.Fields.ClientTimeText {
				t.Errorf("client time %s, want %s", got, v.Fields.ClientTimeText)
			}
			resp, err := OpenResponse(v.ResponseMessage, req)
			if err != nil {
				t.Fatal(err)
			}
			if resp.Response != v.response() || !resp.Decoded || resp.Outer != v.Version {
				t.Errorf("response = %+v, want %+v", resp.Response, v.response())
			}
			if v.ResponsePlain != nil && !bytes.Equal(resp.Clear[20:], v.ResponsePlain) {
				t.Errorf("response decrypts to %x", resp.Clear[20:])
			}
			for _, c := range append(req.Verification, resp.Verification...) {
				if c.Status != Passed || c.ID.Title() == "" {
					t.Errorf("%s %q: %s %s", c.ID, c.ID.Title(), c.Status, c.Detail)
				}
			}
			if err := resp.Verification.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Opened and sealed again the answers are the same bytes: nothing in them goes
// unread.
func TestResealResponseVectors(t *testing.T) {
	for _, v := range vectors(t).Vectors {
		t.Run(v.ID, func(t *testing.T) {
			req := openRequest(t, v.RequestMessage)
			var iv, random [16]byte
			copy(iv[:], v.ResponseIV)
			copy(random[:], v.Random)
			msg := sealResponse(t, v.response(), req, iv, random)
			if !bytes.Equal(msg, v.ResponseMessage) {
				t.Errorf("sealed\n%x, want\n%x", msg, v.ResponseMessage)
			}
		})
	}
}

// An answer without its request allows fewer checks, and fails none.
func TestOpenResponseAlone(t *testing.T) {
	needs := map[Version][]CheckID{
		V4: {CheckVersionMatch, CheckCMIDMatch, CheckTimeMatch, CheckCountPolicy},
		V5: {CheckVersionMatch, CheckCMIDMatch, CheckTimeMatch, CheckRandHash, CheckIVEquals, CheckCountPolicy},
		V6: {CheckVersionMatch, CheckCMIDMatch, CheckTimeMatch, CheckRandHash, CheckXorSalts, CheckIVDiffers, CheckCountPolicy},
	}
	for _, v := range vectors(t).Vectors {
		resp, err := OpenResponse(v.ResponseMessage, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Response != v.response() {
			t.Errorf("%s: %+v", v.ID, resp.Response)
		}
		if err := resp.Verification.Err(); err != nil {
			t.Errorf("%s: %v", v.ID, err)
		}
		if got := resp.Verification.With(NotPossible); !slices.Equal(got, needs[v.Version]) {
			t.Errorf("%s: not possible: %v, want %v", v.ID, got, needs[v.Version])
		}
		// Together with the request nothing is left out or made twice.
		both, _ := OpenResponse(v.ResponseMessage, openRequest(t, v.RequestMessage))
		if len(both.Verification) != len(resp.Verification) {
			t.Errorf("%s: %d checks with the request, %d alone", v.ID, len(both.Verification), len(resp.Verification))
		}
	}
}

// Recorded answers with one bit altered on the way, and what an independent
// decoder found wrong with each.
func TestAlteredResponses(t *testing.T) {
	var cases []struct {
		RequestPDU  hexBytes `json:"request_pdu"`
		ResponsePDU hexBytes `json:"response_pdu"`
		HRESULT     string
		EPID        *string
		Workstation string
		FailedCheck []CheckID `json:"failed_checks"`
	}
	load(t, "altered.json", &cases)
	for i, c := range cases {
		req := openRequest(t, messageOf(t, c.RequestPDU))
		if req.Workstation != c.Workstation {
			t.Errorf("%d: asked by %q, want %q", i, req.Workstation, c.Workstation)
		}
		pdu, err := dcerpc.ParsePDU(c.ResponsePDU)
		if err != nil {
			t.Fatal(err)
		}
		body, err := dcerpc.ParseResponse(pdu)
		if err != nil {
			t.Fatal(err)
		}
		stub, err := dcerpc.ParseResponseStub(body.Stub, dcerpc.EncodingUnknown, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("0x%08x", stub.HRESULT); got != c.HRESULT {
			t.Errorf("%d: HRESULT %s, want %s", i, got, c.HRESULT)
		}
		resp, err := OpenResponse(stub.Message, req)
		if err != nil {
			t.Fatal(err)
		}
		got := resp.Verification.With(Failed)
		slices.Sort(got)
		if !slices.Equal(got, c.FailedCheck) {
			t.Errorf("%d: failed %v, want %v", i, got, c.FailedCheck)
		}
		if resp.Decoded != (c.EPID != nil) || resp.Decoded && resp.EPID != *c.EPID {
			t.Errorf("%d: ePID %q, want %v", i, resp.EPID, c.EPID)
		}
	}
}

// Recorded requests of versions that do not exist, which their host refused.
func TestUnknownVersions(t *testing.T) {
	var cases []struct {
		Version Version
		Message hexBytes `json:"request_message"`
	}
	load(t, "unknown_versions.json", &cases)
	for _, c := range cases {
		o := openRequest(t, c.Message)
		if o.Version != c.Version || o.Outer != c.Version || o.NPolicy != 25 || o.Verification.Err() != nil {
			t.Errorf("%s: %+v", c.Version, o)
		}
		covering(t, o.Fields(), len(c.Message))
		c.Message[len(c.Message)-1] ^= 1
		if _, err := OpenRequest(c.Message); !errors.Is(err, ErrVersion) {
			t.Errorf("%s, altered: %v", c.Version, err)
		}
	}
	if len(cases) != 2 {
		t.Errorf("%d cases", len(cases))
	}
}

// messageOf returns the KMS message in a request PDU.
func messageOf(t testing.TB, pdu []byte) []byte {
	t.Helper()
	p, err := dcerpc.ParsePDU(pdu)
	if err != nil {
		t.Fatal(err)
	}
	r, err := dcerpc.ParseRequest(p)
	if err != nil {
		t.Fatal(err)
	}
	s, err := dcerpc.ParseRequestStub(r.Stub, dcerpc.EncodingUnknown, p.BigEndian())
	if err != nil {
		t.Fatal(err)
	}
	return s.Message
}

func TestFlippedRequestBits(t *testing.T) {
	for _, v := range []Version{V4, V5, V6} {
		msg := bytes.Clone(vectorOf(t, v).RequestMessage)
		for i := range msg {
			msg[i] ^= 0x10
			o, err := OpenRequest(msg)
			msg[i] ^= 0x10
			if detected := err != nil || o.Verification.Err() != nil; !detected && (v == V4 || i < 4) {
				t.Errorf("V%d: byte %d altered unnoticed", v.Major(), i)
			}
		}
	}
}

// Every byte of V4 and V6 answers is covered. Nothing but echoes, hash, IV and
// padding covers V5: a block in the middle of the ePID can change unnoticed.
func TestFlippedResponseBits(t *testing.T) {
	for _, id := range []Version{V4, V5, V6} {
		v := vectorOf(t, id)
		req := openRequest(t, v.RequestMessage)
		msg := bytes.Clone(v.ResponseMessage)
		unnoticed := 0
		for i := range msg {
			for bit := range 8 {
				msg[i] ^= 1 << bit
				o, err := OpenResponse(msg, req)
				msg[i] ^= 1 << bit
				if err != nil || o.Verification.Err() != nil {
					continue
				}
				unnoticed++
				// An altered cipher block garbles its own text and one bit of
				// the next: five blocks touch nothing but ePID.
				if id != V5 || i < 36 || i >= 116 {
					t.Errorf("V%d: bit %d of byte %d altered unnoticed", id.Major(), bit, i)
				}
			}
		}
		if id == V5 && unnoticed == 0 {
			t.Error("V5 notices everything: this test or its comment is wrong")
		}
	}
}

func TestErrorStubs(t *testing.T) {
	for _, s := range vectors(t).ErrorStubs {
		pdu, err := dcerpc.ParsePDU(s.ResponsePDU)
		if err != nil {
			t.Fatal(err)
		}
		body, err := dcerpc.ParseResponse(pdu)
		if err != nil {
			t.Fatal(err)
		}
		stub, err := dcerpc.ParseResponseStub(body.Stub, dcerpc.EncodingUnknown, false)
		if err != nil || stub.Message != nil || stub.Encoding.String() != s.Syntax {
			t.Errorf("%+v, %v", stub, err)
		}
		hr := HRESULT(stub.HRESULT)
		if got := fmt.Sprintf("0x%08X", uint32(hr)); got != s.HRESULT || hr.Name() == "" {
			t.Errorf("%s %q, want %s with a name", got, hr.Name(), s.HRESULT)
		}
		if got := answerPDU(stub.Encoding, pdu.CallID, body.ContextID, nil, hr); !bytes.Equal(got, s.ResponsePDU) {
			t.Errorf("encoded\n%x, want\n%x", got, s.ResponsePDU)
		}
	}
}

func TestVerifyErrorIs(t *testing.T) {
	v := vectorOf(t, V6)
	msg := bytes.Clone(v.ResponseMessage)
	msg[200] ^= 1
	o, err := OpenResponse(msg, openRequest(t, v.RequestMessage))
	if err != nil {
		t.Fatal(err)
	}
	err = o.Verification.Err()
	var ve *VerifyError
	if !errors.As(err, &ve) || ve.Check.Field == "" || ve.Check.Detail == "" {
		t.Fatalf("%v", err)
	}
	if !errors.Is(err, &VerifyError{Check{ID: CheckHMAC}}) {
		t.Errorf("not found among %v", err)
	}
	if errors.Is(err, &VerifyError{Check{ID: CheckMAC}}) {
		t.Error("a check that V6 does not have failed")
	}
}
