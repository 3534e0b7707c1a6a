package windows

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	kmserr "github.com/kmsdiag/kmsdiag/errors"
)

// cutLabel splits "Label: value" and "Label . . . : value". A colon inside a
// path, a time or an address is none that ends a label.
func cutLabel(s string) (label, value string, ok bool) {
	from := 0
	for {
		at := strings.IndexByte(s[from:], ':')
		if at < 0 {
			return "", "", false
		}
		at += from
		before, after := s[:at], s[at+1:]
		if len(before) > 120 {
			return "", "", false
		}
		if inner := at > 0 && alnum(s[at-1]) && after != "" && alnum(after[0]); inner && !labelAhead(before) {
			from = at + 1
			continue
		}
		label = strings.TrimRight(before, " .\t")
		if label == "" {
			return "", "", false
		}
		return label, strings.TrimSpace(after), true
	}
}

// labelAhead tells whether a text before a colon without a blank may be a label:
// "hr:0x80070005", "信任时间:2020/2/27", but not "C:\x", "10:30", "host:1688".
func labelAhead(s string) bool {
	last := s
	if i := strings.LastIndexAny(s, " \t"); i >= 0 {
		last = s[i+1:]
	}
	return len(last) > 1 && !strings.ContainsAny(last, ".0123456789\\/") && (strings.Contains(s, " ") || knownLabel(s))
}

// norm makes labels and sentences comparable: lower case, single blanks, no
// final full stop or colon.
func norm(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if strings.Contains(s, "  ") || strings.ContainsAny(s, "\t") {
		s = strings.Join(strings.Fields(s), " ")
	}
	return strings.TrimRight(s, " .:。")
}

// leadingInt reads the number at the beginning of a value; thousands may be
// grouped.
func leadingInt(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (asciiDigit(s[end]) || end == 0 && s[end] == '-' ||
		end > 0 && (s[end] == ',' || s[end] == '.') && digits(s[end+1:]) == 3) {
		end++
	}
	n, err := strconv.ParseInt(strings.NewReplacer(",", "", ".", "").Replace(s[:end]), 10, 64)
	return n, err == nil
}

// digits counts the digits at the beginning of a text.
func digits(s string) int {
	n := 0
	for n < len(s) && asciiDigit(s[n]) {
		n++
	}
	return n
}

// hexValue reads "0x" and up to eight hexadecimal digits at the beginning.
func hexValue(s string) (n uint32, width int, ok bool) {
	if len(s) < 3 || s[0] != '0' || s[1] != 'x' && s[1] != 'X' {
		return 0, 0, false
	}
	i := 2
	for ; i < len(s) && i < 11; i++ {
		d := hexDigit(s[i])
		if d < 0 {
			break
		}
		n = n<<4 | uint32(d)
	}
	if i == 2 || i == 11 {
		return 0, 0, false
	}
	return n, i, true
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// codeIn returns the first status code in a text.
func codeIn(s string) (uint32, bool) {
	if !mayHoldCode(s) {
		return 0, false
	}
	for _, m := range kmserr.Find(s) {
		return uint32(m.Code), true
	}
	return 0, false
}

// mayHoldCode saves the search for codes in lines that cannot have one: it
// wants a hexadecimal digit run of eight or nine digits in a row.
func mayHoldCode(s string) bool {
	run := 0
	for i := 0; i < len(s); i++ {
		if hexDigit(s[i]) < 0 {
			run = 0
			if s[i] >= 0xEF { // full-width forms and the like
				return true
			}
			continue
		}
		if run++; run >= 8 {
			return true
		}
	}
	return false
}

// guid returns the first GUID in a text in lower case.
func guid(s string) (string, bool) {
	for i := 0; i+36 <= len(s); i++ {
		if isGUID(s[i:i+36]) && (i == 0 || !alnum(s[i-1])) && (i+36 == len(s) || !alnum(s[i+36])) {
			return strings.ToLower(s[i : i+36]), true
		}
	}
	return "", false
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < 36; i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if hexDigit(s[i]) < 0 {
			return false
		}
	}
	return true
}

