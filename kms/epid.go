package kms

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An EPID is a host's extended product id taken apart. Its text is
//
//	PPPPP-GGGGG-AAA-BBBBBB-CC-LCID-BUILD.0000-DDDYYYY
//
// and tells the system and the key at the time the host key was activated, not
// those of today.
type EPID struct {
	Platform uint32 // PPPPP: the host's generation of Windows; 3612 is 10 and Server 2016, and later
	Group    uint32 // GGGGG: group of the host key
	KeyID    uint32 // AAABBBBBB: with the group it names the host key
	Channel  uint32 // CC: 0 and 1 retail, 2 OEM, 3 volume
	LCID     uint32 // the host's language: 1033 is US English
	Build    uint32 // the host's build: 17763
	Revision uint32 // what follows the dot, usually 0
	Day      uint32 // DDD: day of the year of the activation, 1 to 366
	Year     uint32 // YYYY
}

// An EPIDError says which part of a text cannot be that of an ePID. The
// protocol allows any text there, so this is no fault of a message.
type EPIDError struct {
	Part string // "key id"; "parts" when there are not eight
	Text string // of the part
}

func (e *EPIDError) Error() string { return fmt.Sprintf("ePID: %s: %.80q", e.Part, e.Text) }

// ParseEPID splits an ePID. With an error, of type [*EPIDError], it returns the
// parts that it could read.
func ParseEPID(s string) (EPID, error) {
	var e EPID
	parts := strings.Split(s, "-")
	if len(parts) != 8 {
		return e, &EPIDError{"parts", s}
	}
	build, revision, dotted := strings.Cut(parts[6], ".")
	if !dotted {
		revision = "0"
	}
	var high, low, date uint32
	var first error
	for _, f := range [...]struct {
		name, text string
		digits     int // at most; exactly if negative
		to         *uint32
	}{
		{"platform id", parts[0], 5, &e.Platform},
		{"group id", parts[1], 5, &e.Group},
		{"key id", parts[2], 3, &high},
		{"key id", parts[3], -6, &low},
		{"channel", parts[4], 2, &e.Channel},
		{"language", parts[5], 5, &e.LCID},
		{"build", build, 6, &e.Build},
		{"revision", revision, 6, &e.Revision},
		{"date", parts[7], -7, &date},
	} {
		n, ok := digits(f.text, f.digits)
		if !ok && first == nil {
			first = &EPIDError{f.name, f.text}
		}
		*f.to = n
	}
	e.KeyID = high*1_000_000 + low
	e.Day, e.Year = date/10_000, date%10_000
	return e, first
}

// digits reads a decimal number of 1 to most digits, or of exactly -most.
func digits(s string, most int) (uint32, bool) {
	if len(s) > max(most, -most) || (most < 0 && len(s) != -most) || strings.HasPrefix(s, "+") {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil
}

// Activated returns the day, in UTC, on which the host key was activated. It is
// false for a day that the year does not have; some emulators write day 0.
func (e EPID) Activated() (time.Time, bool) {
	day := time.Date(int(e.Year), time.January, int(e.Day), 0, 0, 0, 0, time.UTC)
	return day, e.Day > 0 && e.Year > 0 && day.Year() == int(e.Year)
}

// String returns the text form with the usual widths.
func (e EPID) String() string {
	return fmt.Sprintf("%05d-%05d-%03d-%06d-%02d-%d-%d.%04d-%03d%04d", e.Platform, e.Group,
		e.KeyID/1_000_000, e.KeyID%1_000_000, e.Channel, e.LCID, e.Build, e.Revision, e.Day, e.Year)
}
