package report

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// Bounds of the tables on a screen; -o jsonl and -o csv have everything.
const (
	maxStories   = 1000
	maxWideRows  = 10_000
	storyGap     = int64(5 * time.Minute)
	maxCallsTold = 4
)

// captureText prints what a capture adds up to, then a table of conversations.
type captureText struct {
	w      io.Writer
	s      Style
	mask   *mask
	wide   bool
	events Renderer
	plan   run.Event
	items  []item
	calls  map[int64][]told // by connection, until that ends
	more   int              // conversations beyond the bound
	rows   []string         // of the wide table
}

// item is a look-up or a connection in the life of a client.
type item struct {
	at, end int64
	client  netip.Addr
	host    netip.AddrPort
	dns     string
	lookup  *capture.Lookup // what dns tells, where it may have to be told again
	attempt string          // how the connection went
	calls   []told
	packets capture.Span
}

// told is an exchange, in a few words.
type told struct {
	number int64
	text   string
	took   time.Duration
}

func newCaptureText(w io.Writer, s Style, m *mask, events func(Renderer) Renderer, wide bool) *captureText {
	s = s.normal()
	shown := Text(w, s)
	if s.Accessible {
		shown = Accessible(w, s)
	}
	return &captureText{w: w, s: s, mask: m, wide: wide, events: events(shown), calls: map[int64][]told{}}
}

// Begin implements [CaptureRenderer].
func (t *captureText) Begin(plan run.Event) error {
	t.plan = plan
	return nil
}

// Encode implements [CaptureRenderer].
func (t *captureText) Encode() func([]capture.Record, []byte) []byte { return nil }

// Records implements [CaptureRenderer].
func (t *captureText) Records(records []capture.Record, _ []byte) error {
	for _, r := range records {
		switch {
		case r.Exchange != nil:
			t.exchange(r.Exchange)
		case r.Connection != nil && r.Connection.KMS:
			t.connection(r.Connection)
		case r.Lookup != nil && r.Lookup.Type == "SRV" && len(t.items) < 4*maxStories:
			l := r.Lookup
			t.items = append(t.items, item{
				at: max(l.Asked, l.Answered*b2i(l.Asked == 0)), end: l.Answered, client: l.Client.Addr(),
				dns: lookupText(l, t.mask), packets: capture.Span{First: l.Question, Last: l.Answer},
			})
		}
	}
	return nil
}

func (t *captureText) exchange(x *capture.Exchange) {
	if t.wide && len(t.rows) < maxWideRows {
		t.rows = append(t.rows, wideRow(x, t.mask))
	}
	if t.room() {
		t.call(callOf(x))
	}
}

// room tells whether the table can hold more.
func (t *captureText) room() bool { return len(t.items) < 4*maxStories && len(t.calls) < 4*maxStories }

// call keeps an exchange until its connection ends.
func (t *captureText) call(c call) {
	calls := t.calls[c.Conn]
	if len(calls) < maxCallsTold {
		calls = append(calls, told{c.Number, c.text(), c.took()})
	}
	t.calls[c.Conn] = calls
}

func (t *captureText) connection(c *capture.Connection) {
	if len(t.items) >= 4*maxStories {
		delete(t.calls, c.Number)
		t.more++
		return
	}
	t.ended(c.Number, c.Exchanges, item{at: c.First, end: c.Last, client: c.Client.Addr(), host: c.Host, attempt: t.mask.text(attemptText(c)), packets: c.Span})
}

// ended joins a connection with its exchanges.
func (t *captureText) ended(number int64, exchanges int, it item) {
	it.calls = t.calls[number]
	delete(t.calls, number)
	if n := exchanges - len(it.calls); n > 0 && len(it.calls) > 0 {
		it.calls = append(it.calls, told{text: fmt.Sprintf("and %d more", n)})
	}
	t.items = append(t.items, it)
}

