package errors

import "fmt"

// Code is a status code as Windows' licensing tools print it: an HRESULT, or
// an NTSTATUS where a component lets one through. Host byte order has no
// meaning here; the number is compared as printed.
type Code uint32

// OK is success, the first field of a good 12288, 12289 or 12290 event.
const OK Code = 0

// facilityWin32 is the facility of an HRESULT that carries a Win32 number
// (MS-ERREF 2.1.1, FACILITY_WIN32).
const facilityWin32 = 7

// FromWin32 wraps a Win32 error number in an HRESULT, as HRESULT_FROM_WIN32
// does: 1722 becomes 0x800706BA. Zero stays [OK]; a number above 0xFFFF is no
// Win32 error and is returned unchanged.
func FromWin32(n uint32) Code {
	if n == 0 || n > 0xFFFF {
		return Code(n)
	}
	return Code(0x80000000 | facilityWin32<<16 | n)
}

// String gives the notation used throughout: 0x and eight upper-case digits.
func (c Code) String() string { return fmt.Sprintf("0x%08X", uint32(c)) }

// Signed is the code as scripts print a signed HRESULT: -1073418124 for
// 0xC004F074.
func (c Code) Signed() int32 { return int32(c) }

// Failed reports whether the severity bit says failure. 0x4004F040 and its
// kind are notes on a success.
func (c Code) Failed() bool { return c&0x80000000 != 0 }

// MarshalText writes the notation of [Code.String].
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads any notation that [Parse] reads.
func (c *Code) UnmarshalText(text []byte) error {
	got, err := Parse(string(text))
	if err != nil {
		return err
	}
	*c = got
	return nil
}
