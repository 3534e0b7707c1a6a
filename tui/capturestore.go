package tui

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// Bounds of what the capture view keeps; the diagnosis stands on everything.
const (
	maxTalks    = 5000
	maxMessages = 256       // of a conversation: the first half and the newest
	maxKept     = 24 << 20  // bytes of messages, of all conversations
	maxSearch   = 1 << 10   // bytes of text that a filter looks into, of a conversation
	maxPaused   = 32 << 10  // records that wait while the view pauses
	talkCost    = 128 + 512 // bytes of a message and of a conversation beside their data, roughly
)

// talk is a conversation: a connection, or a question to DNS.
type talk struct {
	id           int64 // number of the connection; that of a look-up is negative
	client, host netip.AddrPort
	messages     []talkMessage
	left         int // messages that were not kept
	size         int // bytes of messages
	calls        int
	syn, synack  int
	text         string // what it came to; empty while that is open
	status       run.Status
	took         time.Duration
	search       string // lower case
	code         uint32 // of the last refusal; 0: none
}

// talkMessage is one thing that an end did.
type talkMessage struct {
	at, packet int64
	sent       bool // by the client
	kind       capture.StepKind
	data       []byte
	length     int
	icmp       *capture.ICMPNote
	lookup     *capture.Lookup
	answer     bool // of the look-up
}

// captureItem is a record that outlives its capture's buffers.
type captureItem struct {
	talk         int64
	client, host netip.AddrPort
	messages     []talkMessage
	step         talkMessage
	isStep       bool
	call         bool
	text, search string
	status       run.Status
	took         time.Duration
	code         uint32      // of a refusal
	sample       countSample // of the host's count; zero where the record has none
}

// itemOf copies what the view shows of a record; it is false for those of other
// protocols.
func itemOf(r *capture.Record) (captureItem, bool) {
	switch {
	case r.Step != nil:
		s := r.Step
		return captureItem{talk: s.Conn, client: s.Client, host: s.Host, isStep: true, step: talkMessage{
			at: s.Time, packet: s.Packet, sent: s.FromClient, kind: s.Kind, data: bytes.Clone(s.Data), length: s.Length, icmp: s.ICMP,
		}}, true
	case r.Exchange != nil:
		return exchangeItem(r.Exchange), true
	case r.Connection != nil && r.Connection.KMS:
		c := r.Connection
		it := captureItem{talk: c.Number, client: c.Client, host: c.Host, text: report.ConnectionText(c)}
		if c.Trouble() != "" && !c.CutOff {
			it.status = run.Fail
		}
		return it, true
	case r.Lookup != nil:
		return lookupItem(r.Lookup), true
	}
	return captureItem{}, false
}

func exchangeItem(x *capture.Exchange) captureItem {
	outcome, asked := report.ExchangeText(x)
	it := captureItem{talk: x.Conn, client: x.Client, host: x.Host, call: true, text: strings.TrimRight(outcome+"  "+asked, " "), status: run.Fail, sample: captureSample(x)}
	if x.Answered > x.Requested && x.Requested > 0 {
		it.took = time.Duration(x.Answered - x.Requested)
	}
	it.search = x.Outcome.String()
	if x.Req != nil && x.Req.Decoded {
		it.search += " " + evidence.Clean(x.Req.Workstation)
	}
	switch x.Outcome {
	case capture.Refused:
		it.code = x.HRESULT
	case capture.Faulted:
		it.code = x.Fault
	}
	if x.HasHRESULT() {
		it.search += fmt.Sprintf(" 0x%08x", x.HRESULT)
	}
	switch {
	case x.Outcome == capture.OK && x.Resp != nil && x.Req != nil && x.Resp.Count < x.Req.NPolicy, x.Outcome == capture.ResponseOnly && x.HRESULT == 0:
		it.status = run.Warn
	case x.Outcome == capture.OK:
		it.status = run.Pass
	case x.OneSided || x.CutOff:
		it.status = ""
	}
	return it
}

// maxShownRecords bounds the records of a look-up that are kept.
const maxShownRecords = 16

