package report

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// Redacted returns a copy of an explanation with pseudonyms; see [Redact]. The
// set is what the explanation is about: its fields tell which words are names.
// Pasted text holds more of them, so whatever has the form of a host name or of
// an id that Microsoft does not publish is taken for one.
func Redacted(x *Explanation, set evidence.Set) *Explanation {
	p := newPseudonyms()
	p.learnText(set)
	for _, line := range x.Unread {
		p.discover(line)
	}
	return p.replace(x).(*Explanation)
}

// learnText learns the names in evidence, those in the pasted lines included.
func (p *pseudonyms) learnText(set evidence.Set) {
	p.learn(reflect.ValueOf(set), "")
	for _, f := range set.Facts() {
		p.discover(f.Text)
		p.discover(f.Origin.Text)
	}
}

// discover learns the words of a text that have the form of a host name or id.
func (p *pseudonyms) discover(text string) {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !nameRune(r) }) {
		word = strings.Trim(word, ".-_")
		switch {
		case isGUID(word):
			if !publishedID(word) {
				p.id("CMID", word)
			}
		case looksLikeHost(word):
			p.host(word)
		}
	}
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !unicode.Is(unicode.ASCII_Hex_Digit, c) {
			return false
		}
	}
	return true
}

// publishedID tells whether an id is one of a product and so identifies nobody.
func publishedID(id string) bool {
	id = strings.ToLower(id)
	if _, ok := catalog.ProductByActivationID(id); ok {
		return true
	}
	if _, ok := catalog.GroupByCountedID(id); ok {
		return true
	}
	return id == catalog.WindowsAppID || id == catalog.OfficeAppID || id == catalog.Office2010AppID
}

// fileTypes are endings that make a dotted word a file and no host.
var fileTypes = []string{
	"vbs", "exe", "dll", "ini", "ps1", "xml", "evtx", "txt", "log", "dat", "bat", "cmd", "sys", "msi", "csv", "json", "html", "py", "pcap", "pcapng", "etl",
}

// looksLikeHost tells whether a word has the form of a fully qualified name.
func looksLikeHost(word string) bool {
	i := strings.LastIndexByte(word, '.')
	if i <= 0 {
		return false
	}
	last := strings.ToLower(word[i+1:])
	if len(last) < 2 || len(last) > 12 || strings.ContainsFunc(last, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return false
	}
	for _, t := range fileTypes {
		if last == t {
			return false
		}
	}
	return !strings.Contains(word, "..")
}

// hiddenWord stands for a word that may name somebody.
const hiddenWord = "hidden"

// covered replaces a word that has the form of a host name, of the name that setup
// gives a machine, or of an id.
func covered(w string) string {
	word := strings.Trim(w, "-_")
	switch {
	case isGUID(word) && publishedID(word), isPublished(strings.ToLower(word)):
		return w
	case isGUID(word), looksLikeHost(word), looksLikeMachine(word):
		return hiddenWord
	}
	return w
}

// looksLikeMachine tells whether a word has a hyphen and a digit, as
// DESKTOP-3F2K1, ePIDs and keys have, and is no date.
func looksLikeMachine(word string) bool {
	digits, letters, hyphens := 0, 0, 0
	for _, r := range word {
		switch {
		case unicode.IsDigit(r):
			digits++
		case r == '-':
			hyphens++
		default:
			letters++
		}
	}
	return hyphens > 0 && digits > 0 && (letters > 0 || len(word) > len("2006-01-02"))
}
