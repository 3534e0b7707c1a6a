package kms

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeText reads UTF-16LE up to its first NUL or the end of b. What is no
// valid UTF-16 becomes U+FFFD.
func decodeText(b []byte) string {
	var buf [192]byte
	out := buf[:0]
	for ; len(b) >= 2; b = b[2:] {
		u := rune(binary.LittleEndian.Uint16(b))
		if u == 0 {
			break
		}
		if utf16.IsSurrogate(u) {
			low := rune(0)
			if len(b) >= 4 {
				low = rune(binary.LittleEndian.Uint16(b[2:]))
			}
			if u = utf16.DecodeRune(u, low); u != utf8.RuneError {
				b = b[2:]
			}
		}
		out = utf8.AppendRune(out, u)
	}
	return string(out)
}

// appendText appends s as UTF-16LE without a NUL.
func appendText(dst []byte, s string) []byte {
	var units [2]uint16
	for _, r := range s {
		for _, u := range utf16.AppendRune(units[:0], r) {
			dst = binary.LittleEndian.AppendUint16(dst, u)
		}
	}
	return dst
}

// maxText is how many UTF-16 units fit a text field beside its NUL.
const maxText = 63

// cutText shortens s to what fits a text field, at its first NUL or between
// characters.
func cutText(s string) string {
	units := 0
	for i, r := range s {
		units += max(utf16.RuneLen(r), 1) // -1: written as U+FFFD
		if r == 0 || units > maxText {
			return s[:i]
		}
	}
	return s
}
