package windows

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// cutMachine reads the record of a machine whose end is missing, as far as it
// goes, and says that it is not whole. It tells whether the text is one.
func cutMachine(p *parser, first *line, text string) bool {
	const near = 400 // bytes in which the mark stands
	if !strings.Contains(text[:min(len(text), near)], `"`+machineMark+`"`) {
		return false
	}
	whole, ok := closeJSON(text)
	if !ok {
		return false
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(whole), &v); err != nil || !isMachine(v) {
		return false
	}
	last := *first
	last.no += strings.Count(strings.TrimRight(text, "\n"), "\n")
	p.say(evidence.RecordCutOff, "what follows is missing", &last)
	readMachine(p, first, v)
	return true
}

// maxOpen bounds how deep a text that was cut off may be nested.
const maxOpen = 32

// closeJSON completes a JSON text that was cut off: it drops what follows the
// last whole value and closes what is open. It is false where no value is whole
// or nothing is open.
func closeJSON(text string) (string, bool) {
	var open, atCut []byte
	cut, quote, escaped := -1, false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case escaped:
			escaped = false
		case quote:
			escaped, quote = c == '\\', c != '"'
		case c == '"':
			quote = true
		case c == '{':
			open = append(open, '}')
		case c == '[':
			open = append(open, ']')
		case c == '}' || c == ']':
			if len(open) == 0 || open[len(open)-1] != c {
				return "", false
			}
			open = open[:len(open)-1]
		case c == ',':
			cut, atCut = i, append(atCut[:0], open...)
		}
		if len(open) > maxOpen {
			return "", false
		}
	}
	if cut < 0 || len(open) == 0 {
		return "", false
	}
	slices.Reverse(atCut)
	return text[:cut] + string(atCut), true
}
