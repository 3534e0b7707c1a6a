package kms

import "fmt"

// An HRESULT is the host's verdict on a request.
type HRESULT uint32

// The verdicts that occur on the wire. Codes that Windows only shows locally,
// such as 0xC004F074, are not among them.
const (
	OK                  HRESULT = 0          // accepted and counted; whether the count suffices is another matter
	ErrAccessDenied     HRESULT = 0x80070005 // access denied
	ErrInvalidData      HRESULT = 0x8007000D // the host does not support the protocol version, or the message is malformed
	ErrInvalidArg       HRESULT = 0xC004D104 // the host's client table is exhausted
	ErrHostNotActivated HRESULT = 0xC004F041 // the KMS host itself is not activated
	ErrKeyMismatch      HRESULT = 0xC004F042 // the host's key does not cover the product
	ErrInvalidKey       HRESULT = 0xC004F050 // the product key is invalid
	ErrVMNotSupported   HRESULT = 0xC004F06B // an old host that refuses to run in a virtual machine
	ErrTimestamp        HRESULT = 0xC004F06C // client and host clocks differ by more than four hours
)

var hresultNames = map[HRESULT]string{
	OK:                  "S_OK",
	ErrAccessDenied:     "E_ACCESSDENIED",
	ErrInvalidData:      "ERROR_INVALID_DATA",
	ErrInvalidArg:       "SL_REMAPPING_SP_STATUS_INVALIDARG",
	ErrHostNotActivated: "SL_E_VL_KEY_MANAGEMENT_SERVICE_NOT_ACTIVATED",
	ErrKeyMismatch:      "SL_E_VL_KEY_MANAGEMENT_SERVICE_ID_MISMATCH",
	ErrInvalidKey:       "SL_E_INVALID_PRODUCT_KEY",
	ErrVMNotSupported:   "SL_E_VL_KEY_MANAGEMENT_SERVICE_VM_NOT_SUPPORTED",
	ErrTimestamp:        "SL_E_VL_INVALID_TIMESTAMP",
}

// Name returns the symbolic name, or "" when the code has none here.
func (h HRESULT) Name() string { return hresultNames[h] }

// String returns the number and the name: "0xC004F06C (SL_E_VL_INVALID_TIMESTAMP)".
func (h HRESULT) String() string {
	if n := h.Name(); n != "" {
		return fmt.Sprintf("0x%08X (%s)", uint32(h), n)
	}
	return fmt.Sprintf("0x%08X", uint32(h))
}
