package tui

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
	"github.com/kmsdiag/kmsdiag/run"
)

// dissected is a message as the panes show it.
type dissected struct {
	name, text string
	fields     []kms.Field
	bytes      []byte
	unreadable int      // offset of an encrypted part that cannot be read; -1: none
	note       string   // instead of bytes
	names      []string // in text, that identify somebody
}

// dissect takes a message of a conversation apart.
func (t *talk) dissect(at int) dissected {
	m := &t.messages[at]
	switch {
	case m.lookup != nil:
		return m.dissectLookup()
	case m.kind == capture.StepPDU && m.length > len(m.data):
		return dissected{name: "RPC", text: fmt.Sprintf("%d bytes, of which %d were kept", m.length, len(m.data)), bytes: m.data, unreadable: -1}
	case m.kind == capture.StepPDU:
		d := capture.Dissect(m.data, t.before(at)...)
		out := dissected{name: d.Name, text: d.Text, fields: d.Fields, bytes: d.Bytes, unreadable: -1, names: d.Names}
		for i := range out.fields {
			f := &out.fields[i]
			f.Value = explained(*f, d.Bytes, m.at)
			if f.Sealed && f.Name == "unreadable" {
				out.unreadable = f.Offset
				f.Name, f.Value = "encrypted part", fmt.Sprintf("%d bytes, encrypted, and not with a key of KMS", f.Length)
			}
		}
		return out
	case m.kind == capture.StepOther:
		return dissected{name: "NOT RPC", text: fmt.Sprintf("the first %d bytes of something else", len(m.data)), bytes: m.data, unreadable: -1}
	case m.kind == capture.StepICMP && m.icmp != nil:
		return dissected{name: "ICMP", text: fmt.Sprintf("%s (%d/%d) from %s", m.icmp.Outcome(), m.icmp.Type, m.icmp.Code, m.icmp.From), unreadable: -1, note: "the packet has no bytes of KMS"}
	}
	name := map[capture.StepKind]string{capture.StepSYN: "SYN", capture.StepSYNACK: "SYN-ACK", capture.StepFIN: "FIN", capture.StepRST: "RST"}[m.kind]
	return dissected{name: name, text: t.signal(at), unreadable: -1, note: "a TCP signal: it carries no bytes"}
}

// signal says what a segment without data means.
func (t *talk) signal(at int) string {
	m := &t.messages[at]
	who := "the host"
	if m.sent {
		who = "the client"
	}
	n := 0
	for i := range t.messages[:at+1] {
		if o := &t.messages[i]; o.lookup == nil && o.kind == m.kind && o.sent == m.sent {
			n++
		}
	}
	switch m.kind {
	case capture.StepSYN:
		if n > 1 {
			return fmt.Sprintf("asks for a connection, try %d", n)
		}
		return "asks for a connection"
	case capture.StepSYNACK:
		return "accepts it"
	case capture.StepFIN:
		return who + " closes"
	case capture.StepRST:
		return who + " resets"
	}
	return ""
}

// before are the fragments of the call that a message ends.
func (t *talk) before(at int) [][]byte {
	m := &t.messages[at]
	var list [][]byte
	for i := range t.messages[:at] {
		o := &t.messages[i]
		if o.lookup != nil || o.kind != capture.StepPDU || o.sent != m.sent || len(o.data) < 16 || len(m.data) < 16 ||
			o.data[2] != m.data[2] || string(o.data[12:16]) != string(m.data[12:16]) {
			continue
		}
		if o.data[3]&1 != 0 { // the first fragment
			list = list[:0]
		}
		if o.data[3]&2 == 0 {
			list = append(list, o.data)
		} else {
			list = list[:0]
		}
	}
	return list
}

// explained adds what a value means: the name of a product, how far clocks are apart.
func explained(f kms.Field, b []byte, at int64) string {
	switch f.Name {
	case "activation id":
		if p, ok := catalog.ProductByActivationID(f.Value); ok {
			return f.Value + " " + p.Name
		}
	case "client time":
		if f.Length == 8 && f.Offset+8 <= len(b) && at > 0 {
			skew := kms.Filetime(binary.LittleEndian.Uint64(b[f.Offset:])).Time().Sub(time.Unix(0, at))
			return fmt.Sprintf("%s  %+.1f s against the capture", f.Value, math.Round(10*skew.Seconds())/10+0)
		}
	}
	return f.Value
}

