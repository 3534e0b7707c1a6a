package errors

import (
	"encoding/json"
	stderrors "errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]Code{
		"0xC004F074":                          0xC004F074,
		"0XC004F074":                          0xC004F074,
		"c004f074":                            0xC004F074,
		"C004F074":                            0xC004F074,
		"  0xc004f074 ":                       0xC004F074,
		"'0xC004F074'":                        0xC004F074,
		"(0xC004F074)":                        0xC004F074,
		"0x8007007b.":                         0x8007007B,
		"OxC004F074":                          0xC004F074,
		"0xFFFFFFFFC004F074":                  0xC004F074,
		"C004F074h":                           0xC004F074,
		"-1073418124":                         0xC004F074,
		"3221549172":                          0xC004F074,
		"\u22121073418124":                    0xC004F074,
		"slui.exe 0x2a 0xC004F074":            0xC004F074,
		"slui 0x2a 0x8007232B":                0x8007232B,
		"cscript ospp.vbs /ddescr:0xC004F074": 0xC004F074,
		"/ddescr:0xC004F042":                  0xC004F042,
		"error 8007232B":                      0x8007232B,
		"Error: 0x80070005 Access denied: the requested action": 0x80070005,
		"Error Code: 0xC004F038":                                0xC004F038,
		"hr=0x8007139F":                                         0x8007139F,
		"HRESULT: -2147024891":                                  0x80070005,
		"80070005":                                              0x80070005,
		"2147942405":                                            0x80070005,
		"1722":                                                  0x800706BA,
		"1460":                                                  0x800705B4,
		"error 1722":                                            0x800706BA,
		"Win32 error 12007":                                     0x80072EE7,
		"9003":                                                  0x8007232B,
		"5":                                                     0x80070005,
		"0x5":                                                   0x80070005,
		"0x6BA":                                                 0x800706BA,
		"0x0000071C":                                            0x8007071C,
		"0":                                                     OK,
		"0x0":                                                   OK,
		"0x00000000":                                            OK,
		"１７２２":                                                  0x800706BA,
		"０ｘＣ００４Ｆ０７４":                                            0xC004F074,
		"错误: 0xC004F074":                                        0xC004F074,
		"エラー　０ｘ８００７２３２Ｂ":                 0x8007232B,
		"0xC004F074 0xC004F074":          0xC004F074,
		"1074065472":                     0x4004F040,
		"0xDEADBEEF":                     0xDEADBEEF,
		"status=0xC0020017;":             0xC0020017,
		"The error code is: 0xC004F069!": 0xC004F069,
	} {
		got, err := Parse(in)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %s, %v; want %s", in, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "no code given",
		"  .":                      "no code given",
		"0x":                       "not a",
		"kms01":                    "not a number",
		"0xC004F07":                "7 hexadecimal digits; a code has 8; did you mean 0xC004F074",
		"0xC004F0744":              "9 hexadecimal digits",
		"0x000000000000005":        "a code has 8",
		"F074":                     "did you mean 0xC004F074?",
		"C0O4F074":                 "did you mean",
		"12288":                    "12288 is an event",
		"1688":                     "TCP port",
		"-5":                       "negative code has",
		"99999999999":              "outside 32 bits",
		"999999":                   "neither",
		"0xC004F074 or 0xC004F038": "several codes in this text; give one of them; did you mean 0xC004F074, 0xC004F038?",
		"no code here, sorry":      "no code in this text",
		strings.Repeat("9", 5000):  "too long",
		"0xC004G074":               "not a hexadecimal number; did you mean 0xC004F074",
	} {
		got, err := Parse(in)
		var pe *ParseError
		if !stderrors.As(err, &pe) || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.40q) = %s, %v; want an error with %q", in, got, err, want)
		} else if len(pe.Input) > 50 {
			t.Errorf("Parse(%.40q) echoes %d bytes", in, len(pe.Input))
		}
	}
}

