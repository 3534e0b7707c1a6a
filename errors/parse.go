package errors

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseError says why a text is no code, with the codes it may have meant.
type ParseError struct {
	Input  string // as given, cut to a displayable length
	Reason string
	Near   []Code // nearest first; may be empty
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("error code %q: %s%s", e.Input, e.Reason, suggest(e.Near))
}

// suggest words a list of near codes for the end of an error message.
func suggest(near []Code) string {
	if len(near) == 0 {
		return ""
	}
	words := make([]string, len(near))
	for i, c := range near {
		words[i] = c.String()
	}
	return "; did you mean " + strings.Join(words, ", ") + "?"
}

// notCodes are numbers that an administrator meets beside the codes and may
// ask about in their place.
var notCodes = map[uint64]string{
	1688: "1688 is the TCP port of KMS",
	8198: "8198 is an event: its text names the code after hr=",
	8200: "8200 is an event: its text names the code after hr=",
	8208: "8208 is an event: its text names the code after hr=",
	8229: "8229 is an event: its text names the code",
	8230: "8230 is an event",
	8233: "8233 is an event: its text names the code",

	12288: "12288 is an event: the first value of its Info list is the code",
	12289: "12289 is an event: the first value of its Info list is the code",
	12290: "12290 is an event: the first value of its Info list is the code",
	12291: "12291 is an event: its text names the code",
	12292: "12292 is an event: its text names the code",
	12293: "12293 is an event: its text names the code",
	12294: "12294 is an event: the KMS host published its SRV record",
	12308: "12308 is an event: Active Directory activated this computer",
	16384: "16384 is an event: the licensing service planned its next start",
	16385: "16385 is an event: its text names the code",
}

// maxInput bounds what Parse looks at: a code and the words around it.
const maxInput = 4096

// Parse reads one code in any notation met in the field: 0xC004F074,
// c004f074, -1073418124, 3221549172, a Win32 number such as 1722 or 0x71C
// (wrapped, see [FromWin32]), each with words around it ("slui.exe 0x2a
// 0xC004F074", "error 8007232B"), punctuation, or full-width characters.
// It does not ask whether the code is listed. The error is a *[ParseError].
func Parse(s string) (Code, error) {
	fail := func(reason string, near []Code) (Code, error) {
		shown := s
		if r := []rune(shown); len(r) > 40 {
			shown = string(r[:40]) + "..."
		}
		return 0, &ParseError{Input: shown, Reason: reason, Near: near}
	}
	if len(s) > maxInput {
		return fail("too long for one code", nil)
	}
	text := foldString(s)
	word := stripWords(text)
	if word == "" {
		return fail("no code given", nil)
	}
	if c, reason := parseNumber(word); reason == "" {
		return c, nil
	} else if !strings.ContainsAny(word, " \t\r\n=:;,()") {
		return fail(reason, Near(word, 3))
	}
	var codes []Code
	for _, m := range Find(text) {
		if len(codes) == 0 || codes[0] != m.Code {
			codes = append(codes, m.Code)
		}
	}
	switch len(codes) {
	case 1:
		return codes[0], nil
	case 0:
		return fail("no code in this text", nil)
	}
	return fail("several codes in this text; give one of them", codes[:2])
}

// leading are words that introduce a code. They are taken off so that the
// number behind them is read by the rules for a lone number.
var leading = []string{"slui.exe", "slui", "0x2a", "error", "code", "hresult", "hr", "status", "win32", "number", "/ddescr"}

// stripWords takes quotes, punctuation and leading words off a lower-cased
// copy of s.
func stripWords(s string) string {
	const junk = " \t\r\n\"'`.,;:!?()[]{}<>=#"
	s = strings.Trim(strings.ToLower(s), junk)
	for again := true; again; {
		again = false
		for _, w := range leading {
			rest, ok := strings.CutPrefix(s, w)
			if ok && rest != "" && !isWord(rest[0]) {
				s, again = strings.TrimLeft(rest, junk), true
			}
		}
	}
	return s
}

// parseNumber reads one lower-case word. A non-empty reason says why it is no
// code.
func parseNumber(w string) (c Code, reason string) {
	digits, prefixed := strings.CutPrefix(w, "0x")
	if len(w) == 9 && w[8] == 'h' && span([]byte(w), isHex) == 8 {
		return parseHex(w[:8]) // as assemblers write it
	}
	if !prefixed {
		digits, prefixed = strings.CutPrefix(w, "ox") // the letter, a common slip
	}
	switch {
	case prefixed:
		return parseHex(digits)
	case len(digits) == 8 && span([]byte(digits), isHex) == 8:
		return parseHex(digits) // 80070005 is never meant as a decimal
	case allDigits(strings.TrimPrefix(w, "-")):
		return parseDecimal(w)
	}
	return 0, "not a number in a notation known here"
}

func parseHex(digits string) (Code, string) {
	n, err := strconv.ParseUint(digits, 16, 64)
	switch {
	case err != nil:
		return 0, "not a hexadecimal number"
	case len(digits) == 16 && n>>32 == 0xFFFFFFFF && n&0x80000000 != 0:
		return Code(uint32(n)), "" // PowerShell widens a negative code to 64 bits
	case n > 0xFFFFFFFF || len(digits) > 8:
		return 0, fmt.Sprintf("%d hexadecimal digits; a code has 8", len(digits))
	case n > 0xFFFF && len(digits) < 8:
		return 0, fmt.Sprintf("%d hexadecimal digits; a code has 8", len(digits))
	case n <= 0xFFFF:
		return FromWin32(uint32(n)), ""
	}
	return Code(n), ""
}

func parseDecimal(w string) (Code, string) {
	n, err := strconv.ParseInt(w, 10, 64)
	switch {
	case err != nil || n > 0xFFFFFFFF || n < -0x80000000:
		return 0, "outside 32 bits"
	case n < 0 && n > -0x10000000:
		return 0, "a negative code has nine or ten digits"
	case n < 0:
		return Code(uint32(int32(n))), ""
	case n > 0xFFFF && n < 0x10000000:
		return 0, "neither a Win32 number (up to 65535) nor a whole code"
	case n > 0xFFFF:
		return Code(n), ""
	}
	if note := notCodes[uint64(n)]; note != "" {
		return 0, note
	}
	return FromWin32(uint32(n)), ""
}
