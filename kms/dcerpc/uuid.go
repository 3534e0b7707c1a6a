package dcerpc

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// A UUID is a universally unique identifier, which Microsoft calls GUID, in the
// order it has on a little-endian wire: the first three fields little-endian,
// the last eight bytes as they are. Two UUIDs can be compared with ==.
type UUID [16]byte

// ErrUUID says that a text is not a UUID.
var ErrUUID = errors.New("not a GUID")

// textOrder gives, for each byte of the text form, its index on the wire.
var textOrder = [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}

// ParseUUID reads the 36-character text form, in either case, with or without
// braces around it. Its errors wrap [ErrUUID].
func ParseUUID(s string) (UUID, error) {
	var u UUID
	return u, u.UnmarshalText([]byte(s))
}

// MustParseUUID is ParseUUID for texts known to be valid; it panics on others.
// It is meant for package variables.
func MustParseUUID(s string) UUID {
	u, err := ParseUUID(s)
	if err != nil {
		panic(err)
	}
	return u
}

// UnmarshalText reads what [ParseUUID] reads, and leaves u as it is on an error.
func (u *UUID) UnmarshalText(text []byte) error {
	s := text
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		s = s[1:37]
	}
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return fmt.Errorf("%w: %.50q", ErrUUID, text)
	}
	var digits [32]byte
	n := 0
	for i, c := range s {
		if i != 8 && i != 13 && i != 18 && i != 23 {
			digits[n] = c
			n++
		}
	}
	var b, wire [16]byte
	if _, err := hex.Decode(b[:], digits[:]); err != nil {
		return fmt.Errorf("%w: %.50q", ErrUUID, text)
	}
	for i, at := range textOrder {
		wire[at] = b[i]
	}
	*u = wire
	return nil
}

// AppendText appends the 36-character lower-case text form.
func (u UUID) AppendText(dst []byte) ([]byte, error) {
	for i, at := range textOrder {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, u[at:at+1])
	}
	return dst, nil
}

// MarshalText returns the 36-character lower-case text form.
func (u UUID) MarshalText() ([]byte, error) {
	return u.AppendText(make([]byte, 0, 36))
}

// String returns the 36-character lower-case text form.
func (u UUID) String() string {
	text, _ := u.MarshalText()
	return string(text)
}

// IsZero tells whether all bytes are zero.
func (u UUID) IsZero() bool { return u == UUID{} }

// swap exchanges the byte orders of the first three fields.
func (u *UUID) swap() {
	u[0], u[1], u[2], u[3] = u[3], u[2], u[1], u[0]
	u[4], u[5] = u[5], u[4]
	u[6], u[7] = u[7], u[6]
}
