package capture

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// A fact is one question that is asked of every capture.
type fact struct {
	id, title string
	judge     func(*judge)
}

// facts in the order in which a client meets what they are about.
var facts = []fact{
	{"capture.read", "the capture could be read to its end", (*judge).read},
	{"capture.dns", "DNS named KMS hosts", (*judge).dns},
	{"capture.connect", "connections to KMS hosts open", (*judge).connect},
	{"capture.bind", "KMS hosts accept the RPC bind", (*judge).bind},
	{"capture.answers", "requests are answered and accepted", (*judge).answers},
	{"capture.verify", "answers pass every check a client makes", (*judge).verify},
	{"capture.count", "counts reach what the products need", (*judge).counts},
	{"capture.clones", "each client id belongs to one machine", (*judge).clones},
	{"capture.ids", "each machine keeps its client id", (*judge).ids},
	{"capture.clocks", "clocks of clients are right", (*judge).clocks},
	{"capture.protocol", "clients ask in their product's protocol", (*judge).protocol},
	{"capture.hosts", "clients ask the hosts that DNS publishes", (*judge).hosts},
	{"capture.identity", "each host shows one identity", (*judge).identity},
	{"capture.rhythm", "clients ask at the pace of Windows", (*judge).rhythm},
}

// judge makes the results of facts, one at a time.
type judge struct {
	t      *tally
	c      Counters
	result run.Result
}

func (j *judge) say(s run.Status, format string, args ...any) {
	j.result.Status, j.result.Summary = s, fmt.Sprintf(format, args...)
}

// maxNotes bounds the notes of a result.
const maxNotes = 12

// note adds something noticed beside the main answer; a warning or a failure
// raises the result.
func (j *judge) note(id string, s run.Status, format string, args ...any) {
	if len(j.result.Notes) == maxNotes {
		return
	}
	j.result.Notes = append(j.result.Notes, run.Note{ID: id, Status: s, Text: fmt.Sprintf(format, args...)})
	if s == run.Warn || s == run.Fail {
		j.result.Status = run.Worse(j.result.Status, s)
	}
}

func (j *judge) read() {
	c := j.c
	j.say(run.Pass, "%s", c.Describe())
	for _, err := range j.t.broken {
		j.note("broken-file", run.Warn, "%s", brokenText(err))
	}
	for _, n := range []struct {
		id    string
		count int64
		text  string
	}{
		{"dropped-packets", c.Dropped, "packets were lost before they could be recorded: what is missing here may only be missing in the capture"},
		{"cut-packets", c.Cut, "packets were cut inside their headers by the snap length"},
		{"unknown-link", c.UnknownLink, "packets of " + c.FrameLink.String() + " could not be read"},
		{"evicted-connections", c.Evicted, "connections were given up because too many were open at once"},
		{"malformed-packets", c.Malformed, "packets have headers that contradict each other"},
	} {
		if n.count > 0 {
			j.note(n.id, run.Warn, "%d %s", n.count, n.text)
		}
	}
	if j.t.cutKMS > 0 {
		j.note("cut-segments", run.Warn, "%d segments of KMS connections were cut by the snap length: what they said is lost; capture with -s 0", j.t.cutKMS)
	}
	if c.NoTimes {
		j.note("no-times", run.Warn, "the file has packets without times; clocks and delays are not judged")
	}
}

func (j *judge) dns() {
	set := &j.t.samples.set
	j.result.Evidence = evidence.Set{SRV: set.SRV, Addresses: set.Addresses}
	if len(set.SRV) == 0 && len(set.Addresses) == 0 {
		j.say(run.Skip, "the capture holds no look-up of KMS hosts")
		return
	}
	var named, none, silent []string
	for _, a := range set.SRV {
		if a.Purpose != evidence.SRVKMS {
			continue
		}
		switch {
		case a.Outcome == evidence.DNSAnswered:
			for _, r := range a.Records {
				named = add(named, r.Target)
			}
		case a.Outcome.Answered():
			none = add(none, a.Name)
		default:
			silent = add(silent, a.Name)
		}
	}
	switch {
	case len(named) > 0:
		j.say(run.Pass, "asked DNS, which named %s", some(named))
	case len(none) > 0:
		j.say(run.Fail, "DNS has no KMS host: %s", some(none))
	case len(silent) > 0:
		j.say(run.Fail, "no usable answer to %s", some(silent))
	default:
		j.say(run.Pass, "addresses of KMS hosts were looked up")
	}
	if len(named) > 0 && len(none) > 0 {
		j.note("srv-missing", run.Warn, "no record for %s", some(none))
	}
	for _, a := range set.Addresses {
		if (a.Outcome == evidence.DNSNoName || a.Outcome == evidence.DNSNoData) && a.Family == 4 && !j.resolved(a.Host) {
			j.note("no-address", run.Warn, "%s has no address (%s)", evidence.Clean(a.Host), a.Origin)
		}
	}
	for _, a := range set.SRV {
		if a.Purpose == evidence.SRVMisspelt {
			j.note("misspelt-srv", run.Warn, "%s was asked for: the name is _vlmcs", evidence.Clean(a.Name))
		}
	}
}

