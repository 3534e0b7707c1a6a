package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// viewNotes says what is noteworthy about the servers: that they disagree, that
// some do not answer, that one answers differently with EDNS0 or needs TCP.
func viewNotes(views []serverView) []run.Note {
	var notes []run.Note
	note := func(id string, status run.Status, format string, args ...any) {
		notes = append(notes, run.Note{ID: id, Status: status, Text: fmt.Sprintf(format, args...)})
	}
	var definite []serverView
	for _, v := range views {
		if v.plain.Outcome.Answered() {
			definite = append(definite, v)
		}
	}
	for _, v := range definite {
		if !sameRecords(v.plain.Records, definite[0].plain.Records) {
			note("resolvers-disagree", run.Warn, "the DNS servers disagree: %s", disagreement(definite))
			break
		}
	}
	for _, v := range views {
		name := resolverName(v.server)
		if len(definite) > 0 && !v.plain.Outcome.Answered() {
			note("resolver-failed", run.Warn, "%s %s", name, describeOutcome(v.plain.Outcome, v.plain.Detail))
		}
		switch {
		case v.cutOff:
			note("answer-cut", run.Warn, "%s: %s", name, v.plain.Detail)
		case v.plain.TCP:
			note("answer-cut", run.Pass, "%s cut its answer over UDP; it came whole over TCP", name)
		}
		if e := v.edns; e != nil && v.plain.Outcome.Answered() && !v.cutOff {
			switch {
			case e.Outcome != v.plain.Outcome:
				// Windows clients send no OPT record, so they see the plain answer.
				note("edns-differs", run.Pass, "%s, asked with EDNS0, as Windows clients do not, %s", name, describeOutcome(e.Outcome, e.Detail))
			case !sameRecords(e.Records, v.plain.Records):
				note("edns-differs", run.Warn, "%s, asked with EDNS0, gives other records: %s", name, recordList(e.Records))
			}
		}
		if len(v.plain.CNAMEs) > 0 {
			note("srv-alias", run.Pass, "%s: %s is an alias of %s", name, v.plain.Name, strings.Join(v.plain.CNAMEs, ", "))
		}
	}
	return notes
}

func sameRecords(a, b []evidence.SRVRecord) bool {
	within := func(a, b []evidence.SRVRecord) bool {
		for _, r := range a {
			if !slices.ContainsFunc(b, func(o evidence.SRVRecord) bool { return sameRecord(o, r) }) {
				return false
			}
		}
		return true
	}
	return within(a, b) && within(b, a)
}

func disagreement(views []serverView) string {
	var parts []string
	for _, v := range views {
		parts = append(parts, resolverName(v.server)+" "+recordList(v.plain.Records))
	}
	return strings.Join(parts, "; ")
}

func recordList(records []evidence.SRVRecord) string {
	if len(records) == 0 {
		return "has no record"
	}
	var names []string
	for i, r := range records {
		if i == 3 {
			names = append(names, fmt.Sprintf("%d more", len(records)-i))
			break
		}
		names = append(names, fmt.Sprintf("%s:%d (%d/%d)", r.Target, r.Port, r.Priority, r.Weight))
	}
	return "names " + strings.Join(names, ", ")
}

// recordNotes says what is noteworthy about the records.
func recordNotes(views []serverView, records, hosts []evidence.SRVRecord) []run.Note {
	var notes []run.Note
	note := func(id string, status run.Status, format string, args ...any) {
		notes = append(notes, run.Note{ID: id, Status: status, Text: fmt.Sprintf(format, args...)})
	}
	if len(hosts) > 1 {
		var names []string
		for _, r := range hosts[:min(len(hosts), 6)] {
			names = append(names, fmt.Sprintf("%s:%d", r.Target, r.Port))
		}
		note("client-order", run.Pass, "one possible order of a client: %s", strings.Join(names, ", "))
		if equal := equalHosts(hosts); equal > 1 {
			note("several-equal-hosts", run.Pass, "%d hosts have priority %d: each client draws one of them at random", equal, hosts[0].Priority)
		}
	}
	if slices.ContainsFunc(records, absentTarget) {
		note("target-dot", run.Warn, "one record's target is \".\", which declares the service absent; it must stand alone")
	}
	for _, r := range hosts {
		if r.Port != KMSPort {
			note("port-not-1688", run.Pass, "%s is published with port %d instead of %d", r.Target, r.Port, KMSPort)
		}
		if _, err := netip.ParseAddr(r.Target); err == nil {
			note("target-address", run.Warn, "the target %s is an address; a record must name a host", r.Target)
		}
		if alias := aliasOf(views, r.Target); alias != "" {
			note("cname-target", run.Warn, "the target %s is an alias of %s; a target must have addresses of its own (RFC 2782)", r.Target, alias)
		}
	}
	for _, r := range duplicates(views) {
		text := "with different priority or weight"
		if alike(views, r) {
			text = "in records that say the same"
		}
		note("duplicate-record", run.Warn, "%s:%d is published more than once, %s", r.Target, r.Port, text)
	}
	if slices.ContainsFunc(records, func(r evidence.SRVRecord) bool { return r.TTL == 0 }) {
		note("ttl-zero", run.Warn, "a record's TTL is 0: it is asked for anew each time")
	}
	return notes
}

// equalHosts counts the hosts that share the best priority.
func equalHosts(hosts []evidence.SRVRecord) int {
	n := 0
	for _, r := range hosts {
		if r.Priority == hosts[0].Priority {
			n++
		}
	}
	return n
}

// duplicates returns the hosts that a single server names more than once.
func duplicates(views []serverView) []evidence.SRVRecord {
	var twice []evidence.SRVRecord
	for _, v := range views {
		for i, r := range v.plain.Records {
			again := func(o evidence.SRVRecord) bool { return sameHost(o, r) }
			if slices.ContainsFunc(v.plain.Records[:i], again) && !slices.ContainsFunc(twice, again) {
				twice = append(twice, r)
			}
		}
	}
	return twice
}

// alike tells whether all records of a host say the same.
func alike(views []serverView, host evidence.SRVRecord) bool {
	for _, v := range views {
		for _, r := range v.plain.Records {
			if sameHost(r, host) && !sameRecord(r, host) {
				return false
			}
		}
	}
	return true
}

// aliasOf returns what a target is an alias of, where a server's additional
// section shows it.
func aliasOf(views []serverView, target string) string {
	for _, v := range views {
		if to := v.alias[strings.ToLower(target)]; to != "" {
			return to
		}
	}
	return ""
}