// dissectLookup shows a question or its answer.
func (msg *talkMessage) dissectLookup() dissected {
	l := msg.lookup
	d := dissected{name: "DNS QUESTION", text: l.Name + " " + l.Type, unreadable: -1, note: "the bytes of DNS are not kept"}
	add := func(name, value string) { d.fields = append(d.fields, kms.Field{Name: name, Value: value}) }
	d.names = append(d.names, l.Name)
	add("name", l.Name)
	add("type", l.Type)
	if !msg.answer {
		return d
	}
	d.name, d.text = "DNS ANSWER", string(l.Outcome)
	add("outcome", strings.TrimSpace(string(l.Outcome)+" "+l.Detail))
	for _, r := range l.SRV {
		value := fmt.Sprintf("%s port %d, priority %d, weight %d", r.Target, r.Port, r.Priority, r.Weight)
		add("SRV record", value)
		d.text += "  " + r.Target
		d.names = append(d.names, r.Target)
	}
	for _, a := range l.Addresses {
		add("address", a.String())
		d.text += "  " + a.String()
	}
	for _, c := range l.CNAMEs {
		add("alias", c)
	}
	return d
}

// telling is the message that tells most: the last call or its answer, else what
// else RPC said last, else the last of all.
func (t *talk) telling() int {
	said := -1
	for i := len(t.messages) - 1; i >= 0; i-- {
		m := &t.messages[i]
		if m.lookup != nil || m.kind != capture.StepPDU || len(m.data) <= 2 {
			continue
		}
		if m.data[2] <= byte(dcerpc.TypeFault) {
			return i
		}
		said = max(said, i)
	}
	last := len(t.messages) - 1
	if last >= 0 && (t.messages[last].kind == capture.StepRST || t.messages[last].kind == capture.StepICMP) || said < 0 {
		return max(last, 0)
	}
	return said
}

// anyField stands for the first field that is worth a look.
const anyField = -1

// fieldAt is the place of the cursor among the fields: without one, where the
// message of KMS begins.
func (v *captureView) fieldAt(d dissected) int {
	if v.field != anyField {
		return max(min(v.field, len(d.fields)-1), 0)
	}
	for i, f := range d.fields {
		if f.Name == "version" || f.Name == "status" || f.Name == "reason" || f.Name == "contexts" || f.Name == "results" || f.Name == "return value" {
			return i
		}
	}
	return 0
}

// ill tells whether a conversation went wrong.
func (t *talk) ill() bool { return t.status == run.Fail || t.status == run.Warn }

// dissected is the message under the cursor; it is false when there is none.
func (v *captureView) dissected(m *Model) (dissected, bool) {
	t := v.current()
	if t == nil || len(t.messages) == 0 {
		return dissected{}, false
	}
	return t.shownMessage(m, max(min(v.message, len(t.messages)-1), 0)), true
}

// shownMessage is a message as the screen may show it.
func (t *talk) shownMessage(m *Model, at int) dissected {
	d := t.dissect(at)
	if m.hidden {
		d.hide(m)
	}
	return d
}

// telltale are the fields that identify somebody.
var telltale = map[string]bool{
	"client machine id": true, "previous client machine id": true, "ePID": true, "hardware id": true, "workstation name": true,
	"name": true, "address": true, "alias": true, "SRV record": true,
}

// hide masks what identifies somebody; the bytes would tell it.
func (d *dissected) hide(m *Model) {
	for i := range d.fields {
		f := &d.fields[i]
		if !telltale[f.Name] {
			f.Value = m.shownText(f.Value)
			continue
		}
		if value := m.shownText(f.Value); value != f.Value {
			f.Value = value
		} else {
			f.Value = "hidden"
		}
	}
	for _, name := range d.names {
		if name != "" {
			d.text = strings.ReplaceAll(d.text, name, "hidden")
		}
	}
	d.text = m.shownText(d.text)
	d.bytes, d.note = nil, "names are hidden, and the bytes would tell them; p shows all"
}
