package run

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Traffic is how often one kind of message went to one receiver.
type Traffic struct {
	What  string // the kind, in the singular: "DNS question"
	To    string // "10.0.0.2", "10.0.0.5:1688", "time.example"
	Times int
}

// AddTraffic adds up what several runs sent: one entry for each kind and receiver,
// the kinds in the order in which they appear first.
func AddTraffic(lists ...[]Traffic) []Traffic {
	type key struct{ what, to string }
	at := map[key]int{}
	var sum []Traffic
	for _, list := range lists {
		for _, t := range list {
			k := key{t.What, t.To}
			i, known := at[k]
			if !known {
				i = len(sum)
				at[k] = i
				sum = append(sum, Traffic{What: t.What, To: t.To})
			}
			sum[i].Times += t.Times
		}
	}
	return sum
}

// trafficNames is how many receivers a line names before it only counts them.
const trafficNames = 8

// TrafficLines says what was sent to whom, a kind of traffic a line: "7 DNS
// questions (4 to 10.0.0.2, 3 to 10.0.0.3)".
func TrafficLines(list []Traffic) []string {
	byKind := map[string][]Traffic{}
	var kinds []string
	for _, t := range AddTraffic(list) {
		if byKind[t.What] == nil {
			kinds = append(kinds, t.What)
		}
		byKind[t.What] = append(byKind[t.What], t)
	}
	var lines []string
	for _, what := range kinds {
		lines = append(lines, trafficLine(what, byKind[what]))
	}
	return lines
}

// trafficLine says how often a kind of message went to each receiver.
func trafficLine(what string, to []Traffic) string {
	slices.SortFunc(to, func(a, b Traffic) int { return compareReceivers(a.To, b.To) })
	total := 0
	var parts []string
	for i, t := range to {
		total += t.Times
		if i < trafficNames {
			parts = append(parts, fmt.Sprintf("%d to %s", t.Times, t.To))
		}
	}
	if more := len(to) - trafficNames; more > 0 {
		parts = append(parts, fmt.Sprintf("the rest to %d others", more))
	}
	if total != 1 {
		what += "s"
	}
	if len(to) == 1 {
		return fmt.Sprintf("%d %s to %s", total, what, to[0].To)
	}
	return fmt.Sprintf("%d %s (%s)", total, what, strings.Join(parts, ", "))
}

// compareReceivers puts addresses into their own order, before names.
func compareReceivers(a, b string) int {
	x, y := receiver(a), receiver(b)
	switch {
	case x.IsValid() && y.IsValid():
		return cmp.Or(x.Compare(y), cmp.Compare(a, b))
	case x.IsValid():
		return -1
	case y.IsValid():
		return 1
	}
	return cmp.Compare(a, b)
}

func receiver(s string) netip.AddrPort {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 0)
	}
	ap, _ := netip.ParseAddrPort(s) //nolint:errcheck // a name is none
	return ap
}
