package windows

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// pingSection is output of ping in any language: the line that names the host,
// a paragraph of replies, the statistics.
type pingSection struct {
	first    line
	host     string
	addr     string
	answered bool
	stats    bool
	lines    int
}

func openPing(p *parser, l *line) section {
	host, addr, ok := pingTarget(l.text)
	if !ok {
		return nil
	}
	p.found(KindPing, l)
	return &pingSection{first: *l, host: host, addr: addr}
}

// pingTarget reads "Pinging kms01 [10.0.4.17] with 32 bytes of data:" whatever
// the words between are.
func pingTarget(s string) (host, addr string, ok bool) {
	if !strings.Contains(s, "32") && !strings.HasPrefix(s, "PING ") || !strings.HasSuffix(s, ":") && !strings.HasSuffix(s, "data.") || len(s) > 250 {
		return "", "", false
	}
	words := strings.Fields(strings.NewReplacer("[", " [", "]", "] ", "(", " (", ")", ") ").Replace(s))
	for i, w := range words {
		if a, isAddr := address(w); isAddr {
			addr = a.String()
			host = addr
			if i > 0 && (w[0] == '[' || w[0] == '(') {
				host = strings.Trim(words[i-1], "'\"")
			}
			return host, addr, true
		}
	}
	return "", "", false
}

func (s *pingSection) blank(*parser) { s.stats = s.lines > 0 }

func (s *pingSection) take(p *parser, l *line) bool {
	if _, _, another := pingTarget(l.text); another {
		return false
	}
	lower := l.lower()
	switch {
	case strings.Contains(lower, "ttl="), strings.Contains(lower, "time<1ms"), strings.Contains(lower, " 0% packet loss"):
		s.answered = true
	case !s.stats && s.lines < 12 && len(l.text) < 120:
	case strings.Contains(l.text, s.addr), strings.Contains(l.text, "%"), strings.Contains(l.text, " = "), strings.Contains(lower, "ms"), strings.HasPrefix(l.text, "---"), strings.HasSuffix(l.text, ":"):
	default:
		return false
	}
	s.lines++
	return s.lines < 200
}

func (s *pingSection) end(p *parser) {
	put(p, &p.paste.Set.Pings, evidence.Ping{Origin: p.origin(&s.first), Host: s.host, Answered: s.answered})
}

// stripchartSection is output of w32tm /stripchart: a line that names the
// server, a sample a line.
type stripchartSection struct {
	first   line
	server  string
	offsets []time.Duration
}

func openStripchart(p *parser, l *line) section {
	lower := l.lower()
	if rest, ok := strings.CutPrefix(lower, "tracking "); ok && strings.Contains(rest, ":123]") {
		p.found(KindW32tm, l)
		return &stripchartSection{first: *l, server: firstWord(l.text[len("tracking "):])}
	}
	if off, ok := stripchartSample(l.text); ok && p.cmd.name == "w32tm" {
		p.found(KindW32tm, l)
		server := ""
		for w := range strings.FieldsSeq(p.cmd.text) {
			if name, found := strings.CutPrefix(strings.ToLower(w), "/computer:"); found {
				server = name
			}
		}
		return &stripchartSection{first: *l, server: server, offsets: []time.Duration{off}}
	}
	return nil
}

// stripchartSample reads "09:14:33, -18003.1234567s" or "09:14:33, d:+00.03s
// o:-18003.12s  [ * ]".
func stripchartSample(s string) (time.Duration, bool) {
	if len(s) < 10 || digits(s) != 2 || s[2] != ':' {
		return 0, false
	}
	for w := range strings.FieldsSeq(s) {
		if at := strings.Index(w, "o:"); at == 0 {
			return offset(w[2:])
		}
	}
	_, rest, ok := strings.Cut(s, ", ")
	if !ok || strings.Contains(rest, " ") {
		return 0, false
	}
	return offset(rest)
}

// offset reads "+00.0312500s".
func offset(s string) (time.Duration, bool) {
	s, ok := strings.CutSuffix(strings.TrimSpace(s), "s")
	if !ok {
		return 0, false
	}
	sec, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil || sec > 1e9 || sec < -1e9 {
		return 0, false
	}
	return time.Duration(sec * float64(time.Second)), true
}

func (s *stripchartSection) blank(*parser) {}

func (s *stripchartSection) take(p *parser, l *line) bool {
	if off, ok := stripchartSample(l.text); ok {
		if len(s.offsets) < 100 {
			s.offsets = append(s.offsets, off)
		}
		return true
	}
	lower := l.lower()
	return strings.HasPrefix(lower, "collecting ") || strings.HasPrefix(lower, "the current time is") || digits(l.text) == 2 && strings.Contains(l.text, "0x800705B4")
}

// end adds the sample in the middle: the offset of the server's clock from the
// clock of the machine on which the command ran.
func (s *stripchartSection) end(p *parser) {
	if len(s.offsets) == 0 {
		return
	}
	slices.Sort(s.offsets)
	put(p, &p.paste.Set.Clocks, evidence.ClockSample{
		Origin: p.origin(&s.first), Of: s.server, Than: "the machine where w32tm ran", Method: "w32tm /stripchart", Offset: s.offsets[len(s.offsets)/2],
	})
}
