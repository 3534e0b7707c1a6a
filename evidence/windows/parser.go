package windows

import (
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// section is a piece of output that takes several lines.
type section interface {
	// take reads a line and tells whether it belongs to the section.
	take(p *parser, l *line) bool
	// blank is told of an empty line.
	blank(p *parser)
	// end is told that no more lines come.
	end(p *parser)
}

// opener starts a section at a line that begins one; nil if the line does not.
type opener func(p *parser, l *line) section

// single reads a line that says something by itself.
type single func(p *parser, l *line) bool

// parser reads logical lines one after the other.
type parser struct {
	paste  Paste
	kinds  map[Kind]int // place in paste.Kinds
	cmd    command      // the command line seen last
	cur    section
	words  prose
	log    hostLog
	codes  map[codeKey]bool
	said   map[sayKey]bool
	system int // place+1 in Set.Systems of the machine being described
	list   pendingList
	about  string // "host" or "client": of whom the last words or command spoke
	remote bool   // it was a command that asks another machine
	emul   emulator
	dns    dnsState
	fixed  *evidence.Origin // of everything, in place of lines
}

type codeKey struct {
	code    uint32
	context string
	product string
}

type sayKey struct{ id, value string }

func newParser(source string) *parser {
	return &parser{
		paste: Paste{Source: source},
		kinds: map[Kind]int{},
		codes: map[codeKey]bool{},
		said:  map[sayKey]bool{},
	}
}

// The order matters: the more telling form comes first.
var openers = []opener{
	openBareLookup, openXML, openJSON, openCSV, openTable,
	openEvent, openOSPP, openRecord, openLicense, openXPR,
	openLookup, openDig, openIPConfig, openRoutes, openPing, openStripchart, openService, openPortRange,
	openVlmcs,
}

var singles = []single{
	readList, readAction, readDNSLine, readDialLine, readSystemLine, readEmulatorLine, readSlui,
}

// step reads one logical line.
func (p *parser) step(l *line) {
	if l.text == "" {
		if p.cur != nil {
			p.cur.blank(p)
		}
		p.list.drop(p)
		p.words.flush(p)
		return
	}
	if l.fence {
		p.words.flush(p)
		return
	}
	if l.dashes {
		p.say(evidence.KeyPasted, "a key joined by dashes that are no hyphens", l)
	}
	if p.list.open() && p.list.take(p, l) {
		return
	}
	if isListStart(l.text) && p.takesList() && readList(p, l) {
		p.words.flush(p)
		return
	}
	if text, ok := prompt(l.text); ok {
		p.close()
		p.words.flush(p)
		p.run(text, l)
		return
	}
	if p.bareCommand(l) {
		return
	}
	if p.cur != nil && p.cur.take(p, l) {
		return
	}
	for _, open := range openers {
		if s := open(p, l); s != nil {
			p.close()
			p.words.flush(p)
			p.cur = s
			return
		}
	}
	for _, read := range singles {
		if read(p, l) {
			p.words.flush(p)
			return
		}
	}
	if strings.Contains(l.text, "Script Host") || strings.Contains(l.text, "Host skrypt") {
		p.found(KindScriptBanner, l)
		return
	}
	if noise(l.text, l.lower()) {
		return
	}
	p.words.add(p, l)
}

// takesList tells whether the list of an event may stand by itself here, and not
// within an object that collects its lines.
func (p *parser) takesList() bool {
	switch p.cur.(type) {
	case nil, *eventSection:
		return true
	}
	return false
}

// close ends the open section.
func (p *parser) close() {
	if s := p.cur; s != nil {
		p.cur = nil
		s.end(p)
	}
}

func (p *parser) finish(in *reader) Paste {
	p.list.drop(p)
	p.close()
	p.words.flush(p)
	p.emul.end(p)
	p.log.end(p)
	slices.SortStableFunc(p.paste.Set.Codes, func(a, b evidence.Code) int { return a.Origin.Line - b.Origin.Line })
	slices.SortStableFunc(p.paste.Set.Statements, func(a, b evidence.Statement) int { return a.Origin.Line - b.Origin.Line })
	slices.SortStableFunc(p.paste.Kinds, func(a, b Found) int { return a.FirstLine - b.FirstLine })
	slices.SortStableFunc(p.paste.Unread, func(a, b Line) int { return a.Number - b.Number })
	p.paste.Lines = in.no
	p.paste.Truncated.LongLines = in.long
	return p.paste
}

// origin is where a line stands.
func (p *parser) origin(l *line) evidence.Origin {
	if p.fixed != nil {
		return *p.fixed
	}
	return evidence.Origin{Paste: p.paste.Source, Line: l.no, Text: l.src}
}

// found notes that a line begins a piece of output of a kind.
func (p *parser) found(kind Kind, l *line) {
	if i, ok := p.kinds[kind]; ok {
		p.paste.Kinds[i].Times++
		return
	}
	if len(p.paste.Kinds) >= maxKinds {
		return
	}
	p.kinds[kind] = len(p.paste.Kinds)
	p.paste.Kinds = append(p.paste.Kinds, Found{Kind: kind, FirstLine: l.no, Times: 1})
}

// unread lists a line that nobody understood.
func (p *parser) unread(no int, text string) {
	if len(p.paste.Unread) >= maxUnread {
		p.paste.Truncated.UnreadLines++
		return
	}
	p.paste.Unread = append(p.paste.Unread, Line{Number: no, Text: text})
}

// put appends an observation as long as there is room for its type.
func put[T any](p *parser, to *[]T, v T) {
	if len(*to) >= maxEach {
		p.paste.Truncated.Observations++
		return
	}
	*to = append(*to, v)
}

// code notes a status code once for each context and product.
func (p *parser) code(c uint32, context, product string, o evidence.Origin) {
	key := codeKey{c, context, product}
	if c == 0 || p.codes[key] {
		return
	}
	if len(p.codes) < maxEach {
		p.codes[key] = true
	}
	put(p, &p.paste.Set.Codes, evidence.Code{Origin: o, Code: c, Context: context, Product: product})
}

// say notes a statement once for each value.
func (p *parser) say(id, value string, l *line) {
	key := sayKey{id, value}
	if p.said[key] {
		return
	}
	if len(p.said) < maxEach {
		p.said[key] = true
	}
	put(p, &p.paste.Set.Statements, evidence.Statement{Origin: p.origin(l), ID: id, Value: value})
}

// machine returns the description of the machine that the paste speaks of,
// made on first use. Several programs add to one description.
func (p *parser) machine(l *line) *evidence.System {
	if p.system == 0 {
		put(p, &p.paste.Set.Systems, evidence.System{Origin: p.origin(l)})
		p.system = len(p.paste.Set.Systems)
	}
	return &p.paste.Set.Systems[p.system-1]
}

// anotherMachine makes the next description a new one.
func (p *parser) anotherMachine() { p.system = 0 }
