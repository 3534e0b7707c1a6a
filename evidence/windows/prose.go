package windows

import (
	"strings"

	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// prose collects lines that no program's form fits, to the end of a paragraph:
// a sentence may go over several lines.
type prose struct {
	lines   []line
	bytes   int
	matcher matcher
	total   int // bytes read so far
}

const maxProse = 16 << 10 // bytes read as one paragraph

func (w *prose) add(p *parser, l *line) {
	w.lines = append(w.lines, *l)
	if w.bytes += len(l.text); w.bytes > maxProse {
		w.flush(p)
	}
}

// peek returns the line added last.
func (w *prose) peek() (line, bool) {
	if len(w.lines) == 0 {
		return line{}, false
	}
	return w.lines[len(w.lines)-1], true
}

// unread takes the line added last back, because it was a table's header.
func (w *prose) unread(no int) {
	if n := len(w.lines); n > 0 && w.lines[n-1].no == no {
		w.lines = w.lines[:n-1]
	}
}

// flush reads the paragraph: codes, messages, channels, phrases. Lines that hold
// none of them are unread.
func (w *prose) flush(p *parser) {
	if len(w.lines) == 0 {
		return
	}
	lines := w.lines
	understood := make([]bool, len(lines))
	coded := false
	for i := range lines {
		l := &lines[i]
		if mayHoldCode(l.text) {
			for _, m := range kmserr.Find(l.text) {
				p.code(uint32(m.Code), "stated", "", p.origin(l))
				understood[i], coded = true, true
			}
			if understood[i] {
				p.found(KindCode, l)
			}
		}
		for _, t := range channelTokens {
			if strings.Contains(l.text, t.text) {
				p.say(t.id, t.text, l)
				understood[i] = true
				break
			}
		}
	}
	if !coded {
		w.messages(p, understood)
	}
	for i := range lines {
		if eventInWords(p, &lines[i]) {
			understood[i] = true
		}
	}
	w.total += w.bytes
	if w.total > maxWorded {
		lines = nil
	}
	w.matcher.match(lines, func(m *phrase, at int) {
		understood[at] = true
		l := &lines[at]
		p.found(KindPhrase, l)
		if cloud, ok := strings.CutPrefix(m.id, "cloud:"); ok {
			if s := p.machine(l); s.Cloud == "" {
				s.Cloud = cloud
			}
			return
		}
		p.say(m.id, m.value, l)
	})
	lines = w.lines
	p.speakOf(lines)
	for i := range lines {
		if !understood[i] {
			p.unread(lines[i].no, lines[i].src)
		}
	}
	w.lines, w.bytes = w.lines[:0], 0
}

// speakOf notes whether words spoke of the host or of a client last, so that
// what follows, a service's state, can be told of whom it is.
func (p *parser) speakOf(lines []line) {
	last := lines[len(lines)-1].lower()
	host := strings.Contains(last, "kms host") || strings.Contains(last, "kms server") || strings.Contains(last, "on the host") || strings.Contains(last, "on the server")
	client := strings.Contains(last, "client") || strings.Contains(last, "workstation")
	switch {
	case host && !client:
		p.about = "host"
	case client && !host:
		p.about = "client"
	}
}

// channelTokens are the channels that people quote from a description.
var channelTokens = []struct{ text, id string }{
	{"VIRTUAL_MACHINE_ACTIVATION", evidence.ChannelAVMA},
	{"VOLUME_MAK", evidence.ChannelMAK},
	{"RETAIL(MAK)", evidence.ChannelMAK},
	{"Volume:MAK", evidence.ChannelMAK},
	{"TIMEBASED_EVAL", evidence.ChannelEval},
	{"Retail:TB:Eval", evidence.ChannelEval},
	{"OEM_DM", evidence.ChannelOEM},
	{"OEM:DM", evidence.ChannelOEM},
	{"OEM_SLP", evidence.ChannelOEM},
	{"OEM:SLP", evidence.ChannelOEM},
	{"OEM_COA", evidence.ChannelOEM},
	{"Volume:CSVLK", evidence.ChannelCSVLK},
	{"VOLUME_KMS channel", evidence.ChannelCSVLK},
	{"VOLUME_KMS_", evidence.ChannelCSVLK},
	{"RETAIL channel", evidence.ChannelRetail},
}

// messages looks for the text of an error whose number was left out.
func (w *prose) messages(p *parser, understood []bool) {
	var all strings.Builder
	starts := make([]int, len(w.lines))
	for i := range w.lines {
		starts[i] = all.Len()
		all.WriteString(w.lines[i].lower())
		all.WriteByte(' ')
	}
	text := all.String()
	for _, m := range messageTexts {
		at := strings.Index(text, m.text)
		if at < 0 {
			continue
		}
		i := 0
		for i+1 < len(starts) && starts[i+1] <= at {
			i++
		}
		known := false
		for k := range p.codes {
			known = known || k.code == m.code
		}
		understood[i] = true
		if !known {
			p.found(KindCode, &w.lines[i])
			p.code(m.code, "the text of the message", "", p.origin(&w.lines[i]))
		}
	}
}

// messageTexts are parts of the messages that slmgr and ospp.vbs print with a
// code, in lower case.
var messageTexts = []struct {
	text string
	code uint32
}{
	{"no key management service (kms) could be contacted", 0xC004F074},
	{"key management server (kms) is unavailable", 0xC004F074},
	{"无法联系任何密钥管理服务", 0xC004F074},
	{"無法連絡任何金鑰管理服務", 0xC004F074},
	{"es konnte kein schlüsselverwaltungsdienst", 0xC004F074},
	{"aucun service de gestion de clés", 0xC004F074},
	{"ningún servicio de administración de claves", 0xC004F074},
	{"キー管理サービス (kms) に接続できません", 0xC004F074},
	{"не удалось обратиться ни к одной службе управления ключами", 0xC004F074},
	{"count reported by your key management service", 0xC004F038},
	{"specified key management service (kms) cannot be used", 0xC004F042},
	{"key management server (kms) is not activated", 0xC004F041},
	{"key management service (kms) is not enabled", 0xC004F039},
	{"time stamp is invalid", 0xC004F06C},
	{"timestamp is invalid", 0xC004F06C},
	{"dns name does not exist", 0x8007232B},
	{"dns server failure", 0x8007232A},
	{"no records found for given dns query", 0x8007251D},
	{"product key is not available", 0xC004F014},
	{"product key is invalid", 0xC004F050},
	{"product sku is not found", 0xC004F069},
	{"hardware id binding is beyond", 0xC004F00F},
	{"grace period expired", 0xC004F009},
	{"missing a required license", 0xC004F063},
	{"invalid volume license key", 0xC004F035},
	{"license store contains inconsistent data", 0xC004E002},
	{"computer could not be activated as the hardware", 0xC004F00F},
	{"the rpc server is unavailable", 0x800706BA},
	{"requested action requires elevated privileges", 0x80070005},
	{"maximum allowed number of re-arms has been exceeded", 0xC004D307},
	{"has exceeded its limit", 0xC004C020},
	{"supported microsoft hyper-v virtualization platform", 0xC004FD01},
}
