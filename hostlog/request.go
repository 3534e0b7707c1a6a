package hostlog

import (
	"bytes"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
)

// Request is one event 12290: a KMS host processed a client's request. Machine
// points into the reader's buffer and holds until the next request is read.
type Request struct {
	Time       time.Time // of the log entry, UTC, by the host's clock; zero where the entry shows none
	HRESULT    uint32    // returned to the client
	N          int       // minimum count asked for
	Machine    []byte    // client name as sent, UTF-8, at most maxName bytes
	CMID       kms.GUID
	ClientTime time.Time // UTC to the minute, by the client's clock; zero where unreadable
	VM         bool
	Status     kms.LicenseStatus
	Minutes    int64    // left in that status
	SKU        kms.GUID // activation id of the product; zero where unreadable
	Record     int64    // number of the entry in its log; 0 where the entry shows none
}

// maxName cuts names of machines: a DNS name has 255 bytes at most, the field
// of a request 126.
const maxName = 255

// listStart finds the Info list of an event in a text: a number with 0x, a
// comma, a short number, a comma. It returns -1 where there is none.
func listStart(text []byte) int {
	for from := 0; ; {
		at := bytes.Index(text[from:], []byte("0x"))
		if at < 0 {
			return -1
		}
		at += from
		if isListStart(text[at:]) {
			return at
		}
		from = at + 2
	}
}

func isListStart(s []byte) bool {
	if len(s) < 5 || s[0] != '0' || s[1] != 'x' && s[1] != 'X' {
		return false
	}
	_, n := hexNumber(s[2:])
	if n == 0 || n > 8 {
		return false
	}
	rest := trimLeft(s[2+n:])
	if len(rest) == 0 || rest[0] != ',' {
		return false
	}
	rest = trimLeft(rest[1:])
	d := leadingDigits(rest)
	if d == 0 || d > 3 {
		return false
	}
	rest = trimLeft(rest[d:])
	return len(rest) > 0 && rest[0] == ','
}

// The tail of a list behind the machine's name: CMID, client time, VM, status,
// minutes, activation id.
const tailFields = 6

// parseList reads an Info list. A name may hold commas, so the fields behind it
// are counted from the end.
func parseList(s []byte, r *Request) bool {
	hrField, rest, ok := bytes.Cut(s, comma)
	if !ok || len(hrField) < 3 {
		return false
	}
	hrField = bytes.TrimSpace(hrField)
	if len(hrField) < 3 || hrField[0] != '0' || hrField[1]|0x20 != 'x' {
		return false
	}
	hr, n := hexNumber(hrField[2:])
	if n == 0 || n > 8 || n != len(hrField)-2 {
		return false
	}
	minimum, rest, ok := bytes.Cut(rest, comma)
	if !ok {
		return false
	}
	var tail [tailFields][]byte
	for i := tailFields - 1; i >= 0; i-- {
		at := bytes.LastIndexByte(rest, ',')
		if at < 0 {
			return false
		}
		tail[i], rest = bytes.TrimSpace(rest[at+1:]), rest[:at]
	}
	*r = Request{HRESULT: hr, Machine: cutName(bytes.TrimSpace(rest))}
	var fits [5]bool
	var vm, status int64
	var count int64
	count, fits[0] = decimal(bytes.TrimSpace(minimum))
	r.CMID, fits[1] = parseGUID(tail[0])
	vm, fits[2] = decimal(tail[2])
	status, fits[3] = decimal(tail[3])
	r.Minutes, fits[4] = decimal(tail[4])
	for _, fit := range fits {
		if !fit {
			return false
		}
	}
	if count > 1000 || vm > 1 || status > 1000 {
		return false
	}
	r.N, r.VM, r.Status = int(count), vm == 1, kms.LicenseStatus(status)
	r.ClientTime, _ = listTime(tail[1])
	sku := tail[5]
	if len(sku) > 36 {
		sku = sku[:36] // a tag or a quotation mark behind the list
	}
	r.SKU, ok = parseGUID(sku)
	return ok
}

var comma = []byte{','}

// cutName bounds a machine's name, at a whole character.
func cutName(s []byte) []byte {
	if len(s) <= maxName {
		return s
	}
	n := maxName
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// listTime reads the client time of a list: year first, or month first as in
// older guides; zero-padded or not; UTC.
func listTime(s []byte) (time.Time, bool) {
	var n [6]int
	got := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < '0' || c > '9' {
			if c != '/' && c != '-' && c != ' ' && c != ':' && c != 'T' && c != '.' && c != 'Z' {
				return time.Time{}, false
			}
			i++
			continue
		}
		w := leadingDigits(s[i:])
		if w > 4 || got == len(n) {
			return time.Time{}, false
		}
		v, _ := decimal(s[i : i+w])
		n[got] = int(v)
		got++
		i += w
	}
	if got < 5 {
		return time.Time{}, false
	}
	if n[0] < 1000 && n[2] >= 1000 {
		n[0], n[1], n[2] = n[2], n[0], n[1]
	}
	return date(n[0], n[1], n[2], n[3], n[4], n[5])
}

// date is time.Date for a date and time that exist, UTC, within the years a log
// can be of.
func date(y, m, d, hour, minute, second int) (time.Time, bool) {
	if y < minYear || y > maxYear || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	return time.Date(y, time.Month(m), d, hour, minute, second, 0, time.UTC), true
}

// KMS exists since 2006; beyond the last year a date is a mistake.
const (
	minYear = 2000
	maxYear = 2105
)

func daysIn(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
