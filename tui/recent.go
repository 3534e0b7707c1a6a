package tui

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/run"
)

// targets are the names that a target gives, as kmsdiag check takes them: a domain
// by its name, a host as HOST:PORT, an address. What DNS decided about a name is
// in the session.
func (s *session) targets(t run.Target) []string {
	list := append([]string{}, t.Domains...)
	for _, name := range t.Names {
		for _, sub := range s.subjects {
			if sub.Kind == run.Host && sub.Host == name {
				name = withPort(name, sub.Port)
				break
			}
		}
		list = append(list, name)
	}
	for _, h := range t.Hosts {
		_, err := netip.ParseAddr(h.Host)
		port := cmp.Or(h.Port, t.Port)
		if port == 0 && err == nil {
			list = append(list, h.Host)
			continue
		}
		list = append(list, withPort(h.Host, cmp.Or(port, kmsPort)))
	}
	return list
}

// kmsPort is the port of a host for which none was named.
const kmsPort = 1688

// withPort writes a host as HOST:PORT.
func withPort(host string, port uint16) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(port))
}

// isHost tells whether a name of targets is one of a host.
func isHost(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || strings.Contains(name, ":")
}

// remember keeps the names of a target for later sessions, once.
func (m *Model) remember() tea.Cmd {
	remember := m.svc.Remember
	names := m.run.targets(m.ask.Target)
	if remember == nil || m.run.remembered || len(names) == 0 {
		return nil
	}
	m.run.remembered = true
	return func() tea.Msg {
		for _, name := range names {
			if err := remember(name); err != nil {
				return noteMsg("this target is not remembered: " + err.Error())
			}
		}
		return nil
	}
}

// foundNothing tells whether a run over what this machine would use came to an
// end without a domain or a host.
func (m *Model) foundNothing() bool {
	s := m.run
	if s.summary == nil || s.summary.Stopped || s.round > 1 || len(s.targets(m.ask.Target)) > 0 {
		return false
	}
	for _, sub := range s.subjects {
		if sub.Kind != run.Site {
			return false
		}
	}
	return true
}
