package report

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/kmsdiag/kmsdiag/run"
)

// replay renders a saved run in a format.
func replay(t *testing.T, format, saved string) string {
	t.Helper()
	var b strings.Builder
	r, err := New(format, &b, Style{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Replay(strings.NewReader(saved), r); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReplayIsTheRun(t *testing.T) {
	lines := render(t, "jsonl", Style{}, sampleRun())
	object := render(t, "json", Style{}, sampleRun())
	for _, format := range Formats {
		want := render(t, format, Style{}, sampleRun())
		if got := replay(t, format, lines); got != want {
			t.Errorf("%s from lines differs:\n%s\nwant:\n%s", format, got, want)
		}
		if format == "jsonl" {
			continue // the object has no started and progress events
		}
		if got := replay(t, format, object); got != want {
			t.Errorf("%s from an object differs:\n%s\nwant:\n%s", format, got, want)
		}
	}
}

func TestReplayReadsWhatPowerShellWrites(t *testing.T) {
	lines := render(t, "jsonl", Style{}, sampleRun())
	want := replay(t, "text", lines)
	for name, enc := range map[string]unicode.BOMPolicy{"UTF-16": unicode.UseBOM} {
		utf16, err := unicode.UTF16(unicode.LittleEndian, enc).NewEncoder().String(strings.ReplaceAll(lines, "\n", "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := replay(t, "text", utf16); got != want {
			t.Errorf("%s differs:\n%s", name, got)
		}
	}
	if got := replay(t, "text", "\ufeff"+lines); got != want {
		t.Errorf("with a byte order mark it differs:\n%s", got)
	}
}

func TestReplaySkipsUnknownKinds(t *testing.T) {
	lines := render(t, "jsonl", Style{}, sampleRun())
	head, rest, _ := strings.Cut(lines, "\n")
	with := head + "\n" + `{"kind":"exchange","packet":12}` + "\n" + rest
	if got, want := replay(t, "text", with), replay(t, "text", lines); got != want {
		t.Errorf("an unknown kind changes the text:\n%s", got)
	}
}

func TestReplayErrorsNameTheLine(t *testing.T) {
	lines := render(t, "jsonl", Style{}, sampleRun())
	for _, c := range []struct{ name, saved, want string }{
		{"empty", "", "it is empty"},
		{"blank", "\n \n", "it is empty"},
		{"text", "corp.example, from PC-0417\n", "line 1: "},
		{"cut", lines[:len(lines)/2], "line "},
		{"broken third line", strings.Join(strings.SplitAfter(lines, "\n")[:2], "") + "{\"kind\":\"started\",}\n", "line 3: "},
		{"other object", `{"a":1}`, "line 1: an object without a kind"},
		{"other json", "[1,2]", "line 1: "},
		{"explanation", `{"schema":"kmsdiag/1","kind":"explain"}`, `line 1: an object of kind "explain"`},
		{"newer", `{"kind":"plan","schema":"kmsdiag/2"}`, `"kmsdiag/2"`},
		{"bad field", "\n" + `{"kind":"finished","check":3}`, "line 2: "},
		{"bad address", "\n\n" + `{"kind":"finished","subject":{"address":"x"}}`, "line 3: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Replay(strings.NewReader(c.saved), Text(io.Discard, Style{}))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "not a kmsdiag report: ") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestReplayBoundsItsMemory(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`{"kind":"`), &repeat{'x'})
	err := Replay(endless, Text(io.Discard, Style{}))
	if err == nil || !strings.Contains(err.Error(), "longer than 64 MB") {
		t.Errorf("got %v", err)
	}
}

type repeat struct{ c byte }

func (r *repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.c
	}
	return len(p), nil
}

func TestReplayPassesErrorsOn(t *testing.T) {
	broken := errors.New("pipe is gone")
	err := Replay(strings.NewReader(render(t, "jsonl", Style{}, sampleRun())), Text(failing{broken}, Style{}))
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzReplay feeds any bytes: no panic, and what could be read once can be
// written and read again with the same result.
func FuzzReplay(f *testing.F) {
	for _, format := range []string{"jsonl", "json"} {
		var b bytes.Buffer
		r, err := New(format, &b, Style{})
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range sampleRun() {
			if err := r.Event(e); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"kind":"finished","check":"a","status":"fail","notes":[{"id":"n"}]}`))
	f.Add([]byte("\xff\xfe{\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first bytes.Buffer
		if Replay(bytes.NewReader(data), tee{JSONL(&first), Text(io.Discard, Style{}), Short(io.Discard, Style{}), Redact(JSON(io.Discard))}) != nil {
			return
		}
		if first.Len() == 0 {
			return
		}
		var second bytes.Buffer
		if err := Replay(bytes.NewReader(first.Bytes()), JSONL(&second)); err != nil {
			t.Fatalf("own output cannot be read: %v\n%s", err, first.Bytes())
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("written again it differs:\n%s\n%s", first.Bytes(), second.Bytes())
		}
	})
}

// tee gives events to several renderers.
type tee []Renderer

func (l tee) Event(e run.Event) error {
	for _, r := range l {
		if err := r.Event(e); err != nil {
			return err
		}
	}
	return nil
}

func (l tee) Close() error { return nil }