// Every code is found in every notation it is printed in.
func TestParseKnowsEveryNotationOfEveryCode(t *testing.T) {
	for _, e := range All() {
		c := e.Code
		notations := []string{c.String(), strings.ToLower(c.String()), fmt.Sprintf("error %s.", c)}
		if c != OK {
			notations = append(notations, c.String()[2:], fmt.Sprint(uint32(c)), fmt.Sprint(c.Signed()))
		}
		for _, s := range notations {
			if got, err := Parse(s); err != nil || got != c {
				t.Errorf("Parse(%q) = %s, %v; want %s", s, got, err, c)
			}
		}
	}
}

func TestCodeAsText(t *testing.T) {
	b, err := json.Marshal(map[string]Code{"code": 0xC004F074})
	if err != nil || string(b) != `{"code":"0xC004F074"}` {
		t.Errorf("%s, %v", b, err)
	}
	var got struct{ Code Code }
	if err := json.Unmarshal([]byte(`{"code":"-1073418124"}`), &got); err != nil || got.Code != 0xC004F074 {
		t.Errorf("%s, %v", got.Code, err)
	}
	if err := json.Unmarshal([]byte(`{"code":"kms"}`), &got); err == nil {
		t.Error("no error for kms")
	}
	if c := FromWin32(1722); c != 0x800706BA || !c.Failed() || c.Signed() != -2147023174 {
		t.Errorf("FromWin32(1722) = %s %d", c, c.Signed())
	}
	if FromWin32(0) != OK || FromWin32(0x80070005) != 0x80070005 || OK.Failed() {
		t.Error("FromWin32 changes what is no Win32 number")
	}
}

func TestNear(t *testing.T) {
	for in, want := range map[string]Code{
		"0xC004F047":   0xC004F074, // two digits swapped; itself listed
		"0xC004F07":    0xC004F074,
		"C004F0744":    0xC004F074,
		"C0O4FO74":     0xC004F074,
		"0x8007323B":   0x8007232B,
		"f074":         0xC004F074,
		"232B":         0x8007232B,
		"0xC004E038":   0xC004F038,
		"0x8007 232B ": 0, // nothing is nearer than itself
	} {
		got := Near(in, 5)
		if want == 0 {
			if slices.Contains(got, 0x8007232B) {
				t.Errorf("Near(%q) = %v contains the code itself", in, got)
			}
			continue
		}
		if !slices.Contains(got, want) || len(got) > 5 {
			t.Errorf("Near(%q) = %v; want %s among them", in, got, want)
		}
	}
	if got := Near("0xC004F047", 1); len(got) != 1 || got[0] != 0xC004F074 {
		t.Errorf("nearest of 0xC004F047 = %v", got)
	}
	for _, in := range []string{"", "xyz", "12", strings.Repeat("C", 30), "0xDEADBEEF"} {
		if got := Near(in, 3); len(got) != 0 {
			t.Errorf("Near(%q) = %v", in, got)
		}
	}
	if Near("F074", 0) != nil {
		t.Error("limit 0 gives some")
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "ab", 1}, {"abc", "xabc", 1}, {"abc", "axc", 1}, {"abcd", "badc", 2}, {"", "abc", 3}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if editDistance(c.b, c.a) != c.want {
			t.Errorf("editDistance(%q, %q) is not symmetric", c.b, c.a)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"0xC004F074", "-1073418124", "3221549172", "slui.exe 0x2a 0xC004F074", "error 8007232B",
		"1722", "0x8007007b.", "０ｘＣ００４Ｆ０７４", "F074", "12288", "0x", "-", "\xff0xC004F074",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			if c != 0 || err.Error() == "" {
				t.Errorf("Parse(%q) = %s with error %q", s, c, err)
			}
			return
		}
		again, err := Parse(c.String())
		if err != nil || again != c {
			t.Errorf("Parse(%q) = %s, which parses as %s, %v", s, c, again, err)
		}
		_ = Decompose(c).String()
	})
}

func ExampleParse() {
	for _, s := range []string{"c004f074", "-1073418124", "slui.exe 0x2a 0xC004F074", "error 1722"} {
		c, err := Parse(s)
		fmt.Println(c, err)
	}
	// Output:
	// 0xC004F074 <nil>
	// 0xC004F074 <nil>
	// 0xC004F074 <nil>
	// 0x800706BA <nil>
}
