package windows

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLineEnds(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"a\rb\rc":          "a\nb\nc",
		"a\r\nb\r\n":       "a\r\nb\r\n",
		"a\r\r\nb":         "a\r\r\nb",
		"a\r\rb\r":         "a\n\nb\n",
		"\r\r\r":           "\n\n\n",
		"no returns\nhere": "no returns\nhere",
	} {
		for name, r := range map[string]io.Reader{
			"whole":     strings.NewReader(in),
			"bytewise":  iotest.OneByteReader(strings.NewReader(in)),
			"with data": iotest.DataErrReader(strings.NewReader(in)),
		} {
			got, err := io.ReadAll(&lineEnds{r: r})
			if err != nil || string(got) != want {
				t.Errorf("%s, %q: %q, %v; want %q", name, in, got, err, want)
			}
		}
	}
}

// A paste whose lines a terminal ended with carriage returns says what the same
// text says with line feeds.
func TestPasteOfATerminal(t *testing.T) {
	text := "Name: Windows(R), Enterprise edition\nDescription: Windows(R) Operating System, VOLUME_KMSCLIENT channel\nPartial Product Key: 2YT43\nLicense Status: Notification\nNotification Reason: 0xC004F034.\n"
	feeds, err := ReadString(t.Context(), text, "paste")
	if err != nil {
		t.Fatal(err)
	}
	returns, err := ReadString(t.Context(), strings.ReplaceAll(text, "\n", "\r"), "paste")
	if err != nil {
		t.Fatal(err)
	}
	a, b := feeds.Set.Facts(), returns.Set.Facts()
	if len(a) == 0 || len(a) != len(b) {
		t.Fatalf("%d facts with line feeds, %d with returns", len(a), len(b))
	}
	for i := range a {
		if a[i].Text != b[i].Text || a[i].Origin.Line != b[i].Origin.Line {
			t.Errorf("%q line %d, %q line %d", a[i].Text, a[i].Origin.Line, b[i].Text, b[i].Origin.Line)
		}
	}
}

func FuzzLineEnds(f *testing.F) {
	f.Add("a\rb\r\n\r\rc\r", 3)
	f.Fuzz(func(t *testing.T, in string, n int) {
		whole, err := io.ReadAll(&lineEnds{r: strings.NewReader(in)})
		if err != nil || len(whole) != len(in) {
			t.Fatalf("%d bytes become %d, %v", len(in), len(whole), err)
		}
		parts, err := io.ReadAll(&lineEnds{r: iotest.HalfReader(strings.NewReader(in))})
		if err != nil || string(parts) != string(whole) {
			t.Fatalf("%q in parts, %q whole", parts, whole)
		}
	})
}
