package windows

import (
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// infoList is the comma-separated list that events 12288, 12289 and 12290 carry
// in their text. Clients write blanks after the commas and leading zeros in
// dates, hosts do not.
type infoList struct {
	event int // 12288, 12289 or 12290
	n     int
	f     [12]string
}

// listAt finds the beginning of a list in a line: a number with 0x and a comma.
func listAt(s string) int {
	for from := 0; ; {
		at := strings.Index(s[from:], "0x")
		if at < 0 {
			at = strings.Index(s[from:], "0X")
		}
		if at < 0 {
			return -1
		}
		at += from
		if isListStart(s[at:]) {
			return at
		}
		from = at + 2
	}
}

// isListStart tells whether a text begins with a number with 0x and a comma.
func isListStart(s string) bool {
	_, n, ok := hexValue(s)
	if !ok {
		return false
	}
	rest := strings.TrimLeft(s[n:], " ")
	return strings.HasPrefix(rest, ",")
}

// parseList splits a list and tells which event it is of. Known is false where
// the fields are those of no event; whole where none is missing.
func parseList(s string) (list infoList, known, whole bool) {
	for len(s) > 0 && list.n < len(list.f) {
		end := strings.IndexByte(s, ',')
		if end < 0 {
			end = len(s)
		}
		list.f[list.n] = strings.TrimSpace(s[:end])
		list.n++
		if end == len(s) {
			break
		}
		s = s[end+1:]
	}
	if list.n < 2 {
		return list, false, false
	}
	f := &list.f
	switch _, _, flags := hexValue(f[1]); {
	case !flags && small(f[1], 3):
		list.event = 12290
	case !flags:
		return list, false, false
	case small(f[2], 1) || list.n == 2:
		list.event = 12289
	default:
		list.event = 12288
	}
	return list, list.fits(), list.whole()
}

// fits checks the fields that have a narrow form.
func (l *infoList) fits() bool {
	if _, ok := eventTime(l.f[4]); !ok && l.event != 12289 && l.n > 5 && digits(l.f[4]) > 0 {
		return false
	}
	switch l.event {
	case 12288, 12290:
		return (l.n < 6 || small(l.f[5], 1)) && (l.n < 7 || small(l.f[6], 1)) && (l.n < 8 || small(l.f[7], 12))
	}
	return (l.n < 4 || small(l.f[3], 12)) && (l.n < 5 || small(l.f[4], 12)) && (l.n < 7 || small(l.f[6], 12))
}

func (l *infoList) whole() bool {
	switch l.event {
	case 12288:
		return l.n >= 10 || l.n == 9 && wholeID(l.f[8])
	case 12290:
		return l.n >= 9 && wholeID(l.f[8])
	}
	_, ok := eventTime(l.f[7])
	return l.n >= 8 && ok
}

// wholeID tells whether a field is a GUID that is not cut, or one that its owner
// made unreadable.
func wholeID(s string) bool {
	return isGUID(s) || strings.ContainsAny(s, "*<.") || strings.HasPrefix(s, "XXX")
}

// small tells whether a text is a decimal number of at most n digits.
func small(s string, n int) bool {
	return s != "" && len(s) <= n && digits(s) == len(s)
}

// pendingList is a list that a mail program or a console broke.
type pendingList struct {
	text string
	line line
	more int // lines added
}

func (q *pendingList) open() bool { return q.text != "" }

// take adds a line to a broken list where that makes it longer or whole.
func (q *pendingList) take(p *parser, l *line) bool {
	before, _, _ := parseList(q.text)
	rest := strings.TrimLeft(l.text, " ")
	if q.more < 4 && !isListStart(rest) {
		for _, glue := range []string{"", " "} {
			list, known, whole := parseList(trimTail(q.text + glue + rest))
			if known && whole {
				first := q.line
				first.src = cut(q.text+glue+rest, maxText)
				q.text = ""
				p.list12(&first, &list)
				return true
			}
			if known && list.n > before.n && glue == "" {
				q.text += rest
				q.more++
				return true
			}
		}
	}
	q.drop(p)
	return false
}

// drop gives a broken list up: what it says by itself is kept.
func (q *pendingList) drop(p *parser) {
	if q.text == "" {
		return
	}
	l := q.line
	text := q.text
	q.text = ""
	list, known, _ := parseList(text)
	if known && (list.n >= 5 || list.event == 12288 && list.n >= 3) {
		p.list12(&l, &list)
		return
	}
	p.words.add(p, &l)
}

// trimTail cuts what follows a list on its line: a quotation mark, a tag.
func trimTail(s string) string {
	if at := strings.IndexAny(s, "\"'"); at > 0 {
		s = s[:at]
	}
	if at := strings.Index(s, "</"); at > 0 {
		s = s[:at]
	}
	return strings.TrimSpace(s)
}

// readList reads a line that holds the list of a KMS event.
func readList(p *parser, l *line) bool {
	at := listAt(l.text)
	if at < 0 {
		return false
	}
	text := trimTail(l.text[at:])
	list, known, whole := parseList(text)
	switch {
	case !known || list.n < 3:
		return false
	case whole:
		p.list12(l, &list)
		return true
	case list.n >= 3 && (at < 20 || strings.HasSuffix(strings.ToLower(l.text[:at]), "info: ")) && strings.Contains(l.text[at:], ","):
		p.list = pendingList{text: text, line: *l}
		return true
	}
	return false
}

// list12 adds the event that a list is of.
func (p *parser) list12(l *line, list *infoList) {
	f := &list.f
	hr, _, _ := hexValue(f[0])
	ev, _ := p.cur.(*eventSection)
	if ev != nil {
		ev.listed = true
	}
	switch list.event {
	case 12290:
		e := evidence.HostRequestEvent{
			Origin: p.origin(l), HRESULT: hr, NPolicy: atoi(f[1]), Machine: unmasked(f[2]), CMID: anyID(f[3]),
			VM: f[5] == "1", LicenseStatus: atoi(f[6]), MinutesLeft: int64(atoi(f[7])), ActivationID: anyID(f[8]),
		}
		e.ClientTime, _ = eventTime(f[4])
		if ev != nil {
			e.Time, e.Host = ev.time, ev.machine
		}
		p.log.add(p, e)
		p.found(KindEvent12290, l)
	case 12289:
		e := evidence.ClientAnswerEvent{
			Origin: p.origin(l), HRESULT: hr, Activated: f[2] == "1", Count: atoi(f[4]),
			ActivationInterval: atoi(f[5]), RenewalInterval: atoi(f[6]),
		}
		e.Flags, _, _ = hexValue(f[1])
		e.ClientTime, _ = eventTime(f[7])
		if ev != nil {
			e.Time, e.Machine = ev.time, ev.machine
		}
		put(p, &p.paste.Set.ClientAnswers, e)
		p.found(KindEvent12289, l)
	default:
		e := evidence.ClientRequestEvent{
			Origin: p.origin(l), HRESULT: hr, CMID: anyID(f[3]),
			VM: f[5] == "1", LicenseStatus: atoi(f[6]), MinutesLeft: int64(atoi(f[7])), ActivationID: anyID(f[8]), NPolicy: atoi(f[9]),
		}
		e.Flags, _, _ = hexValue(f[1])
		e.Host, e.Port = hostPort(f[2])
		e.Host = unmasked(e.Host)
		e.ClientTime, _ = eventTime(f[4])
		if ev != nil {
			e.Time, e.Machine = ev.time, ev.machine
		}
		put(p, &p.paste.Set.ClientRequests, e)
		p.found(KindEvent12288, l)
	}
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// anyID is a GUID in lower case, "" for one that its owner made unreadable.
func anyID(s string) string {
	if !isGUID(s) {
		return ""
	}
	return strings.ToLower(s)
}

// unmasked is a name, "" for a placeholder such as <KMS Host FQDN>.
func unmasked(s string) string {
	if strings.ContainsAny(s, "<>*") {
		return ""
	}
	return s
}
