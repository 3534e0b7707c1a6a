package windows

import (
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// machineEvent is one entry of an event log in the record of a machine.
type machineEvent struct {
	id      int
	at      time.Time
	machine string
	texts   []string // insertion strings, or the message
	product string   // activation id that an attempt was for, where it is known
}

// events adds the events of a record in the order of their times, without the
// attempts that a later one of the same product has overtaken: those say
// nothing of the machine as it is now.
func (m *machineReader) events(objects []map[string]any) {
	var log []machineEvent
	for _, o := range objects {
		if e := m.event(o); e.id != 0 {
			log = append(log, e)
		}
	}
	slices.SortStableFunc(log, func(a, b machineEvent) int { return a.at.Compare(b.at) })
	for _, e := range standing(log) {
		s := &eventSection{first: *m.first, id: e.id, machine: e.machine, time: e.at}
		s.feed(m.p, e.texts)
	}
}

// event reads one entry: its insertion strings in Data, or its Message.
func (m *machineReader) event(o map[string]any) machineEvent {
	r := m.record(o)
	e := machineEvent{id: eventID(r.get("id")), at: jsonTime(property(o, "TimeCreated")), machine: unmasked(r.get("machinename"))}
	for _, v := range list(property(o, "Data")) {
		if text := scalar(v); text != "" && len(text) < maxLine {
			e.texts = append(e.texts, text)
		}
	}
	if len(e.texts) == 0 {
		e.texts = []string{r.get("message")}
	}
	return e
}

// standing leaves out of a log, oldest first, what came before the last
// successful activation of its product. An answer, event 12289, does not name
// its product: it is the one of the request before it.
func standing(log []machineEvent) []machineEvent {
	overtaken := make([]bool, len(log))
	asked := -1 // place of the request before
	for i := range log {
		e := &log[i]
		switch e.id {
		case 12288:
			asked, e.product = i, lastID(e.texts)
		case 8198:
			e.product = skuIn(e.texts)
		case 12289:
			if asked < 0 {
				continue
			}
			e.product = log[asked].product
			if e.product == "" || !activated(e.texts) {
				continue
			}
			for k := range asked {
				overtaken[k] = overtaken[k] || log[k].product == e.product
			}
		}
	}
	var out []machineEvent
	for i, e := range log {
		if !overtaken[i] {
			out = append(out, e)
		}
	}
	return out
}

// activated tells whether an event 12289 says that its product was activated.
func activated(texts []string) bool {
	for _, text := range texts {
		list, known, _ := parseList(text[max(listAt(text), 0):])
		if code, _, ok := hexValue(list.f[0]); known && list.event == 12289 && ok {
			return code == 0 && list.f[2] == "1"
		}
	}
	return false
}

// lastID returns the last id in an event's list, which is the product's.
func lastID(texts []string) string {
	last := ""
	for _, text := range texts {
		for field := range strings.SplitSeq(text, ",") {
			if id, ok := guid(strings.TrimSpace(field)); ok {
				last = id
			}
		}
	}
	return last
}

// skuIn returns the activation id that the arguments of event 8198 name.
func skuIn(texts []string) string {
	for _, text := range texts {
		if at := strings.Index(strings.ToLower(text), "skuid="); at >= 0 && len(text) == len(strings.ToLower(text)) {
			id, _ := guid(text[at:])
			return id
		}
	}
	return ""
}

// registryHosts says which hosts the registry names where the licensing service
// did not answer.
func (m *machineReader) registryHosts() {
	said := map[string]bool{}
	for _, v := range m.values {
		if v.name != "keymanagementservicename" || said[v.value] {
			continue
		}
		said[v.value] = true
		put(m.p, &m.p.paste.Set.Licenses, evidence.License{
			Origin: m.p.origin(m.first), Tool: "registry", RegisteredHost: v.value, HostSetBy: v.place().word(),
		})
	}
}
