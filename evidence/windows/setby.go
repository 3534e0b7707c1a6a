package windows

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// registryEntry is one value of the licensing keys of the registry.
type registryEntry struct {
	key, name string // in lower case
	value     string
}

// place is where a registry value stands, from what holds for one product to
// what holds for the machine.
type place int

const (
	placeNone        place = iota
	placeProduct           // ...\APPLICATION\ACTIVATION ID
	placeApplication       // ...\APPLICATION
	placePolicy            // below SOFTWARE\Policies
	placeMachine           // the platform's own key
)

// word is how evidence.License.HostSetBy says it.
func (p place) word() string {
	return [...]string{"", "product override", "application override", "policy", "registry"}[p]
}

func registryValues(list []map[string]any) []registryEntry {
	var out []registryEntry
	for _, o := range list {
		e := registryEntry{
			key:   strings.ToLower(strings.TrimRight(scalar(property(o, "Key")), `\`)),
			name:  strings.ToLower(scalar(property(o, "Name"))),
			value: strings.TrimSpace(scalar(property(o, "Value"))),
		}
		if e.name != "" && e.value != "" {
			out = append(out, e)
		}
	}
	return out
}

// ids returns the application and the product in a key's path, "" where it
// names none.
func (e registryEntry) ids() (application, product string) {
	parts := strings.Split(e.key, `\`)
	last := parts[len(parts)-1]
	if !isGUID(last) {
		return "", ""
	}
	if len(parts) > 1 && isGUID(parts[len(parts)-2]) {
		return parts[len(parts)-2], last
	}
	return last, ""
}

func (e registryEntry) place() place {
	application, product := e.ids()
	switch {
	case product != "":
		return placeProduct
	case application != "":
		return placeApplication
	case strings.Contains(e.key, `\policies\`):
		return placePolicy
	}
	return placeMachine
}

// concerns tells whether a value holds for a licence. The Office platform of
// Windows 7 has a key of its own.
func (e registryEntry) concerns(l *evidence.License) bool {
	application, product := e.ids()
	if strings.Contains(e.key, "officesoftwareprotectionplatform") && l.ApplicationID == catalog.WindowsAppID {
		return false
	}
	return (application == "" || application == l.ApplicationID) && (product == "" || product == l.ActivationID)
}

// setFor returns the host that the registry names for a licence in one of the
// places, the first that has one.
func (m *machineReader) setFor(l *evidence.License, places ...place) string {
	for _, p := range places {
		for _, e := range m.values {
			if e.name == "keymanagementservicename" && e.place() == p && e.concerns(l) {
				return e.value
			}
		}
	}
	return ""
}

// setBy decides who set the host that a client uses: of the places of the
// registry that name it the most particular one; without a registered host the
// cache of the last discovery or, where caching is off, DNS.
func (m *machineReader) setBy(l *evidence.License) string {
	if l.RegisteredHost == "" {
		switch {
		case l.DNSHost == "":
			return ""
		case l.Caching == "disabled":
			return "DNS"
		}
		return "discovery cache"
	}
	host, _ := hostPort(l.RegisteredHost)
	for _, p := range []place{placeProduct, placeApplication, placePolicy, placeMachine} {
		for _, e := range m.values {
			named, _ := hostPort(e.value)
			if e.name == "keymanagementservicename" && e.place() == p && e.concerns(l) && strings.EqualFold(named, host) {
				return p.word()
			}
		}
	}
	if own, _ := hostPort(m.serviceOf(l).RegisteredHost); !strings.EqualFold(own, host) {
		return placeProduct.word() // the product has a host that the machine has not
	}
	return placeMachine.word()
}
