package windows

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// KindMachine is the record of a whole machine: one JSON object with the
// objects of its licensing service, its products, services, registry values and
// events. Package machine has the PowerShell line that prints it.
const KindMachine Kind = "machine record"

// machineMark is the property by which a record is known, and its value.
const machineMark, machineValue = "kmsdiag", "machine"

// ReadMachine reads the record of a machine in JSON as [Read] does where it
// stands in a paste, except that every observation has the one origin. The
// error says why the record is none.
func ReadMachine(record []byte, origin evidence.Origin) (evidence.Set, error) {
	var v any
	if err := json.Unmarshal([]byte(Mask(string(record))), &v); err != nil {
		return evidence.Set{}, fmt.Errorf("machine record: %w", err)
	}
	object, ok := v.(map[string]any)
	if !ok || !isMachine(object) {
		return evidence.Set{}, fmt.Errorf("machine record: no object with %q: %q", machineMark, machineValue)
	}
	p := newParser("")
	p.fixed = &origin
	readMachine(p, &line{}, object)
	p.log.end(p)
	return p.paste.Set, nil
}

// isMachine tells whether a JSON object is the record of a machine.
func isMachine(v map[string]any) bool {
	mark, _ := v[machineMark].(string)
	return mark == machineValue
}

// readMachine adds what the record of a machine says.
func readMachine(p *parser, first *line, v map[string]any) {
	p.found(KindMachine, first)
	p.anotherMachine()
	p.about = "client"
	if name := scalar(v["computer"]); name != "" {
		p.machine(first).Name = name
	}
	m := machineReader{p: p, first: first, values: registryValues(objects(v["registry"]))}
	for _, o := range objects(v["service"]) {
		m.service(o)
	}
	for _, o := range objects(v["officeService"]) {
		m.officeService(o)
	}
	for _, o := range objects(v["products"]) {
		m.product(o)
	}
	m.settle()
	for _, o := range objects(v["services"]) {
		r := m.record(o)
		mapService(p, &r)
	}
	if len(m.hosts) > 0 {
		m.path(v)
	}
	m.events(objects(v["events"]))
	if empty(v) {
		p.say(evidence.RecordEmpty, "nothing of its licences is in it", first)
	}
}

// empty tells whether the record of a machine holds nothing but its name.
func empty(v map[string]any) bool {
	for name, part := range v {
		if name != machineMark && !strings.EqualFold(name, "computer") && len(objects(part)) > 0 {
			return false
		}
	}
	return true
}

// machineReader joins what the licensing service says of the whole machine with
// what it says of each product, as slmgr prints them together.
type machineReader struct {
	p        *parser
	first    *line
	values   []registryEntry
	own      evidence.License // the service's words: of no product
	office   evidence.License // those of Office's own service, on machines that have it
	hosts    []evidence.HostStatus
	products []evidence.License
}

func (m *machineReader) record(o map[string]any) record {
	r := record{first: *m.first}
	for name, v := range o {
		if s := scalar(v); s != "" {
			r.add(name, s)
		}
	}
	return r
}

func (m *machineReader) service(o map[string]any) {
	r := m.record(o)
	m.p.found(KindCIMService, m.first)
	if v := r.get("version"); v != "" {
		setBuild(m.p, m.first, v)
	}
	m.own = evidence.License{Origin: m.p.origin(m.first), Tool: "CIM", Rearms: rearms(&r, "remainingwindowsrearmcount")}
	mapKMSOf(&m.own, &r)
	m.host(&r)
}

// officeService reads the service of Office 2010, and of Office 2013 and 2016 on
// Windows 7.
func (m *machineReader) officeService(o map[string]any) {
	r := m.record(o)
	m.office = evidence.License{Origin: m.p.origin(m.first), Tool: "CIM"}
	mapKMSOf(&m.office, &r)
}

// serviceOf returns the words of the service that a licence is kept by.
func (m *machineReader) serviceOf(l *evidence.License) *evidence.License {
	const firstShared = 9200 // Windows 8: from there on Office 2013 and later are kept by Windows' own service
	build := m.p.machine(m.first).Build
	if l.ApplicationID == catalog.Office2010AppID || l.ApplicationID == catalog.OfficeAppID && build != 0 && build < firstShared {
		return &m.office
	}
	return &m.own
}

func (m *machineReader) product(o map[string]any) {
	r := m.record(o)
	list := &m.p.paste.Set.Licenses
	before := len(*list)
	mapProduct(m.p, &r)
	if len(*list) == before {
		return // no room
	}
	l := (*list)[before]
	*list = (*list)[:before]
	l.ActivatedBy = activatedBy(&l, &r)
	if l.ADObject = r.get("adactivationobjectname"); l.ADObject != "" {
		l.ActivatedBy = "AD"
	}
	m.products = append(m.products, l)
	m.host(&r)
}

