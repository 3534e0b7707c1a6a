package kms

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// A GUID identifies applications, products, groups of products and machines. It
// has the Windows wire order and prints in lower case.
type GUID = dcerpc.UUID

// ParseGUID reads the text form of a GUID, in either case, with or without
// braces. Its errors wrap [dcerpc.ErrUUID].
func ParseGUID(s string) (GUID, error) { return dcerpc.ParseUUID(s) }

// A DecodeError says which field of which bytes cannot be right, and why.
type DecodeError = dcerpc.DecodeError

// A Version is a protocol version: the major number in the high 16 bits, the
// minor number, always 0 so far, in the low ones.
type Version uint32

// The protocol versions: V4 is asked by Windows Vista to 7 and Office 2010, V5
// by Windows 8 and Office 2013, V6 by everything later.
const (
	V4 Version = 4 << 16
	V5 Version = 5 << 16
	V6 Version = 6 << 16
)

// ErrVersion says that a protocol version is none of 4, 5 and 6.
var ErrVersion = errors.New("unknown protocol version")

// Major returns the major number.
func (v Version) Major() uint16 { return uint16(v >> 16) }

// Minor returns the minor number.
func (v Version) Minor() uint16 { return uint16(v) }

// Known tells whether the major number is 4, 5 or 6.
func (v Version) Known() bool { return v.Major() >= 4 && v.Major() <= 6 }

// String returns "6.0".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major(), v.Minor()) }

// MarshalText returns what String does.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads "6.0" or "6". Its errors wrap [ErrVersion].
func (v *Version) UnmarshalText(text []byte) error {
	major, minor, dotted := strings.Cut(string(text), ".")
	a, err := strconv.ParseUint(major, 10, 16)
	b, err2 := uint64(0), error(nil)
	if dotted {
		b, err2 = strconv.ParseUint(minor, 10, 16)
	}
	if err != nil || err2 != nil {
		return fmt.Errorf("%w: %.20q", ErrVersion, text)
	}
	*v = Version(a<<16 | b)
	return nil
}

// A LicenseStatus is what a client says its licence is in.
type LicenseStatus uint32

// The licence states, as the Software Licensing WMI classes number them.
const (
	Unlicensed      LicenseStatus = 0
	Licensed        LicenseStatus = 1
	OOBGrace        LicenseStatus = 2 // out of box: just installed
	OOTGrace        LicenseStatus = 3 // out of tolerance: hardware changed, or not renewed in time
	NonGenuineGrace LicenseStatus = 4
	Notification    LicenseStatus = 5
	ExtendedGrace   LicenseStatus = 6
)

var licenseNames = [...]string{
	"unlicensed", "licensed", "OOB grace", "OOT grace",
	"non-genuine grace", "notification", "extended grace",
}

// String returns the state's name: "OOB grace".
func (s LicenseStatus) String() string {
	if int64(s) < int64(len(licenseNames)) {
		return licenseNames[s]
	}
	return fmt.Sprintf("status %d", uint32(s))
}

// A Filetime counts 100 ns ticks since 1601-01-01 00:00 UTC.
type Filetime uint64

const (
	ticksPerSecond = 10_000_000
	unixEpoch      = 11_644_473_600 // seconds from 1601 to 1970
)

// FiletimeOf converts t, rounding down to a tick. Times that a Filetime cannot
// express become the first or the last that it can.
func FiletimeOf(t time.Time) Filetime {
	s := t.Unix() + unixEpoch
	switch {
	case s < 0:
		return 0
	case s >= math.MaxUint64/ticksPerSecond:
		return math.MaxUint64
	}
	return Filetime(uint64(s)*ticksPerSecond + uint64(t.Nanosecond()/100))
}

// Time converts f to UTC. A hostile f may lie beyond the year 9999, which
// [time.Time.MarshalJSON] refuses.
func (f Filetime) Time() time.Time {
	return time.Unix(int64(f/ticksPerSecond)-unixEpoch, int64(f%ticksPerSecond)*100).UTC()
}

// String returns the time in UTC as RFC 3339 has it.
func (f Filetime) String() string { return f.Time().Format(time.RFC3339Nano) }

// A HwID is the hardware hash of a V6 host: eight opaque bytes.
type HwID [8]byte

// String returns 16 upper-case hex digits.
func (h HwID) String() string { return strings.ToUpper(hex.EncodeToString(h[:])) }
