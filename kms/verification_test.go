package kms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// Each case spoils one thing that a host seals into its answer.
func TestEachCheck(t *testing.T) {
	type sealed struct {
		base     []byte
		r        Response
		req      OpenedRequest
		iv       [16]byte
		slot     uint64
		tail     []byte // appended to the plain text or the V4 message
		reseal   Version
		otherReq func(*OpenedRequest)
	}
	epid := func(b []byte) func(*sealed) {
		return func(s *sealed) {
			out := append([]byte(nil), s.base[:4]...)
			out = binary.LittleEndian.AppendUint32(out, uint32(len(b)))
			out = append(out, b...)
			s.base = append(out, s.base[len(s.base)-36:]...)
		}
	}
	other := func(f func(*OpenedRequest)) func(*sealed) { return func(s *sealed) { s.otherReq = f } }
	for _, tc := range []struct {
		name    string
		version Version
		spoil   func(*sealed)
		failed  []CheckID
		noted   []CheckID
	}{
		{"intact", V4, func(*sealed) {}, nil, nil},
		{"intact", V5, func(*sealed) {}, nil, nil},
		{"intact", V6, func(*sealed) {}, nil, nil},
		{"other CMID", V6, other(func(o *OpenedRequest) { o.CMID[0]++ }), []CheckID{CheckCMIDMatch}, nil},
		{"other time", V5, other(func(o *OpenedRequest) { o.ClientTime++ }), []CheckID{CheckTimeMatch}, nil},
		{"other CMID", V4, other(func(o *OpenedRequest) { o.CMID[15]++ }), []CheckID{CheckCMIDMatch}, nil},
		{"other request", V6, other(func(o *OpenedRequest) { o.DecryptedIV[3]++ }), []CheckID{CheckRandHash, CheckXorSalts}, nil},
		{"other request", V5, other(func(o *OpenedRequest) { o.DecryptedIV[3]++ }), []CheckID{CheckRandHash}, nil},
		{"other IV", V5, func(s *sealed) { s.iv[5]++ }, []CheckID{CheckIVEquals}, nil},
		{"IV used again", V6, func(s *sealed) { s.iv = s.req.IV }, nil, []CheckID{CheckIVDiffers}},
		{"slot before", V6, func(s *sealed) { s.slot-- }, nil, nil},
		{"slot after", V6, func(s *sealed) { s.slot++ }, nil, nil},
		{"slot far off", V6, func(s *sealed) { s.slot += 2 }, []CheckID{CheckHMAC}, nil},
		{"few clients", V6, other(func(o *OpenedRequest) { o.NPolicy = 51 }), nil, []CheckID{CheckCountPolicy}},
		{"few clients", V4, other(func(o *OpenedRequest) { o.NPolicy = 51 }), nil, []CheckID{CheckCountPolicy}},
		{"inner version", V6, func(s *sealed) { s.base[0] = 1 }, []CheckID{CheckInnerVersion, CheckVersionMatch}, nil},
		{"odd ePID", V6, epid(bytes.Repeat([]byte{'a'}, 7)), []CheckID{CheckEPIDLen}, nil},
		{"no ePID", V4, epid(nil), []CheckID{CheckEPIDLen}, nil},
		{"ePID without NUL", V5, epid([]byte("a\x00b\x00")), []CheckID{CheckEPIDLen}, nil},
		{"ePID with an early NUL", V5, epid([]byte("a\x00\x00\x00b\x00\x00\x00")), []CheckID{CheckEPIDLen}, nil},
		{"ePID of 130 bytes", V6, epid(append(bytes.Repeat([]byte("a\x00"), 64), 0, 0)), []CheckID{CheckEPIDLen}, nil},
		{"empty ePID", V6, epid([]byte{0, 0}), nil, nil},
		{"longer than its fields", V6, func(s *sealed) { s.tail = make([]byte, 3) }, []CheckID{CheckExactSize}, nil},
		{"longer than its fields", V4, func(s *sealed) { s.tail = make([]byte, 1) }, []CheckID{CheckExactSize}, nil},
		{"absurd ePID length", V5, func(s *sealed) { s.base[7] = 0x80 }, []CheckID{CheckDecodable}, nil},
		{"absurd ePID length", V4, func(s *sealed) { s.base[5] = 1 }, []CheckID{CheckDecodable}, nil},
		{"a V5 answer to V6", V6, func(s *sealed) { s.reseal = V5; s.iv = s.req.IV }, []CheckID{CheckInnerVersion, CheckVersionMatch}, nil},
	} {
		t.Run(tc.version.String()+" "+tc.name, func(t *testing.T) {
			v := vectorOf(t, tc.version)
			s := sealed{r: v.response(), req: *openRequest(t, v.RequestMessage), reseal: tc.version}
			copy(s.iv[:], v.ResponseIV)
			s.base, _ = s.r.AppendBase(nil)
			s.slot = kmscrypt.Slot(uint64(s.r.ClientTime))
			tc.spoil(&s)
			s.r.Version = s.reseal
			msg := sealBase(s.base, s.r, &s.req, s.iv, [16]byte{9, 8, 7}, s.slot)
			if s.tail != nil {
				msg = lengthen(t, msg, s.tail)
			}
			if s.otherReq != nil {
				s.otherReq(&s.req)
			}
			o, err := OpenResponse(msg, &s.req)
			if err != nil {
				t.Fatal(err)
			}
			if got := o.Verification.With(Failed); !slices.Equal(got, tc.failed) {
				t.Errorf("failed %v, want %v: %v", got, tc.failed, o.Verification.Err())
			}
			if got := o.Verification.With(Noted); !slices.Equal(got, tc.noted) {
				t.Errorf("noted %v, want %v", got, tc.noted)
			}
			if shift := int(s.slot - kmscrypt.Slot(uint64(s.r.ClientTime))); tc.failed == nil && o.SlotShift != shift {
				t.Errorf("slot shift %d, want %d", o.SlotShift, shift)
			}
			for _, c := range o.Verification {
				if (c.Status == Passed) != (c.Detail == "") || c.Offset < 0 || c.Offset > len(msg) {
					t.Errorf("%+v", c)
				}
			}
		})
	}
}

