package report

import (
	"net/netip"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

var began = time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC)

// stream builds the events of a run by hand, a millisecond apart.
type stream struct {
	events []run.Event
	at     time.Time
}

func (s *stream) add(e run.Event) {
	s.at = s.at.Add(time.Millisecond)
	e.Time = s.at
	s.events = append(s.events, e)
}

func (s *stream) found(sub run.Subject, checks ...string) {
	s.add(run.Event{Found: &run.Found{Subject: sub, Checks: checks}})
}

func (s *stream) started(check string, sub run.Subject) {
	s.add(run.Event{Started: &run.Started{Check: check, Subject: sub.Key}})
}

func (s *stream) finished(check string, sub run.Subject, st run.Status, took time.Duration, summary string, notes ...run.Note) {
	s.add(run.Event{Finished: &run.Result{
		Check: check, Subject: sub, Status: st, Summary: summary, Notes: notes, Started: s.at, Took: took,
	}})
}

func planned(ids ...string) []run.Planned {
	groups := map[string]string{"dns": "DISCOVER", "tcp": "REACH", "rpc": "HANDSHAKE", "kms": "JUDGE"}
	var list []run.Planned
	for _, id := range ids {
		list = append(list, run.Planned{ID: id, Title: "the title of " + id, Group: groups[id[:3]], Scope: run.Endpoint})
	}
	return list
}

var (
	site   = run.Subject{Key: "site", Kind: run.Site}
	domain = run.Subject{Key: "corp.example", Parent: "site", Kind: run.Domain, Domain: "corp.example"}
	host1  = run.Subject{Key: "kms01.corp.example:1688", Parent: "corp.example", Kind: run.Host, Domain: "corp.example", Host: "kms01.corp.example", Port: 1688}
	host2  = run.Subject{Key: "kms02.corp.example:1688", Parent: "corp.example", Kind: run.Host, Domain: "corp.example", Host: "kms02.corp.example", Port: 1688}
	end1   = endpoint(host1, "192.0.2.5:1688")
	end2   = endpoint(host2, "192.0.2.6:1688")
)

func endpoint(h run.Subject, addr string) run.Subject {
	ap := netip.MustParseAddrPort(addr)
	return run.Subject{
		Key: h.Key + "@" + ap.Addr().String(), Parent: h.Key, Kind: run.Endpoint,
		Domain: h.Domain, Host: h.Host, Port: ap.Port(), Addr: ap,
	}
}

