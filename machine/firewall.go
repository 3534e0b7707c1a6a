package machine

import (
	"fmt"
	"slices"
	"strings"
)

// Rule is a rule of Windows' firewall.
type Rule struct {
	Active   bool
	Allow    bool
	Inbound  bool
	Profiles []string // "Domain", "Private", "Public"; none means all
	Ports    []string // local ports: "1688", "RPC"; none means all
	Remotes  []string // addresses that may connect: "LocalSubnet", "10.0.0.0/255.0.0.0"; none means any
}

// maxRuleFields bounds what is read of one rule.
const maxRuleFields = 256

// ParseRule reads a rule as the registry holds it below FirewallRules: a
// version, then NAME=VALUE fields divided by bars, some of them repeated
// (MS-FASP 2.2.37 names the fields).
func ParseRule(text string) (Rule, error) {
	version, rest, ok := strings.Cut(text, "|")
	if !ok || len(version) < 2 || version[0] != 'v' || version[1] < '0' || version[1] > '9' {
		return Rule{}, fmt.Errorf("firewall rule %.40q: no version in front", text)
	}
	var r Rule
	seen := false
	for i, field := range strings.SplitN(rest, "|", maxRuleFields+1) {
		name, value, ok := strings.Cut(field, "=")
		if !ok || value == "" || i == maxRuleFields {
			continue
		}
		switch name {
		case "Active":
			r.Active, seen = strings.EqualFold(value, "TRUE"), true
		case "Action":
			r.Allow = strings.EqualFold(value, "Allow")
		case "Dir":
			r.Inbound = strings.EqualFold(value, "In")
		case "Profile":
			r.Profiles = append(r.Profiles, value)
		case "LPort", "LPort2_10", "LPort2_20", "LPort2_24":
			r.Ports = append(r.Ports, value)
		case "RA4", "RA6", "RA42", "RA62":
			if !slices.Contains(r.Remotes, value) {
				r.Remotes = append(r.Remotes, value)
			}
		}
	}
	if !seen {
		return Rule{}, fmt.Errorf("firewall rule %.40q: it does not say whether it is active", text)
	}
	return r, nil
}

// String says where the rule lets clients in: "on for Domain and Private, from
// LocalSubnet".
func (r Rule) String() string {
	state := "off"
	if r.Active {
		state = "on"
	}
	if r.Active && !r.Allow {
		state = "on, and blocks"
	}
	profiles := "every profile"
	if len(r.Profiles) > 0 {
		profiles = strings.Join(r.Profiles, " and ")
	}
	from := "any address"
	if len(r.Remotes) > 0 {
		from = strings.Join(r.Remotes, ", ")
	}
	return state + " for " + profiles + ", from " + from
}
