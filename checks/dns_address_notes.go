package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// answerNotes says what is noteworthy about the servers' answers.
func answerNotes(host run.Subject, answers []evidence.AddressAnswer) []run.Note {
	var notes []run.Note
	for _, family := range []int{4, 6} {
		var first *evidence.AddressAnswer
		for i := range answers {
			one := &answers[i]
			if one.Family != family || !one.Outcome.Answered() {
				continue
			}
			if first == nil {
				first = one
				continue
			}
			if !sameAddresses(first.Addresses, one.Addresses) {
				notes = append(notes, run.Note{
					ID: "resolvers-disagree", Status: run.Warn,
					Text: fmt.Sprintf("the DNS servers disagree: %s says %s, %s says %s",
						resolverName(first.Resolver), orNone(first.Addresses), resolverName(one.Resolver), orNone(one.Addresses)),
				})
				break
			}
		}
	}
	failed := map[netip.AddrPort]bool{}
	anyAnswer := slices.ContainsFunc(answers, func(o evidence.AddressAnswer) bool { return len(o.Addresses) > 0 })
	for _, one := range answers {
		if anyAnswer && !one.Outcome.Answered() && !failed[one.Resolver] {
			failed[one.Resolver] = true
			notes = append(notes, run.Note{
				ID: "resolver-failed", Status: run.Warn,
				Text: resolverName(one.Resolver) + " " + describeOutcome(one.Outcome, one.Detail),
			})
		}
	}
	for _, one := range answers {
		if len(one.CNAMEs) == 0 {
			continue
		}
		n := run.Note{ID: "cname-target", Status: run.Pass, Text: host.Host + " is an alias of " + strings.Join(one.CNAMEs, ", ")}
		if host.Domain != "" {
			n.Status = run.Warn
			n.Text += "; an SRV target must have addresses of its own (RFC 2782)"
		}
		return append(notes, n)
	}
	return notes
}

func sameAddresses(a, b []netip.Addr) bool {
	for _, x := range a {
		if !slices.Contains(b, x) {
			return false
		}
	}
	return len(a) == len(b)
}

func orNone(list []netip.Addr) string {
	if len(list) == 0 {
		return "no address"
	}
	return joinAddresses(list)
}

// hostsFileNotes compares the hosts file with DNS.
func hostsFileNotes(host string, file, fromDNS []netip.Addr) []run.Note {
	switch {
	case len(file) == 0:
		return nil
	case len(fromDNS) == 0:
		return []run.Note{{
			ID: "hosts-file-only", Status: run.Warn,
			Text: fmt.Sprintf("only this machine's hosts file knows %s (%s); DNS has no address for it", host, joinAddresses(file)),
		}}
	case !subset(file, fromDNS):
		return []run.Note{{
			ID: "hosts-file-overrides", Status: run.Warn,
			Text: fmt.Sprintf("this machine's hosts file says %s, DNS says %s: this machine uses the former, others the latter",
				joinAddresses(file), joinAddresses(fromDNS)),
		}}
	}
	return []run.Note{{ID: "hosts-file-agrees", Status: run.Pass, Text: "this machine's hosts file names it too, as DNS does"}}
}

func subset(a, b []netip.Addr) bool {
	return !slices.ContainsFunc(a, func(x netip.Addr) bool { return !slices.Contains(b, x) })
}

// sharedSpace is the address space of carrier-grade NAT (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// addressNotes says what is noteworthy about the addresses themselves.
func addressNotes(all []netip.Addr, machine evidence.Machine) []run.Note {
	var notes []run.Note
	note := func(id string, status run.Status, text string) {
		notes = append(notes, run.Note{ID: id, Status: status, Text: text})
	}
	for _, a := range all {
		switch {
		case a.IsLoopback():
			note("loopback-address", run.Warn, a.String()+" is a loopback address: it leads every client to itself")
		case a.IsUnspecified(), a.IsMulticast():
			note("unspecified-address", run.Warn, a.String()+" is no address of a host")
		case a.IsLinkLocalUnicast():
			note("link-local-address", run.Warn, a.String()+" is link-local: no other network reaches it")
		case slices.Contains(machine.Addresses, a):
			note("own-address", run.Pass, a.String()+" is this machine itself: it is the KMS host; Windows' own client refuses that path")
		case sharedSpace.Contains(a):
			note("shared-address-space", run.Pass, a.String()+" is in 100.64.0.0/10, which is shared behind carrier NAT or used by overlay networks")
		}
	}
	switch {
	case len(all) > maxAddresses:
		note("too-many-addresses", run.Warn, fmt.Sprintf("more than %d addresses: the first %d are tested", maxAddresses, maxAddresses))
	case len(all) > 1:
		note("several-addresses", run.Pass, fmt.Sprintf("%d addresses: each is tested, since a client may use any", len(all)))
	}
	return notes
}
