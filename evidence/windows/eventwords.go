package windows

import (
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// eventInWords reads the number of an event that a sentence names: "event 16385
// is logged", "Event ID 8233 with 0x8007267C". A sentence that denies the event,
// and the host's and the client's own exchanges, which say nothing by their
// number alone, are left to the phrases.
func eventInWords(p *parser, l *line) bool {
	if len(l.text) > maxInline {
		return false
	}
	lower := l.lower()
	at := strings.Index(lower, "event ")
	if at < 0 || at > 0 && alnum(lower[at-1]) || len(lower) != len(l.text) {
		return false
	}
	rest := strings.TrimPrefix(lower[at+len("event "):], "id ")
	n := digits(rest)
	if n < 4 || n > 5 {
		return false
	}
	id := atoi(rest[:n])
	if _, ours := eventIDs[id]; !ours || id >= 12288 && id <= 12290 || deniedBefore(lower[:at]) || deniedAfter(rest[n:]) {
		return false
	}
	for i := range p.paste.Set.LogEvents {
		if p.paste.Set.LogEvents[i].ID == id {
			return true
		}
	}
	e := evidence.LogEvent{Origin: p.origin(l), ID: id}
	if c, ok := codeIn(l.text); ok {
		e.Code = c
	}
	p.found(Kind("event "+strconv.Itoa(id)), l)
	put(p, &p.paste.Set.LogEvents, e)
	return true
}

func deniedBefore(s string) bool {
	words := strings.Fields(s)
	return len(words) > 0 && deniers[words[len(words)-1]]
}

// deniedAfter tells whether one of the next few words denies what stands before.
func deniedAfter(s string) bool {
	words := strings.Fields(s)
	for _, w := range words[:min(len(words), 4)] {
		if deniers[strings.Trim(w, ",.;:")] || strings.HasSuffix(w, "n't") {
			return true
		}
	}
	return false
}

// inlineList reads the list of an event that stands behind its sentence.
func (s *eventSection) inlineList(p *parser, l *line) {
	if s.id >= 12288 && s.id <= 12290 && listAt(l.text) > 0 && readList(p, l) && !p.list.open() {
		s.listed = true
	}
}

// ruleEvent reads the number of an event whose fields stand on one line without
// its sentence: "8198 hr=0x8007232B; RuleId=...; Trigger=NetworkAvailable". Such
// fields without a number are those of event 8198.
func ruleEvent(l *line) int {
	if len(l.text) > maxInline || !strings.Contains(l.text, "=") {
		return 0
	}
	lower := l.lower()
	at := strings.Index(lower, "hr=0x")
	if at < 0 || at > 30 || !strings.Contains(lower, "ruleid=") && !strings.Contains(lower, "trigger=") {
		return 0
	}
	head := strings.Trim(lower[:at], " :;,-")
	head = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(head, "event"), " id"), " :")
	if head == "" {
		return 8198
	}
	id := atoi(head)
	if _, ours := eventIDs[id]; !ours {
		return 0
	}
	return id
}