func lookupItem(l *capture.Lookup) captureItem {
	c := *l
	c.SRV = append([]evidence.SRVRecord(nil), l.SRV[:min(len(l.SRV), maxShownRecords)]...)
	c.Addresses = append([]netip.Addr(nil), l.Addresses[:min(len(l.Addresses), maxShownRecords)]...)
	c.CNAMEs = append([]string(nil), l.CNAMEs[:min(len(l.CNAMEs), maxShownRecords)]...)
	it := captureItem{talk: -l.Number, client: l.Client, host: l.Resolver, text: report.LookupText(l), status: run.Pass}
	if l.Type != "SRV" {
		it.text = "asked DNS for " + evidence.Clean(l.Name) + " " + l.Type + " (" + string(l.Outcome) + ")"
	}
	switch {
	case !l.Outcome.Answered(), l.Outcome == evidence.DNSNoName, l.Type == "SRV" && len(l.SRV) == 0:
		it.status = run.Warn
	case l.Outcome == evidence.DNSNoData: // a host may have addresses of the other family
		it.status = ""
	}
	it.search = evidence.Clean(l.Name) + " dns " + string(l.Outcome)
	if l.Asked > 0 && l.Answered > 0 {
		it.took = time.Duration(l.Answered - l.Asked)
	}
	if l.Question != 0 {
		it.messages = append(it.messages, talkMessage{at: l.Asked, packet: l.Question, sent: true, lookup: &c})
	}
	if l.Answer != 0 {
		it.messages = append(it.messages, talkMessage{at: l.Answered, packet: l.Answer, lookup: &c, answer: true})
	}
	return it
}

// talks are the newest conversations, in the order in which they began.
type talks struct {
	list    []*talk
	byID    map[int64]*talk
	size    int // bytes kept
	dropped int // conversations that are not kept any more
}

func newTalks() *talks { return &talks{byID: map[int64]*talk{}} }

// take adds records.
func (s *talks) take(items []captureItem) {
	for i := range items {
		s.add(&items[i])
	}
	gone := 0
	for gone < len(s.list)-1 && (len(s.list)-gone > maxTalks || s.size > maxKept) {
		t := s.list[gone]
		s.size -= t.size + talkCost
		delete(s.byID, t.id)
		s.list[gone] = nil
		gone++
	}
	if gone > 0 {
		s.dropped += gone
		s.list = append(s.list[:0:0], s.list[gone:]...)
	}
}

func (s *talks) add(it *captureItem) {
	t := s.byID[it.talk]
	if t == nil {
		t = &talk{id: it.talk, client: it.client, host: it.host}
		t.find(it.client.String() + " " + it.host.String())
		s.byID[it.talk] = t
		s.list = append(s.list, t)
		s.size += talkCost
	}
	t.client, t.host = it.client, it.host
	before := t.size
	if it.isStep {
		t.step(it.step)
	}
	for _, m := range it.messages {
		t.keep(m)
	}
	s.size += t.size - before
	switch {
	case it.isStep:
		return
	case it.call:
		t.calls++
	case t.calls > 0: // a connection that is over, of which the calls told more
		return
	}
	t.text, t.took = it.text, it.took
	if it.code != 0 {
		t.code = it.code
	}
	t.status = run.Worse(t.status, it.status)
	t.find(it.text + " " + it.search + " " + word(it.status))
}

// find adds text that a filter may look for.
func (t *talk) find(text string) {
	text = strings.ToLower(text)
	if len(t.search)+len(text) < maxSearch && !strings.Contains(t.search, text) {
		t.search += " " + text
	}
}

func (t *talk) step(m talkMessage) {
	switch m.kind {
	case capture.StepSYN:
		t.syn++
	case capture.StepSYNACK:
		t.synack++
	case capture.StepRST:
		t.broke("the host reset the connection", !m.sent)
	case capture.StepICMP:
		t.broke("ICMP error", true)
	}
	t.keep(m)
}

// broke notes how a connection without a call ended; its record tells more when
// it comes.
func (t *talk) broke(text string, byHost bool) {
	if byHost && t.calls == 0 && t.text == "" {
		t.text, t.status = text, run.Fail
		t.find(text + " " + word(t.status))
	}
}

// keep adds a message; in the middle of a long conversation some are left out.
func (t *talk) keep(m talkMessage) {
	if len(t.messages) == maxMessages {
		at := maxMessages / 2
		t.size -= len(t.messages[at].data) + talkCost
		t.messages = append(t.messages[:at], t.messages[at+1:]...)
		t.left++
	}
	t.messages = append(t.messages, m)
	t.size += len(m.data) + talkCost
}

// said is what the conversation came to, or how far it is.
func (t *talk) said() string {
	switch {
	case t.calls > 1:
		return fmt.Sprintf("%d calls, the last: %s", t.calls, t.text)
	case t.text != "":
		return t.text
	case t.syn > 0 && t.synack == 0 && len(t.messages) == t.syn:
		return fmt.Sprintf("SYN x%d, no reply yet", t.syn)
	case t.synack > 0 && len(t.messages) == t.syn+t.synack:
		return "connected"
	}
	return "under way"
}
