package hostlog

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// entriesAre counts entries of something with their verb.
func entriesAre(n int64, of string) string {
	if n == 1 {
		return "1 entry" + of + " is"
	}
	return fmt.Sprintf("%d entries%s are", n, of)
}

// were counts things with their verb.
func were(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}

// atMost says that a number is an upper bound, if it is.
func atMost(is bool, text string) string {
	if is {
		return "at most " + text
	}
	return text
}

// atLeast says that a number is a lower bound, if it is.
func atLeast(is bool, text string) string {
	if is {
		return "at least " + text
	}
	return text
}

// clocksOf counts clients' clocks, with their verb.
func clocksOf(n int) string {
	if n == 1 {
		return "the clock of 1 client is"
	}
	return fmt.Sprintf("the clocks of %d clients are", n)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + " UTC" }

// fewest is how many things a sentence names.
const fewest = 3

// some joins the first few of a list of texts.
func some(list []string) string {
	text := strings.Join(list[:min(len(list), fewest)], "; ")
	if n := len(list) - fewest; n > 0 {
		text += fmt.Sprintf("; and %d more", n)
	}
	return text
}

// names joins the first few names of machines.
func names(list []string) string { return namesOf(list, len(list), false) }

// namesOf joins the first few of so many names of machines, of which a list has
// some.
func namesOf(list []string, all int, atLeast bool) string {
	var clean []string
	for _, n := range list {
		if n == "" {
			n = "(no name)"
		}
		clean = append(clean, evidence.Clean(n))
	}
	text := strings.Join(clean[:min(len(clean), fewest)], ", ")
	more := ""
	if atLeast {
		more = "at least "
	}
	if n := all - fewest; n > 0 {
		text += fmt.Sprintf(" and %s%d more", more, n)
	}
	return text
}
