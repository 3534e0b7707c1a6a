package tui

import (
	"regexp"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// talkRow is a conversation as its row shows it.
type talkRow struct {
	ends, outcome, asked string
}

// The ways to name the ends of a conversation, from the longest on.
const (
	bothEnds = iota
	noClientPort
	clientAlone
)

// longOutcome is the width of an outcome for which ends are shortened, in cells;
// of a longer one the end is cut.
const longOutcome = 37

func (v *captureView) talkRow(m *Model, t *talk, how int) talkRow {
	ends, text, _ := strings.Cut(v.talkText(m, t), "  ")
	client, host, _ := strings.Cut(ends, " > ")
	switch how {
	case noClientPort:
		ends = m.shownText(t.client.Addr().String()) + " > " + host
	case clientAlone:
		ends = m.shownText(t.client.Addr().String())
	default:
		ends = client + " > " + host
	}
	outcome, asked, _ := strings.Cut(typeset.Printable(text), "  ")
	return talkRow{ends, outcome, asked}
}

// talkRows are the rows of conversations. What they came to is not cut as long as
// naming less of their ends makes room for it.
func (v *captureView) talkRows(m *Model, list []*talk, width int) []string {
	room := max(width-2-m.look.glyphs.Width()-1, 0)
	rows := make([]talkRow, len(list))
	how := bothEnds
	if width < 72 {
		how = clientAlone
	}
	var ends int
	for ; ; how++ {
		outcome := 0
		ends = 0
		for i, t := range list {
			rows[i] = v.talkRow(m, t, how)
			ends, outcome = max(ends, typeset.Width(rows[i].ends)), max(outcome, typeset.Width(rows[i].outcome))
		}
		if ends = min(ends, 44, room/2+room/8); how == clientAlone || ends+2+min(outcome, longOutcome) <= room {
			break
		}
	}
	lines := make([]string, len(list))
	for i, t := range list {
		lines[i] = v.talkLine(m, t, rows[i], ends, room)
	}
	return lines
}

func (v *captureView) talkLine(m *Model, t *talk, r talkRow, ends, room int) string {
	mark := strings.Repeat(" ", m.look.glyphs.Width())
	if t.status != "" {
		mark = m.look.mark(t.status)
	}
	text := codeWithin(r.outcome, room-ends-2)
	if left := room - ends - 2 - typeset.Width(text); r.asked != "" && left >= 6 { // else the cut would reach the outcome
		text += "  " + r.asked
	}
	body := typeset.Pad(typeset.Cut(r.ends, ends), ends) + "  " + text
	if took := typeset.Took(t.took); room >= 68 && took != "" && typeset.Width(body)+len(took)+2 <= room {
		body = typeset.Pad(body, room-len(took)) + took
	}
	line := v.cursorLine(m, paneTalks, t.id == v.talk, body, room)
	return line[:2] + mark + " " + line[2:]
}

var aCode = regexp.MustCompile(`0x[0-9A-F]{8}`)

// codeWithin is an outcome that will be cut to a width: then its code stands
// first.
func codeWithin(outcome string, width int) string {
	at := aCode.FindStringIndex(outcome)
	if at == nil || typeset.Width(outcome) <= width || typeset.Width(outcome[:at[1]])+len("..") <= width {
		return outcome
	}
	rest := strings.TrimRight(outcome[:at[0]], " ,:(") + outcome[at[1]:]
	return outcome[at[0]:at[1]] + " " + rest
}
