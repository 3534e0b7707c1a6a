package checks

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/directory"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

const adbaObjectsID = "adba.objects"

// Directory says how activation objects are read.
type Directory struct {
	Access  directory.Access
	Servers []run.HostPort // to ask; empty: the domain controllers that DNS names
}

// ADBAObjects reads the domain's activation objects from a domain controller. It
// is asked only in a run whose [Env] has a Directory.
var ADBAObjects = &Check{
	ID: adbaObjectsID, Title: "the forest has activation objects",
	Group: Discover, Scope: run.Domain, After: []*Check{DNSConfig, ADBASite}, Timeout: directoryLimit,
	Slow: "a domain controller has not answered yet",
	When: func(ask Ask) bool {
		return ask.Directory != nil && (ask.Directory.named() || activeDirectory(ask))
	},
	Run: runADBAObjects,
}

// MaxControllers is how many domain controllers are asked at most, until one answers.
const MaxControllers = 3

// directoryLimit lets two domain controllers be silent at both of their addresses,
// and a third one answer slowly.
const directoryLimit = 40 * time.Second

// ActivationPlan returns the checks of a run about AD-based activation alone, and
// about KMS hosts beside it. Where the user named domain controllers, DNS is not
// asked whether there are any: what it does not know would say nothing about them.
func ActivationPlan(d *Directory) []*Check {
	if d.named() {
		return []*Check{DNSConfig, ADBAObjects, DNSSRV}
	}
	return []*Check{DNSConfig, ADBASite, ADBAObjects, DNSSRV}
}

// named tells whether the user named domain controllers.
func (d *Directory) named() bool { return d != nil && len(d.Servers) > 0 }

// Planned returns the checks of a run in an environment: [All], and those that
// need more than a network.
func Planned(env *Env) []*Check {
	plan := All()
	if env.Directory != nil {
		plan = slices.Insert(plan, slices.Index(plan, ADBASite)+1, ADBAObjects)
	}
	return plan
}

func runADBAObjects(ctx context.Context, ask Ask) Answer {
	var a Answer
	var last evidence.DirectoryRead
	for _, c := range controllers(ctx, ask) {
		if last.Host != "" && (last.Read() || settled(last)) {
			break
		}
		ask.progress("asking " + c.Host())
		r := directory.Reading{DirectoryRead: evidence.DirectoryRead{
			Host: c.Host(), Step: evidence.DirectoryConnect, Outcome: evidence.DirectoryNoAddress, Detail: c.lost, Started: ask.now().UTC(),
		}}
		if c.Address.IsValid() {
			r = directory.Read(ctx, ask.Dialer, c.Server, ask.Directory.Access)
		}
		last = r.DirectoryRead
		last.Origin, last.Domain = ask.origin(adbaObjectsID), ask.Subject.Domain
		a.Evidence.DirectoryReads = append(a.Evidence.DirectoryReads, last)
		for _, o := range r.Found {
			o.Origin, o.Domain = last.Origin, last.Domain
			a.Evidence.ActivationObjects = append(a.Evidence.ActivationObjects, o)
		}
		if last.Objects > 0 {
			break // others hold the same
		}
	}
	note := func(id string, status run.Status, format string, args ...any) {
		a.Notes = append(a.Notes, run.Note{ID: id, Status: status, Text: fmt.Sprintf(format, args...)})
	}
	reads := a.Evidence.DirectoryReads
	for _, r := range reads[:max(0, len(reads)-1)] {
		note("controller-failed", run.Pass, "%s %s", evidence.Clean(r.Host), r.Text())
	}
	if last.Unverified {
		got := "who answered, and got the password, is not known"
		if ask.Directory.Access.Self {
			got = "who answered is not known"
		}
		note("certificate-unchecked", run.Warn, "the certificate of %s was not checked, as was wished: %s", evidence.Clean(last.Host), got)
	}
	if len(last.Referrals) > 0 {
		note("referrals", run.Pass, "%s refers to %s, which were not asked", evidence.Clean(last.Host), evidence.Clean(fmt.Sprint(last.Referrals)))
	}
	a.Status, a.Summary = judgeDirectory(last, a.Evidence.ActivationObjects)
	return a
}

func judgeDirectory(last evidence.DirectoryRead, objects []evidence.ActivationObject) (run.Status, string) {
	host := evidence.Clean(last.Host)
	count := plural(last.Objects, "activation object")
	if last.Partial {
		count = "at least " + count
	}
	unreadable := 0
	for _, o := range objects {
		if !diagnose.Readable(o) {
			unreadable++
		}
	}
	switch {
	case host == "":
		return run.Warn, "activation objects not read: no domain controller is named"
	case last.Outcome == evidence.DirectoryDone && last.Objects > 0:
		status, text := run.Pass, count+", read from "+host
		if last.Partial {
			status, text = run.Warn, text+": the list is not complete"
		}
		if unreadable > 0 {
			status, text = run.Warn, fmt.Sprintf("%s; of %d neither key nor ids can be read", text, unreadable)
		}
		return status, text
	case last.Read():
		return run.Warn, host + " shows this user no activation objects"
	case last.Outcome == evidence.DirectoryDone:
		return run.Warn, "no activation objects are shown without a name, by " + host
	case last.Objects > 0:
		return run.Warn, count + " before " + host + " " + last.Text()
	}
	return run.Warn, "activation objects not read: " + host + " " + last.Text()
}

// settled tells whether another domain controller would say the same. A failed
// logon counts towards the lockout of the account, so that it is not repeated.
func settled(r evidence.DirectoryRead) bool {
	switch r.Outcome {
	case evidence.DirectoryBadLogon, evidence.DirectoryDenied, evidence.DirectoryNoContainer, evidence.DirectoryDone, evidence.DirectoryCancelled:
		return true
	}
	return false
}
