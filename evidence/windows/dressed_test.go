package windows

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"
)

// facts is what a paste says, without where it says so.
func facts(t *testing.T, p Paste) string {
	t.Helper()
	text, err := json.MarshalIndent(p.Set, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(withoutOrigins(tree), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func withoutOrigins(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "origin")
		for k, e := range v {
			v[k] = withoutOrigins(e)
		}
	case []any:
		for i, e := range v {
			v[i] = withoutOrigins(e)
		}
	}
	return v
}

// wrapped cuts lines as a console does: at a number of cells, within words.
func wrapped(text string, width int) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		cells := 0
		for _, r := range line {
			w := 1
			if wide(r) {
				w = 2
			}
			if r == '\t' || r == '\n' {
				w = 0
			}
			if cells+w > width && r != '\n' {
				out.WriteByte('\n')
				cells = 0
			}
			cells += w
			out.WriteRune(r)
		}
	}
	return out.String()
}

func eachLine(text, before string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(before + line)
	}
	return out.String()
}

func inUTF16(text string, big bool) string {
	var out bytes.Buffer
	for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
		if big {
			out.Write([]byte{byte(u >> 8), byte(u)})
		} else {
			out.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return out.String()
}

// TestDressed reads every sample in every dress in which people paste it and
// wants the same facts.
func TestDressed(t *testing.T) {
	dresses := []struct {
		name string
		wear func(string) string
	}{
		{"wrapped at 80", func(s string) string { return wrapped(s, 80) }},
		{"wrapped at 100", func(s string) string { return wrapped(s, 100) }},
		{"quoted", func(s string) string { return eachLine(s, "> ") }},
		{"wrapped and quoted twice", func(s string) string { return eachLine(wrapped(s, 80), "> > ") }},
		{"fenced", func(s string) string { return "```\n" + s + "```\n" }},
		{"CRLF", func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }},
		{"UTF-8 with a mark", func(s string) string { return "\ufeff" + s }},
		{"UTF-16 LE", func(s string) string { return inUTF16(strings.ReplaceAll(s, "\n", "\r\n"), false) }},
		{"UTF-16 BE", func(s string) string { return inUTF16(s, true) }},
		{"no final line end", func(s string) string { return strings.TrimRight(s, "\n") }},
		{"blanks at line ends", func(s string) string { return strings.ReplaceAll(s, "\n", "  \n") }},
		{"full-width colons", fullWidthColons},
	}
	for name, text := range samples(t) {
		want := facts(t, read(t, text))
		for _, d := range dresses {
			t.Run(name+"/"+d.name, func(t *testing.T) {
				if got := facts(t, read(t, d.wear(text))); got != want {
					t.Errorf("other facts:\n%s", firstDifference([]byte(got), []byte(want)))
				}
			})
		}
	}
}

// fullWidthColons writes the colons behind labels in full width, as retyped
// Chinese and Japanese pastes have them.
func fullWidthColons(s string) string {
	return strings.ReplaceAll(s, ": ", "\uff1a ")
}
