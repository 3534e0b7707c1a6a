package errors

import "strconv"

// Match is one code found in a text.
type Match struct {
	Code  Code
	Start int // byte offset of the first character of the notation
	End   int // byte offset behind its last
}

// bareFacilities are the upper halves under which eight hexadecimal digits
// without 0x are taken for a code. Random digits seldom begin so.
var bareFacilities = map[uint16]bool{
	0x4004: true, 0x8004: true, 0x8007: true, 0x8008: true, 0x8009: true, 0x800A: true,
	0x803F: true, 0x87E1: true, 0xC002: true, 0xC004: true, 0xD000: true,
}

// Find lists the codes in a text in order of appearance: with 0x when the
// facility is one Windows uses, as eight bare hexadecimal digits when they
// begin like an activation code and are no part of a GUID or a longer number,
// and as a decimal of the whole code (-1073418124, 3221549172) when the
// catalogue lists it. A short 0x0000071C is taken for a Win32 number in the
// RPC range alone; success, flags and counters are left out. Each occurrence
// is reported.
func Find(text string) []Match {
	var found []Match
	f := fold(text)
	for i := 0; i < len(f.b); {
		if !isWord(f.b[i]) && f.b[i] != '-' {
			i++
			continue
		}
		c, end, ok := scanAt(f.b, i)
		if ok {
			found = append(found, Match{Code: c, Start: f.at(i), End: f.at(end)})
			i = end
			continue
		}
		i = skip(f.b, i)
	}
	return found
}

// skip moves past what cannot be the start of another notation.
func skip(b []byte, i int) int {
	if b[i] == '-' {
		return i + 1
	}
	k := i + 1
	for ; k < len(b) && isWord(b[k]); k++ { // stop at the 0x of "Error0x80070422"
		if b[k] == '0' && k+1 < len(b) && (b[k+1] == 'x' || b[k+1] == 'X') && !isDigit(b[k-1]) {
			break
		}
	}
	return k
}

// scanAt tries each notation at b[i].
func scanAt(b []byte, i int) (c Code, end int, ok bool) {
	if b[i] == '0' && i+2 < len(b) && (b[i+1] == 'x' || b[i+1] == 'X') {
		return scanPrefixed(b, i)
	}
	if i > 0 && isWord(b[i-1]) {
		return 0, 0, false
	}
	start := i
	if b[i] == '-' {
		start++
	}
	word := span(b[start:], isWord)
	switch {
	case word == 8 && start == i && span(b[i:], isHex) == 8:
		return scanBare(b, i)
	case word >= 9 && word <= 10 && span(b[start:], isDigit) == word:
		return scanDecimal(b, i, start+word)
	}
	return 0, 0, false
}

func scanPrefixed(b []byte, i int) (Code, int, bool) {
	digits := b[i+2:]
	end := i + 2 + 8
	if span(digits, isHex) != 8 || end < len(b) && isWord(b[end]) {
		return 0, 0, false
	}
	n, _ := strconv.ParseUint(string(digits[:8]), 16, 32)
	if n >= firstRPC && n <= lastRPC { // printed by RPC clients, as in 0x0000071C
		return FromWin32(uint32(n)), end, true
	}
	c := Code(n)
	if _, listed := Lookup(c); c == OK || !listed && !plausible(c) {
		return 0, 0, false
	}
	return c, end, true
}

// plausible reports whether a number behind 0x that the catalogue does not
// list reads as a failure rather than as a flag, a mask or a handle.
func plausible(c Code) bool {
	p := Decompose(c)
	switch {
	case !p.WellFormed() || p.Severity != SeverityError:
		return false
	case p.Form == FormNTSTATUS:
		return p.Name != "" || p.Number != 0 && p.Facility != 0
	case p.Form == FormHRESULT && p.Facility == 0:
		return p.Number >= 0x4000 // E_NOTIMPL and up; below lie masks and registry handles
	}
	return true
}

func scanBare(b []byte, i int) (Code, int, bool) {
	end := i + 8
	n, _ := strconv.ParseUint(string(b[i:end]), 16, 32)
	c := Code(n)
	_, listed := Lookup(c)
	if c == OK || !listed && !bareFacilities[uint16(n>>16)] || inGUID(b, i, end) {
		return 0, 0, false
	}
	if span(b[i:end], isDigit) == 8 && (!listed || joinedToDigit(b, i, end)) { // could be any number
		return 0, 0, false
	}
	return c, end, true
}

// inGUID reports whether eight digits are a group of a dashed identifier.
func inGUID(b []byte, start, end int) bool {
	if end < len(b) && b[end] == '-' && span(b[end+1:], isHex) >= 4 {
		return true
	}
	if start > 0 && b[start-1] == '-' {
		n := 0
		for k := start - 2; k >= 0 && isHex(b[k]); k-- {
			n++
		}
		return n >= 4
	}
	return false
}

// joinedToDigit reports whether a number goes on beyond a dot, a dash or
// another joint: a version, a phone number, an ePID.
func joinedToDigit(b []byte, start, end int) bool {
	joint := func(c byte) bool {
		return c == '.' || c == '-' || c == '/' || c == '+'
	}
	before := start > 1 && joint(b[start-1]) && isDigit(b[start-2]) || start > 0 && b[start-1] == '+'
	after := end+1 < len(b) && joint(b[end]) && isDigit(b[end+1])
	return before || after
}

func scanDecimal(b []byte, start, end int) (Code, int, bool) {
	if joinedToDigit(b, start, end) || start > 0 && (isWord(b[start-1]) || b[start-1] == '-') {
		return 0, 0, false
	}
	c, reason := parseDecimal(string(b[start:end]))
	if reason != "" || c == OK {
		return 0, 0, false
	}
	if _, listed := Lookup(c); !listed {
		return 0, 0, false
	}
	return c, end, true
}