func (j *judge) resolved(host string) bool {
	for _, a := range j.t.samples.set.Addresses {
		if strings.EqualFold(a.Host, host) && a.Outcome == evidence.DNSAnswered {
			return true
		}
	}
	return false
}

func (j *judge) connect() {
	j.result.Evidence = evidence.Set{Dials: j.t.samples.set.Dials}
	if j.t.kmsConns == 0 {
		j.say(run.Skip, "the capture holds no connection to a KMS host")
		return
	}
	j.say(run.Pass, "%s to %s", plural(j.t.kmsConns, "connection"), plural(int64(len(j.t.hostOrder)), "host"))
	bad, some := 0, 0
	for _, h := range j.t.hostOrder {
		name := j.hostName(h)
		worst := run.Fail
		if h.Opened > 0 {
			worst = run.Warn
		}
		for _, n := range []struct {
			id    string
			count int
			text  string
		}{
			{"silent", h.Silent, "without any answer"},
			{"reset", h.Reset, "refused by a reset"},
			{"half-open", h.HalfOpen, "with SYN-ACKs that nobody acknowledged: the way back does not reach the client, or something in between drops it"},
			{"icmp", h.ICMP, "rejected with an ICMP error"},
		} {
			if n.count > 0 {
				j.note("connect-"+n.id, worst, "%s: %s %s (%s)", name, plural(int64(n.count), "connection attempt"), n.text, j.dialPackets(h.Address, n.id))
			}
		}
		if h.stillOpen > 0 {
			j.note("connect-open", run.Skip, "%s: %s still open when the capture ended", name, plural(int64(h.stillOpen), "connection attempt"))
		}
		if h.Silent+h.Reset+h.HalfOpen+h.ICMP > 0 {
			some++
			if h.Opened == 0 {
				bad++
			}
		}
	}
	if bad > 0 {
		j.result.Summary = fmt.Sprintf("%d of %s cannot be reached", bad, plural(int64(len(j.t.hostOrder)), "host"))
	} else if some > 0 {
		j.result.Summary += "; some attempts failed"
	}
}

var dialWords = map[string][]evidence.DialOutcome{
	"silent": {evidence.Silent}, "reset": {evidence.Refused}, "half-open": {evidence.HalfOpen},
	"icmp": {evidence.Prohibited, evidence.PortUnreachable, evidence.Unreachable},
}

// dialPackets names the packets that show an attempt.
func (j *judge) dialPackets(host netip.AddrPort, what string) string {
	for _, d := range j.t.samples.set.Dials {
		for _, o := range dialWords[what] {
			if d.Address == host && d.Outcome == o {
				return j.originText(d.Origin)
			}
		}
	}
	return "no packet kept"
}

// of names the file of a packet where several were read.
func (j *judge) of(file string) string {
	if len(j.t.files) > 1 && file != "" {
		return " of " + evidence.Clean(file)
	}
	return ""
}

// originText is "packets 3, 4, 9", with the file where several were read.
func (j *judge) originText(o evidence.Origin) string {
	return packetsText(o) + j.of(o.File)
}

func packetsText(o evidence.Origin) string {
	switch len(o.Packets) {
	case 0:
		return "packets unknown"
	case 1:
		return fmt.Sprintf("packet %d", o.Packets[0])
	}
	parts := make([]string, 0, len(o.Packets))
	for i, n := range o.Packets {
		if i == 8 {
			parts = append(parts, "..")
			break
		}
		parts = append(parts, fmt.Sprint(n))
	}
	return "packets " + strings.Join(parts, ", ")
}

func (j *judge) hostName(h *Host) string {
	name, _ := j.t.nameOf(h.Address)
	if name == h.Address.Addr().String() {
		return h.Address.String()
	}
	return evidence.Clean(name) + " " + h.Address.String()
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func add(list []string, s string) []string {
	if containsFold(list, s) {
		return list
	}
	return append(list, s)
}

// some names up to four things and counts the rest.
func some(list []string) string {
	out := make([]string, 0, 5)
	for i, s := range list {
		if i == 4 {
			out = append(out, fmt.Sprintf("%d more", len(list)-i))
			break
		}
		out = append(out, evidence.Clean(s))
	}
	return strings.Join(out, ", ")
}
