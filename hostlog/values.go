package hostlog

import "github.com/kmsdiag/kmsdiag/kms"

// hexNumber reads the hexadecimal digits at the beginning of a text and says
// how many there are; more than eight overflow.
func hexNumber(s []byte) (v uint32, n int) {
	for n < len(s) && n < 9 {
		d := hexDigit(s[n])
		if d < 0 {
			break
		}
		v = v<<4 | uint32(d)
		n++
	}
	return v, n
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

// decimal reads a text of digits alone, at most eighteen.
func decimal(s []byte) (int64, bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	var v int64
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

func leadingDigits(s []byte) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func trimLeft(s []byte) []byte {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	return s
}

// parseGUID reads the text form of a GUID without braces.
func parseGUID(s []byte) (g kms.GUID, ok bool) {
	if len(s) != 36 {
		return g, false
	}
	return g, g.UnmarshalText(s) == nil
}
