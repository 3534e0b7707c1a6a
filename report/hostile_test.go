package report

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestNoStringActsOnTheTerminal puts an escape sequence into each string of a
// saved run in turn: whoever sends a file must not reach the terminal with it.
func TestNoStringActsOnTheTerminal(t *testing.T) {
	text, err := os.ReadFile("testdata/count-too-low.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	tried := 0
	for i, line := range lines {
		var value any
		if err := json.Unmarshal(line, &value); err != nil {
			t.Fatal(err)
		}
		eachString(value, func(set func(string), old string) {
			tried++
			set(old + "\x1b[5m\u202e")
			defer set(old)
			changed, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			hostile := [][]byte{changed}
			if i > 0 {
				hostile = [][]byte{lines[0], changed}
			}
			if last := len(lines) - 1; i < last {
				hostile = append(hostile, lines[last])
			}
			for name, style := range map[string]Style{"text": {Verbose: true}, "short": {}, "accessible": {Accessible: true}} {
				var out strings.Builder
				format := strings.Replace(name, "accessible", "text", 1)
				r, err := New(format, &out, style)
				if err != nil {
					t.Fatal(err)
				}
				// Whether the run can still be read is not the question here.
				_ = Replay(bytes.NewReader(bytes.Join(hostile, []byte("\n"))), r)
				_ = r.Close()
				if strings.ContainsAny(out.String(), "\x1b\u202e") {
					t.Errorf("%s: line %d, %q reaches the terminal", name, i+1, old)
				}
			}
		})
	}
	if tried < 100 {
		t.Errorf("only %d strings were tried", tried)
	}
}

func eachString(v any, do func(set func(string), old string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			if s, ok := item.(string); ok && k != "kind" && k != "schema" {
				do(func(s string) { v[k] = s }, s)
				continue
			}
			eachString(item, do)
		}
	case []any:
		for i, item := range v {
			if s, ok := item.(string); ok {
				do(func(s string) { v[i] = s }, s)
				continue
			}
			eachString(item, do)
		}
	}
}
