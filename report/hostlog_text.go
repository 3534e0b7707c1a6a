package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/hostlog"
	"github.com/kmsdiag/kmsdiag/run"
)

// Lengths of the lists on a screen; --verbose shows all that the report holds.
const (
	fewDays   = 7
	fewLapses = 3
	fewShares = 6
)

// hostLogText writes what a host's log tells, for a person.
type hostLogText struct {
	s Style
	r *hostlog.Report
	b strings.Builder

	redacted bool
}

func (t *hostLogText) write(w io.Writer) error {
	t.head()
	for i := range t.r.Lists {
		t.list(&t.r.Lists[i])
	}
	t.files()
	if len(t.r.Causes) > 0 {
		causes(&t.b, t.s, t.r.Causes, nil)
	}
	if t.r.Conclusion != "" {
		t.b.WriteString("\n")
		for line := range strings.SplitSeq(t.r.Conclusion, "\n") {
			hang(&t.b, "", line, t.s.Width)
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// few is n, or everything with --verbose.
func (t *hostLogText) few(n, all int) int {
	if t.s.Verbose {
		return all
	}
	return min(n, all)
}

func (t *hostLogText) head() {
	r := t.r
	title := "Log of a KMS host"
	if t.redacted {
		title += " (redacted)"
	}
	heading(&t.b, t.s, title)
	text := fmt.Sprintf("%s in %s", plural(int(r.Requests), "request"), plural(len(r.Sources), "file"))
	if !r.First.IsZero() {
		text += fmt.Sprintf(", %s to %s", stampText(r.First), stampText(r.Newest))
	}
	hang(&t.b, "  ", text+".", t.s.Width)
	text = "The 30 days end with the newest entry."
	if r.NowGiven {
		text = "The 30 days end at " + stampText(r.Now) + "."
	}
	if r.Stopped {
		text += " Reading was stopped: what follows is of the part that was read."
	}
	hang(&t.b, "  ", text, t.s.Width)
}

func stampText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + " UTC" }

// list writes what is known of one count.
func (t *hostLogText) list(l *hostlog.List) {
	t.b.WriteString("\n")
	title := t.s.paint(sgrBold, strings.ToUpper(l.Application))
	if l.Host != "" {
		title += "  " + printable(l.Host)
	}
	t.b.WriteString(title + "\n")
	if slices.ContainsFunc(l.Course, func(d hostlog.Day) bool { return d.Count > 0 }) {
		if t.s.Accessible {
			t.courseWords(l)
		} else {
			t.chart(l)
		}
	}
	t.facts(func(f hostlog.Fact) bool { return f.Host == l.Host && f.Application == l.Application })
	if !t.s.Accessible {
		t.b.WriteString("\n")
	}
	t.days(l)
	t.shares("products", l.Products)
	t.shares("states", l.States)
	t.lapses(l)
	if t.s.Verbose {
		t.shared(l)
	}
}

// facts writes the statements that belong to a place, worst first.
func (t *hostLogText) facts(of func(hostlog.Fact) bool) {
	for _, f := range t.r.Facts {
		if !of(f) {
			continue
		}
		text := f.Text
		if f.Sure != hostlog.Counted {
			text += " (" + string(f.Sure) + ")"
		}
		label := "  " + t.s.mark(f.Status) + " "
		if t.s.Accessible {
			label = string(f.Status) + ": "
		}
		hang(&t.b, label, text+".", t.s.Width)
		if t.s.Verbose {
			hang(&t.b, strings.Repeat(" ", 3+t.s.Glyphs.Width()), string(f.Sure)+": "+f.Basis, t.s.Width)
		}
	}
}

// atLeast marks a lower bound in a table.
func (t *hostLogText) atLeast() string {
	if t.s.Glyphs == ASCII {
		return ">= "
	}
	return "≥ "
}

// least marks a lower bound in a sentence.
func least(is bool) string {
	if is {
		return "at least "
	}
	return ""
}

// moreNames counts the machines of a shared id that are not listed.
func moreNames(k hostlog.Clone) string {
	if n := k.Names - len(k.Machines); n > 0 || k.AtLeast {
		return fmt.Sprintf(" and %s%d more", least(k.AtLeast), n)
	}
	return ""
}

// entriesAre counts entries in a sentence.
func entriesAre(n int64, one, many string) string {
	if n == 1 {
		return "1 entry " + one
	}
	return fmt.Sprintf("%d entries %s", n, many)
}

// days writes a table of the last days.
func (t *hostLogText) days(l *hostlog.List) {
	n := t.few(fewDays, len(l.Course))
	if n == 0 {
		return
	}
	last := slices.Clone(l.Course[len(l.Course)-n:])
	slices.Reverse(last)
	if t.s.Accessible {
		for _, d := range last {
			hang(&t.b, "", fmt.Sprintf("%s: count %s%d, %d renewals, %d first activations, %d other attempts, %d refused.", d.Day, least(d.Uncertain), d.Count, d.Renewals, d.First, d.Attempts, d.Refused), t.s.Width)
		}
		return
	}
	fmt.Fprintf(&t.b, "  %-10s  %7s  %9s  %7s  %9s  %8s\n", "day (UTC)", "count", "renewals", "first", "attempts", "refused")
	for _, d := range last {
		count := fmt.Sprint(d.Count)
		if d.Uncertain {
			count = t.atLeast() + count
			if d.Count == 0 {
				count = "?"
			}
		}
		fmt.Fprintf(&t.b, "  %-10s  %7s  %9d  %7d  %9d  %8d\n", d.Day, count, d.Renewals, d.First, d.Attempts, d.Refused)
	}
	if more := len(l.Course) - n + l.MoreDays; more > 0 {
		hang(&t.b, "  ", fmt.Sprintf("and %s before: --verbose, or -o json", plural(more, "day")), t.s.Width)
	}
}

// shares writes parts of a whole on one line.
func (t *hostLogText) shares(label string, list []hostlog.Share) {
	if len(list) == 0 {
		return
	}
	var parts []string
	n := t.few(fewShares, len(list))
	for _, s := range list[:n] {
		parts = append(parts, fmt.Sprintf("%s %d", s.Name, s.Clients))
	}
	if more := len(list) - n; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	hang(&t.b, fmt.Sprintf("  %-9s ", label), strings.Join(parts, ", "), t.s.Width)
}

// lapses names the machines whose activation ends first.
func (t *hostLogText) lapses(l *hostlog.List) {
	n := t.few(fewLapses, len(l.Lapses))
	for i, x := range l.Lapses[:n] {
		label := "            "
		if i == 0 {
			label = "  lapse     "
		}
		who := x.Machine
		if who == "" {
			who = x.CMID
		}
		state := ""
		if x.Grace != "" {
			state = ", " + x.Grace
		}
		when := ""
		if x.MayBeLater() {
			when = " or later,"
		}
		hang(&t.b, label, fmt.Sprintf("%s%s  %s, %s%s, last seen %s", x.At.UTC().Format(time.DateOnly), when, printable(who), x.Product, state, x.LastSeen.UTC().Format(time.DateOnly)), t.s.Width)
	}
}

// shared lists ids with several names and names with several ids.
func (t *hostLogText) shared(l *hostlog.List) {
	for _, k := range l.Clones {
		word := "perhaps shared"
		if k.Certain {
			word = "shared"
		}
		hang(&t.b, "  "+k.CMID+"  ", fmt.Sprintf("%s by %s%s; %d requests", word, strings.Join(k.Machines, ", "), moreNames(k), k.Requests), t.s.Width)
	}
	for _, s := range l.Several {
		var ids []string
		for _, id := range s.IDs {
			ids = append(ids, id.CMID+" until "+id.Last.UTC().Format(time.DateOnly))
		}
		hang(&t.b, "  "+printable(s.Machine)+"  ", strings.Join(ids, ", "), t.s.Width)
	}
}

// files says what was read and what is missing.
func (t *hostLogText) files() {
	t.b.WriteString("\n")
	heading(&t.b, t.s, "What was read")
	for _, s := range t.r.Sources {
		text := fmt.Sprintf("%s, %s", s.Format, plural(int(s.Requests), "request"))
		if s.Others > 0 {
			text += fmt.Sprintf(", %s of other kinds", plural(int(s.Others), "event"))
		}
		if s.Times != "" {
			text += "; " + s.Times
		}
		hang(&t.b, "  ", printable(s.Name)+": "+text+".", t.s.Width)
		if t.s.Verbose {
			for _, g := range s.Damage {
				hang(&t.b, "    ", fmt.Sprintf("%s, at byte %d: %s", g.What, g.Offset, g.Why), t.s.Width)
			}
		}
	}
	if t.r.Duplicates > 0 {
		hang(&t.b, "  ", entriesAre(t.r.Duplicates, "repeats another one and was left out.", "repeat others and were left out."), t.s.Width)
	}
	if t.r.LeftOut > 0 && (t.r.NowGiven || !t.r.Since.IsZero()) {
		hang(&t.b, "  ", entriesAre(t.r.LeftOut, "is outside the time asked about.", "are outside the time asked about."), t.s.Width)
	}
	for _, text := range t.r.Limits {
		hang(&t.b, "  "+t.s.mark(run.Warn)+" ", text+".", t.s.Width)
	}
	t.facts(func(f hostlog.Fact) bool { return f.Application == "" })
}
