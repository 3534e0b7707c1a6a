package windows

import (
	"strconv"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// eventIDs are the events whose number alone is taken for one of ours, with the
// part of the text by which they are known where the number is missing.
var eventIDs = map[int]string{
	12288: "has sent an activation request to the key management service",
	12289: "has processed an activation response from the key management service",
	12290: "an activation request has been processed",
	12291: "key management service (kms) failed to start",
	12292: "key management service (kms) failed to initialize",
	12293: "", // told from 12294 by how it ends, see eventByText
	12294: "",
	12308: "active directory activation has succeeded",
	12309: "active directory activation has failed",
	8196:  "license activation scheduler (sppuinotify.dll)",
	8198:  "license activation (slui.exe) failed",
	8200:  "license acquisition failure details",
	8208:  "acquisition of genuine ticket failed",
	8229:  "rules engine failed to perform one or more scheduled actions",
	8230:  "rules engine successfully re-evaluated the schedule",
	8233:  "a failed vl activation attempt",
	900:   "software protection service is starting",
	902:   "software protection service has started",
	903:   "software protection service has stopped",
	1003:  "has completed licensing status check",
	1014:  "acquisition of end user license failed",
	1058:  "installation of the proof of purchase from the acpi table failed",
	16384: "successfully scheduled software protection service for re-start",
	16385: "failed to schedule software protection service for re-start",
	16394: "offline downlevel migration succeeded",
}

// eventByText finds the number of an event by its first sentence.
func eventByText(s string) int {
	if len(s) < 30 || len(s) > 2000 || strings.IndexByte(s, ' ') < 0 {
		return 0
	}
	lower := strings.ToLower(s)
	known := false
	for _, word := range []string{"activation", "protection service", "rules engine", "genuine ticket", "license", "to dns in", "key management", "downlevel", "proof of purchase"} {
		if known = strings.Contains(lower, word); known {
			break
		}
	}
	if !known {
		return 0
	}
	if strings.Contains(lower, "to dns in the") && strings.Contains(lower, "publishing the key") {
		if strings.Contains(lower, "fail") {
			return 12293
		}
		return 12294
	}
	for id, text := range eventIDs {
		if text != "" && strings.Contains(lower, text) {
			return id
		}
	}
	return 0
}

// eventSection is one event as text: headers such as "Event ID: 12288", the
// sentence of the event, its fields.
type eventSection struct {
	first   line
	id      int
	time    time.Time
	machine string
	code    uint32
	fields  map[string]string
	listed  bool // a list was read: the event is in the set
	body    bool // what stands below the headers began
}

func openEvent(p *parser, l *line) section {
	s := &eventSection{first: *l}
	if strings.HasPrefix(l.text, "Event[") {
		return s
	}
	if id := eventNumber(l.text, l.lower()); id != 0 {
		p.close()
		s.id = id
		s.bodyLine(p, l)
		s.inlineList(p, l)
		return s
	}
	label, value, ok := cutLabel(l.text)
	if f, known := labelled(label); ok && known {
		switch {
		case f == fEventLog && value != "", f == fEventSource && strings.Contains(value, "Security-"):
			return s
		case f == fEventID && digits(value) > 0:
			s.id = eventID(value)
			return s
		}
	}
	if id := eventByText(l.text); id != 0 {
		p.close() // so that a list on this line is this event's
		s.id = id
		s.take(p, l)
		return s
	}
	if id := ruleEvent(l); id != 0 {
		s.id = id
		s.bodyLine(p, l)
		return s
	}
	return nil
}

// eventNumber reads "12288" alone, "16384: ...", "Client log: Event ID 12308".
func eventNumber(s, lower string) int {
	n := digits(s)
	if n >= 3 && n <= 5 && (n == len(s) || s[n] == ':' && !strings.Contains(s, "[(")) {
		id := atoi(s[:n])
		if _, ok := eventIDs[id]; ok && (n == len(s) || eventByText(s) == id) {
			return id
		}
	}
	at := strings.Index(lower, "event id ")
	if at < 0 || len(s) > at+20 || at > 20 || len(lower) != len(s) {
		return 0
	}
	if id := atoi(s[at+9 : at+9+digits(s[at+9:])]); id > 0 {
		return eventID(strconv.Itoa(id))
	}
	return 0
}

// eventID reads an event's number; lists of trace events have it with severity
// bits above the low 16.
func eventID(s string) int {
	n, ok := leadingInt(s[:digits(s)])
	if !ok {
		return 0
	}
	return int(n & 0xFFFF)
}

func (s *eventSection) blank(*parser) {}

func (s *eventSection) take(p *parser, l *line) bool {
	if strings.HasPrefix(l.text, "Event[") {
		s.next(p, l)
		return true
	}
	if id := eventNumber(l.text, l.lower()); id != 0 && (s.body || s.id != 0) {
		s.next(p, l)
		s.id = id
		s.bodyLine(p, l)
		s.inlineList(p, l)
		return true
	}
	if id := eventByText(l.text); id != 0 {
		if s.id != 0 && (s.id != id || s.listed) {
			s.next(p, l)
		}
		s.id = id
		s.bodyLine(p, l)
		s.inlineList(p, l)
		return true
	}
	if id := ruleEvent(l); id != 0 && digits(l.text) > 0 && s.id != 0 && s.body {
		s.next(p, l)
		s.id = id
		return s.bodyLine(p, l)
	}
	label, value, ok := cutLabel(l.text)
	f, known := labelled(label)
	if !known && !ok {
		f, known = labelled(l.text)
	}
	if known && strings.HasPrefix(string(f), "event-") && s.header(p, l, f, value) {
		return true
	}
	if known && f == fDescription && value == "" {
		s.body = true
		return true
	}
	if listAt(l.text) >= 0 && readList(p, l) {
		return true
	}
	return s.bodyLine(p, l)
}

// header reads one labelled line above an event's text.
func (s *eventSection) header(p *parser, l *line, f field, value string) bool {
	switch f {
	case fEventText:
		s.body = true
		return s.info(p, l, value)
	case fEventLog, fEventSource:
		if s.body {
			s.next(p, l)
		}
	case fEventID:
		if digits(value) == 0 {
			return false
		}
		if s.id != 0 && (s.body || s.listed) {
			s.next(p, l)
		}
		s.id = eventID(value)
	case fEventTime:
		if s.body && (s.id != 0 || s.listed) {
			s.next(p, l)
		}
		s.time = entryTime(value)
	case fEventHost:
		s.machine = unmasked(value)
	case fEventOther:
		if len(value) > 60 {
			return false
		}
	}
	return true
}

// info reads what follows "Info:" on the same line.
func (s *eventSection) info(p *parser, l *line, value string) bool {
	if value == "" {
		return true
	}
	if listAt(value) >= 0 {
		return readList(p, l)
	}
	if c, ok := codeIn(value); ok {
		s.code = c
	}
	return true
}

// next ends the event and begins another at a line.
func (s *eventSection) next(p *parser, l *line) {
	s.end(p)
	*s = eventSection{first: *l}
}

// eventKeys are the names of fields in an event's text.
var eventKeys = []string{
	"hr", "error code", "reason", "path", "trigger", "ruleid", "appid", "skuid", "sku id", "ao name", "ao dn", "application id",
	"licensing status", "parameters", "security-spp-action-statedata (reg_sz)", "template id", "caller", "command-line arguments",
	"kernel policies", "arguments", "app id", "activation id", "error",
}

// bodyLine reads a line of an event's text: its sentence, or its fields.
func (s *eventSection) bodyLine(p *parser, l *line) bool {
	text := l.text
	taken := false
	if eventByText(text) != 0 {
		s.body, taken = true, true
		if s.id == 12293 || s.id == 12294 {
			s.put("domain", domainIn(text))
		}
		if at := strings.Index(text, " at "); s.id == 16384 && at > 0 {
			s.put("restart", firstWord(text[at+4:]))
		}
	}
	key, value, ok := cutField(text)
	if ok && isEventKey(key) {
		s.body, taken = true, true
		s.keyValue(p, l, key, value)
	} else if at := strings.Index(text, "(hr="); at > 0 {
		s.keyValue(p, l, "hr", text[at+4:])
	} else if ruleEvent(l) != 0 {
		s.body, taken = true, true
	}
	if !taken && s.id == 1003 && strings.Contains(text, "[(") {
		s.statusLine(text)
		taken = true
	}
	if taken && len(text) < maxInline {
		s.inline(p, l)
	}
	if c, n, ok := hexValue(text); ok && n == len(text) && s.body && s.id != 0 { // the code on a line of its own
		s.code, taken = c, true
	}
	if taken && s.code == 0 && s.id != 8230 && s.id != 1003 {
		if c, ok := codeIn(text); ok && c&0x80000000 != 0 {
			s.code = c
		}
	}
	return taken
}

// maxInline is the length of a line whose fields are looked for one by one.
const maxInline = 2000

// inline reads fields that stand in a row behind the sentence of an event, as
// when its lines were joined: "... AppId = ..., SkuId = ... Trigger=TimerEvent".
func (s *eventSection) inline(p *parser, l *line) {
	lower := l.lower()
	for _, key := range []string{"trigger", "skuid", "appid", "ruleid"} {
		at := strings.Index(lower, key)
		if at <= 0 || alnum(lower[at-1]) || len(lower) != len(l.text) || s.fields[key] != "" {
			continue
		}
		if value, ok := strings.CutPrefix(strings.TrimSpace(l.text[at+len(key):]), "="); ok {
			s.pairs(p, l, key+"="+firstWord(value))
		}
	}
}

// cutField splits "key=value" or "key: value" at what comes first.
func cutField(s string) (key, value string, ok bool) {
	at := strings.IndexAny(s, "=:")
	if at <= 0 || at > 45 {
		return "", "", false
	}
	return strings.ToLower(strings.TrimSpace(s[:at])), strings.TrimSpace(s[at+1:]), true
}

func isEventKey(key string) bool {
	for _, k := range eventKeys {
		if k == key {
			return true
		}
	}
	return false
}

func (s *eventSection) keyValue(p *parser, l *line, key, value string) {
	switch key {
	case "hr", "error code", "reason":
		if c, ok := codeIn(value); ok {
			s.code = c
		}
	case "security-spp-action-statedata (reg_sz)":
		s.pairs(p, l, value)
	case "ruleid", "trigger", "appid", "skuid":
		s.pairs(p, l, key+"="+value)
	default:
		if value != "" {
			s.put(strings.ReplaceAll(key, " ", "_"), value)
		}
	}
}

// pairs reads "RuleId=...;Action=...;Trigger=TimerEvent", with semicolons or
// commas between.
func (s *eventSection) pairs(p *parser, l *line, text string) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == ',' }) {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		s.put(strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value))
	}
	if s.fields["licensestate"] != "" {
		s.license(p, l)
	}
}