// sampleRun is a run with two hosts, one of them silent, in which rows arrive
// out of the order of their groups.
func sampleRun() []run.Event {
	s := &stream{at: began}
	s.add(run.Event{Plan: &run.Plan{
		Schema: run.Schema, Version: "1.0.0", Title: "corp.example", Machine: "PC-0417", Address: "192.0.2.17",
		Target:  run.Target{Args: []string{"corp.example"}, Names: []string{"corp.example"}},
		Sends:   []string{"DNS to 192.0.2.2 and 192.0.2.3", "TCP to every host found", "1 KMS request (Windows 11 Enterprise) to each"},
		Checks:  planned("dns.srv", "dns.address", "tcp.connect", "tcp.alive", "rpc.bind", "kms.request", "kms.count"),
		Started: began,
	}})
	s.found(site)
	s.found(domain, "dns.srv")
	s.started("dns.srv", domain)
	hostChecks := []string{"dns.address"}
	endChecks := []string{"tcp.connect", "tcp.alive", "rpc.bind", "kms.request", "kms.count"}
	s.found(host1, hostChecks...)
	s.found(host2, hostChecks...)
	s.finished("dns.srv", domain, run.Warn, 11*time.Millisecond, "2 records at _vlmcs._tcp.corp.example",
		run.Note{ID: "srv-target-cname", Status: run.Warn, Text: "kms02.corp.example is an alias of another name, which a record of this type must not name"})
	s.started("dns.address", host1)
	s.started("dns.address", host2)
	s.found(end1, endChecks...)
	s.finished("dns.address", host1, run.Pass, 9*time.Millisecond, "kms01.corp.example is 192.0.2.5")
	s.started("tcp.connect", end1)
	s.finished("tcp.connect", end1, run.Pass, 14*time.Millisecond, "kms01.corp.example 192.0.2.5:1688 is open")
	s.started("rpc.bind", end1)
	s.finished("rpc.bind", end1, run.Pass, 600*time.Microsecond, "kms01.corp.example 192.0.2.5:1688 NDR64")
	s.found(end2, endChecks...)
	s.finished("dns.address", host2, run.Pass, 30*time.Millisecond, "kms02.corp.example is 192.0.2.6")
	s.started("tcp.connect", end2)
	s.finished("kms.request", end1, run.Pass, 21*time.Millisecond, "kms01.corp.example 192.0.2.5:1688 V6, served, count 50")
	s.add(run.Event{Progress: &run.Progress{Check: "tcp.connect", Subject: end2.Key, Text: "attempt 2 of 3"}})
	s.finished("tcp.connect", end2, run.Fail, 3*time.Second, "kms02.corp.example 192.0.2.6:1688 silent, 3 tries")
	s.finished("rpc.bind", end2, run.Skip, 0, "not run: needs tcp.connect, which failed")
	s.finished("kms.request", end2, run.Skip, 0, "not run: needs tcp.connect, which failed")
	s.started("tcp.alive", end2)
	s.started("kms.count", end1)
	s.finished("tcp.alive", end2, run.Pass, 8*time.Millisecond, "kms02.corp.example answers on 445: the host is up")
	s.finished("kms.count", end1, run.Pass, 0, "kms01.corp.example 50 with this probe; clients need 25, servers and Office 5")
	s.add(run.Event{Summary: &run.Summary{
		Worst:  run.Fail,
		Counts: map[run.Status]int{run.Pass: 7, run.Warn: 1, run.Fail: 1, run.Skip: 2},
		Causes: []diagnose.Cause{silentCause(), {
			ID: "srv-target-cname", Title: "an SRV record names an alias", Layer: "dns", Verdict: diagnose.Found,
			Subjects: []string{"kms02.corp.example"},
		}},
		Proved:     []string{"kms01.corp.example serves Windows 11 Enterprise to 192.0.2.17"},
		NotTested:  []string{"any PC's own licence, pinned host and clock"},
		Conclusion: "A KMS client asking for Windows 11 Enterprise from 192.0.2.17 would be served by kms01.corp.example.\nkms02.corp.example is silent.",
		Sent:       []string{"4 DNS questions", "5 TCP connections", "1 KMS request to kms01.corp.example"},
		Took:       3412 * time.Millisecond,
	}})
	return s.events
}

func silentCause() diagnose.Cause {
	origin := evidence.Origin{Check: "tcp.connect", Subject: end2.Key}
	return diagnose.Cause{
		ID: "firewall-block-1688", Title: "TCP 1688 is dropped on the way, or nothing on the host listens on it",
		Layer: "tcp", Verdict: diagnose.Possible, Subjects: []string{"kms02.corp.example"}, Code: 0xC004F074,
		Because: []diagnose.Finding{{Text: "3 tries without any answer", Origin: origin}},
		Against: []diagnose.Finding{{Text: "445 on the same host answers", Origin: origin}},
		Remedies: []diagnose.Step{{
			Who: "KMS host", Shell: "PowerShell", Text: "open the port for the profiles that are in use",
			Commands: []string{"Set-NetFirewallRule -Name SPPSVC-In-TCP -Profile Domain,Private -Enabled True; Get-NetFirewallRule -Name SPPSVC-In-TCP | Get-NetFirewallAddressFilter"},
			Verify:   "kmsdiag check kms02.corp.example",
			Undo:     "Set-NetFirewallRule -Name SPPSVC-In-TCP -Enabled False",
		}},
		Next: &diagnose.Step{
			Who: "KMS host", Shell: "PowerShell",
			Commands: []string{"Get-Service sppsvc; Get-NetTCPConnection -LocalPort 1688 -State Listen"},
		},
	}
}
