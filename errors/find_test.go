package errors

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"Error: 0xC004F074 The product could not be activated":                                                                   "0xC004F074",
		"0xC004F06C, 0x00000000, kms01.corp.example:1688, 36f27b39-1a5c-4b0e-8d1a-3d1c2b1f0a99, 2026/01/31 08:15, 0, 2, 9720, 5": "0xC004F06C",
		"0x0,0x04000008,0,0,12,120,10080,2026/01/31 08:15":                                                                       "",
		"hr=0x80072EE7":        "0x80072EE7",
		"error code 8007000d.": "0x8007000D",
		"ERROR CODE: 0x4004F040 (for information purposes only as the status is licensed)": "0x4004F040",
		"kb/2870357#Error0x80070422":                "0x80070422",
		"LicenseStatusReason : 3221549172":          "0xC004F074",
		"Code=-1073418124;":                         "0xC004F074",
		"Fehler:0x8007007B":                         "0x8007007B",
		"错误代码0xC004F074。请":                          "0xC004F074",
		"error-0xc004f074-activate-windows":         "0xC004F074",
		"both 0xC004F074 and 0x8007232B":            "0xC004F074 0x8007232B",
		"0xC004F074 0xC004F074":                     "0xC004F074 0xC004F074",
		"slui.exe 0x2a 0xC004F069":                  "0xC004F069",
		"RPC: 0x0000071C":                           "0x8007071C",
		"0x87E10BC6 0xD0000272 0xC0020017":          "0x87E10BC6 0xD0000272 0xC0020017",
		"unlisted but well-formed 0x80070643":       "0x80070643",
		"unlisted 80070643 without 0x":              "",
		"unlisted 8007064a without 0x":              "0x8007064A",
		"Event 80070005 logged":                     "0x80070005",
		"phone +80070005, v10.80070005, 1-80070005": "",
		// identifiers, keys, counters and other numbers
		"8007232b-1234-4abc-9def-001122334455":             "",
		"{c004f074-0000-4000-8000-001122334455}":           "",
		"55c92734-d682-4d71-983e-d6ec8007232b":             "",
		"55c92734-d682-4d71-8007232b":                      "",
		"c004f074c004f074c004f074c004f074":                 "",
		"C004F-07480-07232-B8007-232BX":                    "",
		"03612-00206-491-411285-03-1033-9600.0000-0802017": "",
		"0xC004F0741 0xC004F07 0xc004f074g xC004F074":      "",
		"flags 0x08000000, 0x00000008, handle 0x80000002":  "",
		"mask 0xC0000000 0xFFFFFFFF 0xDEADBEEF":            "",
		"192.168.100.104 10.0.0.5:1688 00:15:5d:80:07:00":  "",
		"5-1073418124 11073418124 -10734181241":            "",
		"1722 12288 1688 259200":                           "",
		"deadbeef 12345678 8000abcd":                       "",
		"00000000":                                         "",
		"":                                                 "",
	} {
		var got []string
		for _, m := range Find(text) {
			got = append(got, m.Code.String())
			if m.Start < 0 || m.End > len(text) || m.Start >= m.End {
				t.Errorf("Find(%q): match at %d-%d", text, m.Start, m.End)
			} else if c, err := Parse(text[m.Start:m.End]); err != nil || c != m.Code {
				t.Errorf("Find(%q): %q is not %s", text, text[m.Start:m.End], m.Code)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("Find(%q) = %q, want %q", text, s, want)
		}
	}
}

func TestFindInFullWidthText(t *testing.T) {
	const text = "エラー：０ｘＣ００４Ｆ０７４です"
	got := Find(text)
	if len(got) != 1 || got[0].Code != 0xC004F074 || text[got[0].Start:got[0].End] != "０ｘＣ００４Ｆ０７４" {
		t.Errorf("Find = %+v", got)
	}
}

func TestFindIsLinear(t *testing.T) {
	text := strings.Repeat("0xC004F07", 40000) // every piece nearly a code
	if got := Find(text); len(got) != 0 {
		t.Errorf("%d matches", len(got))
	}
	if got := Find(strings.Repeat("0xC004F0F", 40000)); len(got) != 0 {
		t.Errorf("%d matches", len(got))
	}
	if got := Find(strings.Repeat("-", 200000) + strings.Repeat("8007232b-", 20000)); len(got) > 1 {
		t.Errorf("%d matches in a chain of groups", len(got))
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"0xC004F074", "Error0x80070422", "c004f074-0000-4000-8000-001122334455", "-1073418124",
		"０ｘＣ００４Ｆ０７４ 0x8007232B", "8007000d", "\xff\xfe0xC004F074", "0x0x0x0xC004F074",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		for _, m := range Find(s) {
			if m.Start < last || m.End <= m.Start || m.End > len(s) {
				t.Fatalf("Find(%q): match %+v behind %d", s, m, last)
			}
			last = m.End
			if utf8.ValidString(s) && !utf8.ValidString(s[m.Start:m.End]) {
				t.Errorf("Find(%q) cuts a character: %+v", s, m)
			}
			if c, err := Parse(s[m.Start:m.End]); err != nil || c != m.Code {
				t.Errorf("Find(%q): %q parses as %s, %v", s, s[m.Start:m.End], c, err)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("2026-01-31 08:15 slmgr /ato: Error: 0xC004F074, client 36f27b39-1a5c-4b0e-8d1a-3d1c2b1f0a99\n", 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Find(text)
	}
}

func ExampleFind() {
	for _, m := range Find("12288: 0xC004F06C, 0x00000000, kms01.corp.example:1688") {
		fmt.Println(m.Code, m.Start, m.End)
	}
	// Output: 0xC004F06C 7 17
}
