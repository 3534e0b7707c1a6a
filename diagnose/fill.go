package diagnose

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// stand are the placeholders a page may use, each with what is shown where the
// evidence does not know the value.
var stand = map[string]string{
	"host":     "KMSHOST",
	"hosts":    "KMSHOST", // every host in one line, divided by blanks, each as kmsdiag takes it
	"address":  "KMSADDRESS",
	"port":     "1688",
	"priority": "PRIORITY", // of the SRV record, as it was published
	"weight":   "WEIGHT",
	"domain":   "DOMAIN",
	"zone":     "DOMAIN-WITH-RECORD", // the domain that has the record, where another is asked
	"client":   "CLIENT",
	"target":   "SRVTARGET",
	"resolver": "DNSSERVER",
	"product":  "the product",
	"keys":     "the host key of the newest Windows Server that you are licensed for",
	"gvlk":     "GVLK",
	"times":    "TIMES-IN-UTC",
	"outcome":  "OUTCOME",
}

var placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{[a-z]+\}`) })

// shellSafe tells whether a value may stand in a command: names, addresses and
// keys from a peer or a paste must not be able to add a command of their own.
func shellSafe(value string) bool {
	for i, r := range value {
		inName := r == '_' || r == ':' || unicode.IsLetter(r) || unicode.IsNumber(r)
		if !inName && (i == 0 || r != '.' && r != '-') {
			return false
		}
	}
	return value != "" && utf8.ValidString(value) && utf8.RuneCountInString(value) <= 253
}

// free are placeholders that only prose and tickets use, never a command.
var free = []string{"product", "keys", "times", "outcome"}

// maxEach bounds the lines that one line of a page grows to when it is about
// several hosts.
const maxEach = 8

// values are what placeholders stand for, a row for each thing a cause is
// about: an endpoint, or a domain.
type values []map[string]string

// plain fills every placeholder with its stand-in.
var plain = values{nil}

func (v values) row(i int, name string) string {
	if name == "hosts" {
		return v.peer(i)
	}
	value := v[i][name]
	switch {
	case value == "":
		return stand[name]
	case slices.Contains(free, name):
		return evidence.Clean(value)
	case !shellSafe(value):
		return stand[name]
	}
	return value
}

// peer is the host of a row as kmsdiag takes it: with its port where that is not
// the usual one.
func (v values) peer(i int) string {
	host, port := v.row(i, "host"), v[i]["port"]
	if v[i]["host"] == "" || port == "" || port == fmt.Sprint(defaultPort) || !shellSafe(port) {
		return host
	}
	return net.JoinHostPort(host, port)
}

// fill replaces the placeholders of one row.
func (v values) fill(i int, text string) string {
	return placeholder().ReplaceAllStringFunc(text, func(p string) string {
		return v.row(i, p[1:len(p)-1])
	})
}

// text fills prose: what differs between rows is joined with commas.
func (v values) text(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	return placeholder().ReplaceAllStringFunc(text, func(p string) string {
		name, between := p[1:len(p)-1], ", "
		if name == "hosts" {
			between = " "
		}
		var seen []string
		for i := range v {
			value := v.row(i, name)
			if slices.Contains(seen, value) {
				continue
			}
			if len(seen) == maxEach {
				seen = append(seen, "...")
				break
			}
			seen = append(seen, value)
		}
		return strings.Join(seen, between)
	})
}

// likewise fills a sentence that may hold a command: for the first row, naming
// the others that it holds for as well.
func (v values) likewise(text string) string {
	if !strings.Contains(text, "{") || len(v) == 0 {
		return text
	}
	text = strings.ReplaceAll(text, "{hosts}", v.text("{hosts}"))
	first := v.fill(0, text)
	var others []string
	for i := range v {
		name := evidence.Clean(firstOf(v[i]["host"], v[i]["resolver"], v[i]["domain"]))
		if v.fill(i, text) != first && !slices.Contains(others, name) {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return first
	}
	return strings.TrimSuffix(first, ".") + "; likewise for " + list(others)
}

// lines fills commands: a command that differs between rows is repeated for
// each.
func (v values) lines(commands []string) []string {
	if len(commands) == 0 {
		return nil
	}
	var out []string
	for _, command := range commands {
		if !strings.Contains(command, "{") {
			out = append(out, command)
			continue
		}
		var each []string
		for i := range v {
			if strings.Contains(command, "{hosts}") {
				each = []string{v.text(command)}
				break
			}
			line := v.fill(i, command)
			if !slices.Contains(each, line) {
				each = append(each, line)
			}
			if len(each) == maxEach {
				break
			}
		}
		out = append(out, each...)
	}
	return out
}

func (v values) step(s *Step) *Step {
	if s == nil {
		return nil
	}
	return &Step{
		Who: s.Who, Shell: s.Shell, Text: v.text(s.Text), Commands: v.lines(s.Commands),
		Verify: v.likewise(s.Verify), Undo: v.likewise(s.Undo),
	}
}

func (v values) steps(steps []Step) []Step {
	out := make([]Step, 0, len(steps))
	for i := range steps {
		out = append(out, *v.step(&steps[i]))
	}
	return out
}
