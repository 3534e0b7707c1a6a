package windows

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// kmsRule is the id of the firewall rule that Windows has for KMS.
const kmsRule = "SPPSVC-In-TCP"

// path reads how clients get to the KMS host that a record is of: whether the
// firewall's rule for KMS is off, and whether something listens on the KMS port.
// That something does matters only behind a rule that is off.
func (m *machineReader) path(v map[string]any) {
	off := ruleOff(list(v["firewall"]))
	if off {
		m.p.say(evidence.KMSRuleOff, kmsRule, m.first)
	}
	port := strconv.Itoa(m.port())
	listens := false
	for _, o := range objects(v["listeners"]) {
		r := m.record(o)
		if r.get("localport") != port || !strings.EqualFold(r.get("state"), "Listen") && r.get("state") != "2" {
			continue
		}
		listens = true
		if off {
			m.p.found(KindNetstat, m.first)
			m.p.say(evidence.PortListening, listenerName(r.get("localaddress"), port), m.first)
		}
	}
	if _, asked := v["listeners"]; asked && !listens && !notRead(v, "listeners") {
		m.p.say(evidence.PortNotListening, "port "+port, m.first)
	}
}

// listenerName is the address of a listener, with a port that is not the usual one.
func listenerName(address, port string) string {
	switch {
	case port == "1688":
		return address
	case strings.Contains(address, ":"):
		return "[" + address + "]:" + port
	}
	return address + ":" + port
}

// port is the one that the host says it listens on.
func (m *machineReader) port() int {
	for i := range m.hosts {
		if p := m.hosts[i].Port; p != 0 {
			return p
		}
	}
	return 1688
}

// notRead tells whether a record has a part of this name among its problems.
func notRead(v map[string]any, part string) bool {
	return slices.ContainsFunc(objects(v["problems"]), func(o map[string]any) bool {
		return strings.HasPrefix(scalar(property(o, "part")), part)
	})
}

// ruleOff tells whether the firewall's rule for KMS, as the registry holds it, is
// there and not active.
func ruleOff(rules []any) bool {
	off := false
	for _, r := range rules {
		text := strings.ToUpper(scalar(r))
		if strings.Contains(text, "|ACTIVE=TRUE|") {
			return false
		}
		off = off || strings.Contains(text, "|ACTIVE=FALSE|")
	}
	return off
}