// license reads the state of a product that event 8230 holds.
func (s *eventSection) license(p *parser, l *line) {
	states := []string{"UNLICENSED", "LICENSED", "IN_GRACE", "IN_OOT_GRACE", "NON_GENUINE", "NOTIFICATION", "EXTENDED_GRACE"}
	lic := evidence.License{Origin: p.origin(l), Tool: "event 8230", ActivationID: anyID(s.fields["skuid"])}
	state := strings.TrimPrefix(s.fields["licensestate"], "SL_LICENSING_STATUS_")
	for i, name := range states {
		if state == name {
			lic.Status = &i
		}
	}
	if lastFive(s.fields["partialproductkey"]) {
		lic.PartialKey = s.fields["partialproductkey"]
	}
	lic.Channel, lic.RawChannel = channelOf(s.fields["productkeytype"])
	put(p, &p.paste.Set.Licenses, lic)
}

// statusLine reads a product's line of event 1003: the third value is 1 for the
// product in use.
func (s *eventSection) statusLine(text string) {
	head, rest, ok := strings.Cut(text, "[(")
	cells := strings.Split(head, ",")
	if !ok || len(cells) < 3 || strings.TrimSpace(cells[2]) != "1" {
		return
	}
	if id, ok := guid(cells[0]); ok {
		s.put("active_sku", id)
	}
	if at := strings.Index(rest, "[0x"); at >= 0 {
		if c, _, ok := hexValue(rest[at+1:]); ok && c != 0 {
			s.code = c
		}
	}
	if _, tail, ok := strings.Cut(rest, "msft:rm/algorithm/volume/1.0"); ok {
		words := strings.Fields(tail)
		if len(words) > 1 {
			s.put("minutes_left", words[1][:digits(words[1])])
		}
	}
}

