package windows

import (
	"net/netip"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// routesSection is a routing table: of route print, netstat -rn or ip route.
type routesSection struct{ foreign int }

func openRoutes(p *parser, l *line) section {
	r, ok := routeRow(l.text)
	lower := l.lower()
	if !ok && !(strings.Contains(lower, "netmask") && strings.Contains(lower, "metric")) {
		return nil
	}
	p.found(KindRoutes, l)
	s := &routesSection{}
	if ok {
		s.add(p, l, r)
	}
	return s
}

func (s *routesSection) add(p *parser, l *line, r evidence.Route) {
	r.Origin = p.origin(l)
	put(p, &p.paste.Set.Routes, r)
}

func (s *routesSection) blank(*parser) {}

func (s *routesSection) take(p *parser, l *line) bool {
	if r, ok := routeRow(l.text); ok {
		s.foreign = 0
		s.add(p, l, r)
		return true
	}
	if s.foreign++; s.foreign > 6 {
		return false
	}
	return ruler(l.text) || strings.HasSuffix(l.text, ":") || headerOfRoutes(l.text)
}

func headerOfRoutes(s string) bool {
	lower := strings.ToLower(s)
	for _, w := range []string{"netmask", "genmask", "gateway", "metric", "网关", "netzwerk", "passerelle", "шлюз", "ゲートウェイ", "puerta"} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}

// routeRow reads one row: destination, mask, gateway or a word for on-link, own
// address, metric; of persistent routes without the own address; or the form of
// ip route.
func routeRow(s string) (r evidence.Route, ok bool) {
	words := strings.Fields(s)
	if len(words) >= 3 && words[1] == "via" {
		dest, mask, fine := destination(words[0])
		gw, isAddr := address(words[2])
		return evidence.Route{Destination: dest, Mask: mask, Gateway: gw.String()}, fine && isAddr
	}
	if len(words) < 4 || len(words) > 8 {
		return r, false
	}
	dest, ok1 := ipv4(words[0])
	second, ok2 := ipv4(words[1])
	if !ok1 || !ok2 {
		return r, false
	}
	third, isThird := ipv4(words[2])
	last := words[len(words)-1]
	switch {
	case len(words) == 8 && isThird && strings.HasPrefix(words[3], "U"): // Unix: destination, gateway, mask, flags
		return evidence.Route{Destination: dest, Mask: third, Gateway: gateway(second)}, true
	case len(words) == 5 && small(last, 6):
		if own, fine := ipv4(words[3]); fine {
			return evidence.Route{Destination: dest, Mask: second, Gateway: gatewayOr(third, isThird), Interface: own}, true
		}
	case len(words) == 4 && isThird:
		return evidence.Route{Destination: dest, Mask: second, Gateway: gateway(third), Persistent: true}, true
	}
	return r, false
}

func gatewayOr(s string, ok bool) string {
	if !ok {
		return ""
	}
	return gateway(s)
}

func ipv4(s string) (string, bool) {
	if !strings.Contains(s, ".") || len(s) > 15 {
		return "", false
	}
	a, err := netip.ParseAddr(s)
	return s, err == nil && a.Is4()
}

func destination(s string) (dest, mask string, ok bool) {
	if s == "default" {
		return "0.0.0.0", "0.0.0.0", true
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		if p.Addr().Is4() {
			return p.Addr().String(), maskOf(p.Bits()), true
		}
		return p.String(), "", true
	}
	a, ok := address(s)
	return a.String(), "255.255.255.255", ok
}

func (s *routesSection) end(*parser) {}
