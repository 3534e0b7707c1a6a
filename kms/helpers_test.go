package kms

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hexBytes is hex text in JSON.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// A vector is one exchange recorded between other implementations.
type vector struct {
	ID              string
	Version         Version
	Syntax          string
	RequestPDU      hexBytes `json:"request_pdu"`
	RequestMessage  hexBytes `json:"request_message"`
	ResponsePDU     hexBytes `json:"response_pdu"`
	ResponseMessage hexBytes `json:"response_message"`
	RequestIV       hexBytes `json:"request_iv"`
	ResponseIV      hexBytes `json:"response_iv"`
	RequestPlain    hexBytes `json:"request_plain_padded"`
	ResponsePlain   hexBytes `json:"response_plain_padded"`
	Random          hexBytes `json:"random"`
	HMACKey         hexBytes `json:"hmac_key"`
	Fields          struct {
		IsVM               uint32        `json:"is_vm"`
		LicenseStatus      LicenseStatus `json:"license_status"`
		GraceMinutes       uint32        `json:"grace_minutes"`
		AppID              GUID          `json:"app_id"`
		SKUID              GUID          `json:"sku_id"`
		KMSID              GUID          `json:"kms_id"`
		CMID               GUID          `json:"cmid"`
		NPolicy            uint32        `json:"n_policy"`
		ClientTime         Filetime      `json:"client_time_ft"`
		ClientTimeText     string        `json:"client_time"`
		PrevCMID           GUID          `json:"prev_cmid"`
		Workstation        string        `json:"workstation"`
		EPID               string        `json:"epid"`
		Count              uint32        `json:"count"`
		ActivationInterval uint32        `json:"activation_interval"`
		RenewalInterval    uint32        `json:"renewal_interval"`
		HwID               hexBytes      `json:"hwid"`
	}
}

func (v vector) request() Request {
	f := v.Fields
	return Request{
		Version: v.Version, VMInfo: f.IsVM, LicenseStatus: f.LicenseStatus, RemainingMinutes: f.GraceMinutes,
		AppID: f.AppID, SKUID: f.SKUID, CountedID: f.KMSID, CMID: f.CMID, NPolicy: f.NPolicy,
		ClientTime: f.ClientTime, PreviousCMID: f.PrevCMID, Workstation: f.Workstation,
	}
}

func (v vector) response() Response {
	f := v.Fields
	r := Response{
		Version: v.Version, EPID: f.EPID, CMID: f.CMID, ClientTime: f.ClientTime, Count: f.Count,
		ActivationInterval: f.ActivationInterval, RenewalInterval: f.RenewalInterval,
	}
	copy(r.HwID[:], f.HwID)
	return r
}

func (v vector) iv() (iv [16]byte) {
	copy(iv[:], v.RequestIV)
	return iv
}

type vectorFile struct {
	Vectors    []vector
	ErrorStubs []struct {
		Syntax      string
		HRESULT     string
		ResponsePDU hexBytes `json:"response_pdu"`
	} `json:"error_stubs"`
}

func load(t testing.TB, name string, to any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(b, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func vectors(t testing.TB) vectorFile {
	t.Helper()
	var f vectorFile
	load(t, "vectors.json", &f)
	return f
}

// vectorOf returns the first vector of a version.
func vectorOf(t testing.TB, version Version) vector {
	t.Helper()
	for _, v := range vectors(t).Vectors {
		if v.Version == version {
			return v
		}
	}
	t.Fatalf("no vector of version %s", version)
	return vector{}
}

// sealResponse makes the answer that a host would give: the inverse of
// OpenResponse, for tests alone.
func sealResponse(t testing.TB, r Response, req *OpenedRequest, iv, random [16]byte) []byte {
	t.Helper()
	base, err := r.AppendBase(nil)
	if err != nil {
		t.Fatal(err)
	}
	return sealBase(base, r, req, iv, random, kmscrypt.Slot(uint64(r.ClientTime)))
}

func sealBase(base []byte, r Response, req *OpenedRequest, iv, random [16]byte, slot uint64) []byte {
	cipher := cipherOf(r.Version)
	if cipher == nil {
		mac := kmscrypt.MACV4(base)
		return append(base, mac[:]...)
	}
	var field [16]byte
	subtle.XORBytes(field[:], random[:], req.DecryptedIV[:])
	hash := sha256.Sum256(random[:])
	plain := append(append(base, field[:]...), hash[:]...)
	if r.Version.Major() == 6 {
		plain = append(append(plain, r.HwID[:]...), req.DecryptedIV[:]...)
		mac := kmscrypt.MACV6(kmscrypt.HMACKey(slot), cipher.DecryptBlock(iv), plain)
		plain = append(plain, mac[:]...)
	}
	plain = kmscrypt.Pad(plain, len(plain))
	cipher.EncryptCBC(iv, plain)
	msg := binary.LittleEndian.AppendUint32(nil, uint32(r.Version))
	return append(append(msg, iv[:]...), plain...)
}

// answerPDU wraps an answer as a host does.
func answerPDU(e dcerpc.Encoding, callID uint32, contextID uint16, msg []byte, hr HRESULT) []byte {
	stub := dcerpc.AppendResponseStub(nil, e, msg, uint32(hr))
	return dcerpc.Response{ContextID: contextID, Stub: stub}.Append(nil, dcerpc.NewHeader(dcerpc.TypeResponse, callID))
}

func openRequest(t testing.TB, msg []byte) *OpenedRequest {
	t.Helper()
	o, err := OpenRequest(msg)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
