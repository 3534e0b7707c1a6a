package windows

import (
	"fmt"
	"strings"
	"testing"
)

// TestKeysInAnyDress: whatever divides the groups of a key, wherever its line
// ends, only its last five characters may be seen.
func TestKeysInAnyDress(t *testing.T) {
	groups := []string{"QQ3RT", "7YHGF", "88KMN", "PPTRV", "XD6WB"}
	public := []string{"NPPR9", "FWDCX", "D2C8J", "H872K", "2YT43"}
	for _, dress := range []string{
		"we typed %s %s %s %s %s again",
		"we typed %s%s%s%s%s again",
		"key=%s%s%s%s%s;",
		"we typed %s - %s - %s - %s - %s",
		"%s_%s_%s_%s_%s",
		"%s.%s.%s.%s.%s.",
		"%s:%s:%s:%s:%s",
		"\"%s\", \"%s\", \"%s\", \"%s\", \"%s\"",
		"'%s','%s','%s','%s','%s'",
		"x%s-%s-%s-%s-%s",
		"pk%s%s%s%s%s",
		"our key is %s-%s-\n%s-%s-%s",
		"our key is %s-%s\n-%s-%s-%s",
		"> our key is %s-%s-\n> %s-%s-%s",
		"> > our key is %s-%s-%s-\r\n> > %s-%s",
		"%s\n%s\n%s\n%s\n%s\n",
		"> %s -\n> %s -\n> %s -\n> %s -\n> %s\n",
		"Message : %s%s%s\n  %s%s",
		"it is %s %s %s %s\n%s",
		"Installed product key %s\u00a0%s\u00a0%s\u00a0%s\u00a0%s successfully.",
	} {
		for _, lower := range []bool{false, true} {
			text, open := fill(dress, groups), fill(dress, public)
			if lower {
				text, open = strings.ToLower(text), strings.ToLower(open)
			}
			checkHidden(t, text, groups[:4])
			if got := Mask(open); got != open {
				t.Errorf("a key that Microsoft publishes is hidden: %q", got)
			}
			if got := Mask(text); !strings.Contains(strings.ToUpper(got), groups[4]) {
				t.Errorf("Mask(%q) = %q hides the last group", text, got)
			}
		}
	}
	for _, quote := range []string{"", "> ", "  "} {
		key := strings.Join(groups, "-")
		for at := 1; at < len(key); at++ {
			checkHidden(t, quote+"our key "+key[:at]+"\n"+quote+key[at:]+"\n", groups[:4])
		}
	}
	checkHidden(t, "it begins with QQ3RT-7YHGF-", groups[:2])
	checkHidden(t, "it begins with QQ3RT-7YHGF-88", groups[:2])
}

func fill(format string, groups []string) string {
	args := make([]any, len(groups))
	for i, g := range groups {
		args[i] = g
	}
	return fmt.Sprintf(format, args...)
}

// checkHidden wants that neither Mask nor what Read keeps shows a group.
func checkHidden(t *testing.T, text string, groups []string) {
	t.Helper()
	for what, shown := range map[string]string{"Mask": Mask(text), "Read": fmt.Sprintf("%+v", read(t, text))} {
		for _, g := range groups {
			if strings.Contains(strings.ToUpper(shown), g) {
				t.Errorf("%s of %q shows %s: %s", what, text, g, shown)
			}
		}
	}
}

// TestNoKeys holds texts that look a little like keys.
func TestNoKeys(t *testing.T) {
	for _, text := range []string{
		"1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1", "1f0c9a526d0e4b7f9a510c7d27a4e8b1",
		"bcdf2346789bcdf2346789bcdf2346789", "0xC004F074, 0x00000000, kms01.corp.example:1688",
		"22222 33333 44444 55555 66666", "BKWDT PCPCP", "host PC234-BKWDT is down", "12345 BCDFG 12345",
		"which words shall every plain token", "XXXXX-XXXXX-XXXXX-XXXXX-2YT44", "2026/03/14 08:04",
		"the keys\nmy\nby\nfly", "NPPR9-FWDCX-D2C8J-H872K-", "NPPR9-FWDCX-\nD2C8J-H872K-2YT43",
	} {
		if got := Mask(text); got != text {
			t.Errorf("Mask(%q) = %q", text, got)
		}
	}
}