// lengthen adds bytes behind the last field of a sealed answer.
func lengthen(t *testing.T, msg, tail []byte) []byte {
	t.Helper()
	cipher := cipherOf(Version(binary.LittleEndian.Uint32(msg)))
	if cipher == nil {
		return append(msg, tail...)
	}
	iv, plain := [16]byte(msg[4:20]), bytes.Clone(msg[20:])
	cipher.DecryptCBC(iv, plain)
	n, err := kmscrypt.Unpad(plain)
	if err != nil {
		t.Fatal(err)
	}
	plain = append(plain[:n], tail...)
	plain = kmscrypt.Pad(plain, len(plain))
	cipher.EncryptCBC(iv, plain)
	return append(bytes.Clone(msg[:20]), plain...)
}

func TestRequestChecks(t *testing.T) {
	reseal := func(change func(plain []byte) []byte) []byte {
		v := vectorOf(t, V6)
		plain := change(bytes.Clone(v.RequestPlain))
		kmscrypt.V6.EncryptCBC(v.iv(), plain)
		return append(bytes.Clone(v.RequestMessage[:20]), plain...)
	}
	for _, tc := range []struct {
		name    string
		msg     []byte
		failed  CheckID
		decoded bool
	}{
		{"inner version", reseal(func(p []byte) []byte { p[2] = 5; return p }), CheckReqInnerVersion, true},
		{"padding", reseal(func(p []byte) []byte { p[239] = 17; return p }), CheckReqPadding, false},
		{"size", reseal(func(p []byte) []byte { p[239] = 1; return p }), CheckReqExactSize, true},
		{"MAC", append(bytes.Clone(vectorOf(t, V4).RequestMessage[:251]), 0), CheckReqMAC, true},
	} {
		o := openRequest(t, tc.msg)
		if got := o.Verification.With(Failed); len(got) != 1 || got[0] != tc.failed || o.Decoded != tc.decoded {
			t.Errorf("%s: failed %v, decoded %v", tc.name, got, o.Decoded)
		}
	}
}

// An answer cannot be compared with a request that could not be read.
func TestUnreadableRequest(t *testing.T) {
	v := vectorOf(t, V6)
	bad := bytes.Clone(v.RequestMessage)
	bad[259] ^= 1
	req := openRequest(t, bad)
	if req.Decoded || req.Request != (Request{}) {
		t.Fatalf("%+v", req.Request)
	}
	o, err := OpenResponse(v.ResponseMessage, req)
	if err != nil {
		t.Fatal(err)
	}
	// The IV is in the clear, so that the proofs still hold.
	want := []CheckID{CheckCMIDMatch, CheckTimeMatch, CheckCountPolicy}
	if got := o.Verification.With(NotPossible); !slices.Equal(got, want) || o.Verification.Err() != nil {
		t.Errorf("not possible %v, want %v; %v", got, want, o.Verification.Err())
	}
}

func TestOpenErrors(t *testing.T) {
	v := vectorOf(t, V6)
	v4 := vectorOf(t, V4)
	change := func(b []byte, at int, c byte) []byte { b = bytes.Clone(b); b[at] = c; return b }
	request := func(b []byte) error { _, err := OpenRequest(b); return err }
	response := func(b []byte) error { _, err := OpenResponse(b, nil); return err }
	for _, tc := range []struct {
		name string
		err  error
		want error
	}{
		{"empty request", request(nil), dcerpc.ErrTruncated},
		{"empty response", response(nil), dcerpc.ErrTruncated},
		{"request of version 7", request(change(v.RequestMessage, 2, 7)), ErrVersion},
		{"response of version 3", response(change(v.ResponseMessage, 2, 3)), ErrVersion},
		{"V6 request of the size of V4", request(change(v4.RequestMessage, 2, 6)), dcerpc.ErrLength},
		{"cut request", request(v.RequestMessage[:259]), dcerpc.ErrLength},
		{"cut response", response(v.ResponseMessage[:259]), dcerpc.ErrLength},
		{"response without a body", response(v.ResponseMessage[:20]), dcerpc.ErrLength},
		{"huge response", response(append(bytes.Clone(v.ResponseMessage), make([]byte, 256)...)), dcerpc.ErrTooLarge},
		{"seal version 7", func() error { _, err := (Request{Version: 7 << 16}).Seal([16]byte{}); return err }(), ErrVersion},
	} {
		if !errors.Is(tc.err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, tc.err, tc.want)
		}
		var de *DecodeError
		if !strings.HasPrefix(tc.name, "seal") && !errors.As(tc.err, &de) {
			t.Errorf("%s: %v says not where", tc.name, tc.err)
		}
	}
}
