package windows

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead holds that no paste makes the reader panic, that it says where it
// read what, within its limits, and that a key does not pass.
func FuzzRead(f *testing.F) {
	for _, text := range samples(f) {
		f.Add([]byte(text))
		f.Add([]byte(inUTF16(text, false)))
	}
	f.Add([]byte("QQ3RT-7YHGF-88KMN-PPTRV-XD6WB"))
	f.Fuzz(func(t *testing.T, in []byte) {
		paste, err := ReadString(context.Background(), string(in), "fuzz")
		var binary *BinaryError
		if err != nil && !errors.Is(err, ErrEmpty) && !errors.As(err, &binary) {
			t.Fatalf("unexpected error %v", err)
		}
		if len(paste.Unread) > maxUnread || len(paste.Set.Codes) > maxEach {
			t.Errorf("%d unread, %d codes", len(paste.Unread), len(paste.Set.Codes))
		}
		for _, l := range paste.Unread {
			checkLine(t, l.Number, l.Text, paste.Lines)
		}
		for _, s := range paste.Set.Statements {
			checkLine(t, s.Origin.Line, s.Origin.Text, paste.Lines)
		}
		if _, err := json.Marshal(paste); err != nil {
			t.Errorf("no JSON: %v", err)
		}
	})
}

func checkLine(t *testing.T, number int, text string, lines int) {
	t.Helper()
	if number < 1 || number > lines || len(text) > maxText+4 || !utf8.ValidString(text) {
		t.Errorf("line %d of %d, %d bytes: %q", number, lines, len(text), text)
	}
	if _, hidden, _ := mask(text); hidden {
		t.Errorf("a key is shown: %q", text)
	}
}

// FuzzParseList holds that a list never has more fields than it can hold, and
// that one that is whole has the fields of its event.
func FuzzParseList(f *testing.F) {
	f.Add("0xC004F06C, 0x00000000, kms01.corp.example:1688, 1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1, 2026/03/14 02:02, 1, 2, 41760, 73111121-5638-40f6-bc11-f1d7b0d64300, 25")
	f.Add("0x0,25,PC-117,1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1,2026/3/14 8:02,1,2,41760,73111121-5638-40f6-bc11-f1d7b0d64300")
	f.Add("0x00000000, 0x04000008, 0, 0, 7, 120, 10080, 2026/03/14 08:04")
	f.Fuzz(func(t *testing.T, s string) {
		list, known, whole := parseList(s)
		if list.n > len(list.f) {
			t.Fatalf("%d fields", list.n)
		}
		least := map[int]int{12288: 9, 12289: 8, 12290: 9}[list.event]
		if known && whole && list.n < least {
			t.Errorf("event %d is whole with %d fields", list.event, list.n)
		}
	})
}

// FuzzMask holds that masking keeps a text's length and is done after one turn.
func FuzzMask(f *testing.F) {
	f.Add("QQ3RT-7YHGF-88KMN-PPTRV-XD6WB and NPPR9-FWDCX-D2C8J-H872K-2YT43")
	f.Add("key \u2013 QQ3RT\u20137YHGF\u201388KMN\u2013PP")
	f.Fuzz(func(t *testing.T, s string) {
		once, changed, _ := mask(s)
		if len(once) != len(s) || changed != (once != s) {
			t.Errorf("mask(%q) = %q, %v", s, once, changed)
		}
		if twice, again, _ := mask(once); again || twice != once {
			t.Errorf("masked again: %q, %q", once, twice)
		}
	})
}

// FuzzFold holds that folding leaves valid text without invisible characters.
func FuzzFold(f *testing.F) {
	f.Add("ＥＲＲＯＲ：０ｘＣ００４Ｆ０７４\u200b\x1b[31mred\x1b[0m")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "?")
		}
		got := fold(s)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\u200b\u202e\x1b\x00") {
			t.Errorf("fold(%q) = %q", s, got)
		}
	})
}