func (s *eventSection) put(key, value string) {
	if value == "" || len(s.fields) > 24 || len(value) > 1000 {
		return
	}
	if s.fields == nil {
		s.fields = map[string]string{}
	}
	s.fields[key] = value
}

// domainIn finds the DNS domain in the text of events 12293 and 12294.
func domainIn(text string) string {
	_, rest, ok := strings.Cut(text, "DNS in the ")
	if !ok {
		return ""
	}
	return strings.Trim(firstWord(rest), "'\"")
}

func firstWord(s string) string {
	s = strings.TrimSpace(s)
	if at := strings.IndexByte(s, ' '); at >= 0 {
		s = s[:at]
	}
	return strings.TrimRight(s, ".,;")
}

func (s *eventSection) end(p *parser) {
	p.list.drop(p)
	if s.listed || s.id == 0 {
		return
	}
	kind := KindEvent
	if _, known := eventIDs[s.id]; known {
		kind = Kind("event " + strconv.Itoa(s.id))
	}
	p.found(kind, &s.first)
	put(p, &p.paste.Set.LogEvents, evidence.LogEvent{
		Origin: p.origin(&s.first), Time: s.time, Machine: s.machine, ID: s.id, Code: s.code,
		Trigger: s.fields["trigger"], Fields: s.fields,
	})
}