// host takes the counters of a KMS host from a service or a product.
func (m *machineReader) host(r *record) {
	list := &m.p.paste.Set.Hosts
	before := len(*list)
	mapHost(m.p, r)
	m.hosts = append(m.hosts, (*list)[before:]...)
	*list = (*list)[:before]
}

// activatedBy says how a licensed volume client was activated last, from
// VLActivationType: 1 AD, 2 KMS, 3 token.
func activatedBy(l *evidence.License, r *record) string {
	if l.Channel != "GVLK" || l.Status == nil || *l.Status != 1 {
		return ""
	}
	if by := activationType(r.get("vlactivationtype")); by == "AD" || by == "KMS" || by == "TOKEN" {
		return by
	}
	return ""
}

// settle gives KMS clients what holds for the whole machine, says who set their
// host, and adds everything to the set.
func (m *machineReader) settle() {
	set := &m.p.paste.Set
	volume := false
	for i := range m.products {
		l := &m.products[i]
		if l.Channel == "GVLK" {
			volume = true
			m.complete(l)
		}
		put(m.p, &set.Licenses, *l)
	}
	switch {
	case volume:
	case len(m.products) == 0:
		m.own.HostSetBy = m.setBy(&m.own)
		if licenseSays(&m.own) {
			put(m.p, &set.Licenses, m.own)
		} else {
			m.registryHosts()
		}
	default: // a host that is set means nothing to a machine without a volume licence
		bare := evidence.License{Origin: m.own.Origin, Tool: m.own.Tool, CMID: m.own.CMID, Rearms: m.own.Rearms}
		if licenseSays(&bare) {
			put(m.p, &set.Licenses, bare)
		}
	}
	m.settleHosts()
}

// complete fills a KMS client's licence with the settings of the machine.
func (m *machineReader) complete(l *evidence.License) {
	own := m.serviceOf(l)
	l.CMID, l.Caching = firstText(l.CMID, own.CMID), firstText(l.Caching, own.Caching)
	l.LookupDomain = firstText(l.LookupDomain, own.LookupDomain)
	if l.Rearms == nil && l.SKURearms == nil {
		l.Rearms = own.Rearms
	}
	if l.RegisteredHost == "" {
		l.RegisteredHost = firstText(m.setFor(l, placeProduct, placeApplication), own.RegisteredHost)
	}
	l.HostSetBy = m.setBy(l)
}

// settleHosts joins the machine's word about its KMS service with that of each
// host key: the key's has the count of its own, the machine's the rest.
func (m *machineReader) settleHosts() {
	var machine *evidence.HostStatus
	keys := 0
	for i := range m.hosts {
		if m.hosts[i].Product == "" {
			machine = &m.hosts[i]
		} else {
			keys++
		}
	}
	for _, h := range m.hosts {
		if h.Product == "" && keys > 0 {
			continue
		}
		if machine != nil {
			h.Port, h.Publishing, h.Priority = machine.Port, machine.Publishing, machine.Priority
		}
		put(m.p, &m.p.paste.Set.Hosts, h)
	}
}

func firstText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// property returns a property of an object, whatever the case of its name.
func property(o map[string]any, name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	for have, v := range o {
		if strings.EqualFold(have, name) {
			return v
		}
	}
	return nil
}

// list returns the elements of a value: of an array, of the object with value
// and Count that Windows PowerShell 5.1 makes of some arrays, or the value alone.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v[:min(len(v), maxEach)]
	case map[string]any:
		if inner, ok := v["value"].([]any); ok && v["Count"] != nil {
			return inner[:min(len(inner), maxEach)]
		}
	}
	return []any{v}
}

// objects returns the objects in a value. One alone may stand without an array.
func objects(v any) []map[string]any {
	var out []map[string]any
	for _, e := range list(v) {
		if o, ok := e.(map[string]any); ok && len(o) <= maxProperties {
			out = append(out, o)
		}
	}
	return out
}

// scalar is a simple value as text, "" for another.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// jsonTime reads a time as ConvertTo-Json writes it: ISO 8601, the milliseconds
// since 1970 in "/Date(1773475331000)/", or an object that holds either as value.
func jsonTime(v any) time.Time {
	if o, ok := v.(map[string]any); ok {
		v = firstOf(o["value"], o["DateTime"])
	}
	text := scalar(v)
	if inner, ok := strings.CutPrefix(text, "/Date("); ok {
		ms, err := strconv.ParseInt(strings.TrimSuffix(inner, ")/"), 10, 64)
		if err != nil || ms < 0 || ms > 1<<47 {
			return time.Time{}
		}
		return time.UnixMilli(ms).UTC()
	}
	return entryTime(text)
}

func firstOf(list ...any) any {
	for _, v := range list {
		if v != nil {
			return v
		}
	}
	return nil
}