// End implements [CaptureRenderer].
func (t *captureText) End(r *capture.Report, events []run.Event) error {
	for _, e := range append([]run.Event{t.plan}, events...) {
		if err := t.events.Event(e); err != nil {
			return err
		}
	}
	if err := t.events.Close(); err != nil {
		return err
	}
	var b strings.Builder
	t.table(&b, hostNames(r))
	if t.wide && len(t.rows) > 0 {
		b.WriteString("\n" + t.s.paint(sgrBold, "EXCHANGES") + "\n" + wideHead + "\n")
		for _, row := range t.rows {
			b.WriteString(row + "\n")
		}
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

// table prints the stories: what one client did until it was answered.
func (t *captureText) table(b *strings.Builder, names map[netip.Addr]string) {
	slices.SortStableFunc(t.items, func(x, y item) int { return cmp.Compare(x.at, y.at) })
	var stories [][]item
	open := map[netip.Addr]int{}
	for _, it := range t.items {
		i, ok := open[it.client]
		if ok {
			last := stories[i][len(stories[i])-1]
			ok = len(last.calls) == 0 && it.at-last.at < storyGap && (it.dns == "" || last.dns != "")
		}
		if !ok {
			i = len(stories)
			stories = append(stories, nil)
			open[it.client] = i
		}
		stories[i] = append(stories[i], it)
	}
	if len(stories) == 0 {
		return
	}
	if t.s.Accessible {
		fmt.Fprintf(b, "%s follow, times in UTC.\n", plural(min(len(stories), maxStories), "conversation"))
	} else {
		b.WriteString("\n" + t.s.paint(sgrBold, "CONVERSATIONS") + conversationDays(stories) + "\n")
	}
	for i, s := range stories {
		if i == maxStories {
			t.more += len(stories) - i
			break
		}
		t.story(b, s, names)
	}
	if t.more > 0 {
		fmt.Fprintf(b, "and %d more; -o jsonl and -o csv have them all\n", t.more)
	}
}

// conversationDays says which days the times of a table are of.
func conversationDays(stories [][]item) string {
	first, last := int64(0), int64(0)
	for _, s := range stories {
		if at := s[0].at; at != 0 {
			if first == 0 {
				first = at
			}
			last = at
		}
	}
	if first == 0 {
		return ""
	}
	day := func(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02") }
	if day(first) == day(last) {
		return ", " + day(first) + ", times in UTC"
	}
	return ", " + day(first) + " to " + day(last) + ", times in UTC"
}

func (t *captureText) story(b *strings.Builder, s []item, names map[netip.Addr]string) {
	var parts []string
	asked := ""
	for _, it := range s {
		if it.dns != "" {
			if it.dns != asked {
				parts = append(parts, it.dns)
			}
			asked = it.dns
			continue
		}
		host := t.mask.addrPort(it.host).String()
		if n := names[it.host.Addr()]; n != "" {
			host = evidence.Clean(t.mask.host(n)) + " " + host
		}
		parts = append(parts, "tried "+host+" ("+it.attempt+")")
		for _, c := range it.calls {
			text := c.text
			if c.number > 0 {
				text = fmt.Sprintf("[%d] %s", c.number, c.text)
			}
			if d := took(c.took); d != "" && c.took > 0 {
				text += " in " + d
			}
			parts = append(parts, text)
		}
	}
	head := time.Unix(0, s[0].at).UTC().Format("01-02 15:04:05.000")
	if s[0].at == 0 {
		head = "time unknown      "
	}
	if t.s.Accessible {
		head = time.Unix(0, s[0].at).UTC().Format("2006-01-02 15:04:05")
		if s[0].at == 0 {
			head = "time unknown"
		}
		fmt.Fprintf(b, "%s, client %s: %s.\n", head, t.mask.addr(s[0].client), printable(strings.Join(parts, ", ")))
		return
	}
	last := s[len(s)-1].packets
	text := strings.Join(parts, ", ")
	if t.wide {
		text += fmt.Sprintf(" (packets %d to %d)", s[0].packets.First, max(last.First, last.Last))
	}
	hang(b, head+"  "+pad(t.mask.addr(s[0].client).String(), 15)+"  ", text, t.s.Width)
}
