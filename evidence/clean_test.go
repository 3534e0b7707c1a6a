package evidence_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kmsdiag/kmsdiag/evidence"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "kms01.corp.example", "kms01.corp.example"},
		{"wide letters stay", "株式会社-鍵", "株式会社-鍵"},
		{"escape sequence", "a\x1b[31mb", "a?[31mb"},
		{"bidi override", "a\u202eb", "a?b"},
		{"zero width", "a\u200bb", "a?b"},
		{"newline and tab", "a\nb\tc", "a?b?c"},
		{"C1 control", "a\u009bb", "a?b"},
		{"malformed UTF-8", "a\xffb", "a?b"},
		{"unusual space", "a\u00a0b", "a?b"},
		{"too long", strings.Repeat("x", 300), strings.Repeat("x", 256) + ".."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := evidence.Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("kms01\x1b]0;title\a")
	f.Fuzz(func(t *testing.T, s string) {
		got := evidence.Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("Clean(%q) is not UTF-8", s)
		}
		for _, r := range got {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				t.Errorf("Clean(%q) kept control character %U", s, r)
			}
		}
		if again := evidence.Clean(strings.TrimSuffix(got, "..")); !strings.HasPrefix(got, again) {
			t.Errorf("Clean is not stable: %q, then %q", got, again)
		}
	})
}
