package typeset

import (
	"strings"
	"testing"
	"time"
)

func TestCutAndFit(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"kms01", 8, "kms01   "},
		{"kms01.corp.example", 8, "kms01..."},
		{"日本語のホスト", 7, "日本.. "},
		{"abc", 2, "ab"},
		{"abc", 0, ""},
		{"日本", 1, " "},
	} {
		if got := Fit(c.text, c.width); got != c.want || Width(got) != c.width {
			t.Errorf("Fit(%q, %d) = %q, %d cells; want %q", c.text, c.width, got, Width(got), c.want)
		}
	}
}

func TestWidthLeavesColoursOut(t *testing.T) {
	if got := Width("\x1b[31m× ホスト\x1b[0m"); got != 8 {
		t.Errorf("%d cells, want 8", got)
	}
}

func TestPrintableReplacesWhatATerminalObeys(t *testing.T) {
	got := Printable("a\x1b[2Jb\u202ec\u200bd\x00e\xff")
	if strings.ContainsAny(got, "\x1b\x00\u202e\u200b") || got != "a?[2Jb?c?d?e?" {
		t.Errorf("%q", got)
	}
}

func TestTook(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "", 300 * time.Microsecond: "<1 ms", 14 * time.Millisecond: "14 ms", 999600 * time.Microsecond: "1.0 s",
		3 * time.Second: "3.0 s", 65 * time.Second: "1 m 05 s",
	} {
		if got := Took(d); got != want {
			t.Errorf("Took(%v) = %q, want %q", d, got, want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("kms01 日本語 \x1b[31m a-very-long-word-without-a-blank", 12)
	f.Fuzz(func(t *testing.T, s string, width int) {
		width = width%200 + 10
		width = max(width, 10)
		for _, line := range Wrap(s, width) {
			if Width(line) > width {
				t.Errorf("%q is %d wide, more than %d", line, Width(line), width)
			}
		}
	})
}