// isEPID tells whether a text has the form of an extended PID.
func isEPID(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != 8 || !strings.Contains(parts[6], ".") {
		return false
	}
	for i, n := range [...]int{5, 5, 3, 6, 2} {
		if len(parts[i]) != n || digits(parts[i]) != n {
			return false
		}
	}
	return digits(parts[7]) == 7
}

// isPartialKey tells whether a text is the last five characters of a key.
func isPartialKey(s string) bool {
	if len(s) != groupLen || s == "XXXXX" {
		return false
	}
	for i := range groupLen {
		if strings.IndexByte(keyLetters, s[i]&^asciiCase(s[i])) < 0 {
			return false
		}
	}
	return true
}

// lastFive tells whether a labelled value is the end of a key and not hidden.
func lastFive(s string) bool {
	return len(s) == groupLen && runEnd(s, 0) == groupLen && s != "XXXXX"
}

func asciiCase(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return 0x20
	}
	return 0
}

// hostPort splits "host:port"; the port is 0 where there is none.
func hostPort(s string) (host string, port int) {
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, ':')
	if at < 0 || strings.Count(s, ":") > 1 && !strings.HasPrefix(s, "[") && !strings.Contains(s, "]") {
		return strings.TrimSuffix(s, "."), 0
	}
	n, err := strconv.Atoi(strings.TrimLeft(strings.TrimSpace(s[at+1:]), "_"))
	if err != nil || n < 0 || n > 65535 {
		return strings.TrimSuffix(s, "."), 0
	}
	return strings.Trim(strings.TrimSuffix(strings.TrimSpace(s[:at]), "."), "[]"), n
}

// address reads an IP address with or without brackets or a zone.
func address(s string) (netip.Addr, bool) {
	s = strings.Trim(strings.TrimSpace(s), "[](){},;")
	if s == "" || len(s) > 64 || !strings.ContainsAny(s, ".:") {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil
}

// isHostName tells whether a word may be a host name with at least one dot.
func isHostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) < 3 || len(s) > 253 || !strings.Contains(s, ".") || s[0] == '.' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !alnum(c) && c != '.' && c != '-' && c != '_' && c < utf8.RuneSelf {
			return false
		}
	}
	return true
}

// eventTime reads the date and time of an event's list, UTC: year first or,
// in old guides, month first; with or without leading zeros.
func eventTime(s string) (time.Time, bool) {
	var n [6]int
	got := 0
	for i := 0; i < len(s) && got < len(n); {
		if !asciiDigit(s[i]) {
			switch s[i] {
			case '/', '-', ' ', ':', 'T', '.':
				i++
				continue
			}
			return time.Time{}, false
		}
		w := digits(s[i:])
		if w > 4 {
			return time.Time{}, false
		}
		for k := range w {
			n[got] = n[got]*10 + int(s[i+k]-'0')
		}
		got++
		i += w
	}
	if got < 5 {
		return time.Time{}, false
	}
	y, m, d := n[0], n[1], n[2]
	if y < 1000 && d >= 1000 { // month/day/year
		y, m, d = n[2], n[0], n[1]
	}
	if y < 1601 || m < 1 || m > 12 || d < 1 || d > 31 || n[3] > 23 || n[4] > 59 || n[5] > 59 {
		return time.Time{}, false
	}
	return time.Date(y, time.Month(m), d, n[3], n[4], n[5], 0, time.UTC), true
}

// entryTime reads the time of a log entry where its form tells the order of day
// and month and the zone: ISO 8601, as wevtutil and XML have it.
func entryTime(s string) time.Time {
	s = strings.TrimSpace(s)
	if len(s) > 40 {
		s = s[:40]
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.9999999", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func ptr[T any](v T) *T { return &v }
