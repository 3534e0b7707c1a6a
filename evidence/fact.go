package evidence

import (
	"slices"
	"strings"
)

// Fact is one observation in words, with the place where it was made.
type Fact struct {
	Text   string `json:"text"`
	Origin Origin `json:"origin"`
}

// Facts puts every observation of the set into a line for a person, in the
// order of the lines of a paste or of the packets of a capture. Strings from
// outside are cleaned.
func (s *Set) Facts() []Fact {
	var out []Fact
	add := func(origin Origin, parts ...string) {
		out = append(out, Fact{join(parts...), origin})
	}
	s.windowsFacts(add)
	s.eventFacts(add)
	s.networkFacts(add)
	s.directoryFacts(add)
	slices.SortStableFunc(out, func(a, b Fact) int { return a.Origin.Line - b.Origin.Line })
	return out
}

type addFact func(origin Origin, parts ...string)

// join puts the parts that say something behind each other.
func join(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return strings.Join(parts, ", ")
}

// say is the label with the cleaned value, or "" without a value.
func say(label, value string) string {
	if value == "" {
		return ""
	}
	return label + " " + Clean(value)
}

// when is the text where the condition holds.
func when(condition bool, text string) string {
	if condition {
		return text
	}
	return ""
}
