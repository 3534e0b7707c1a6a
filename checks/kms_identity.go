package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// KMSIdentity asks what the host's ePID tells of its system and key, and
// whether the answer looks like a Microsoft host's. It judges the answers to
// [KMSRequest], verified or not, and sends nothing.
var KMSIdentity = &Check{
	ID: "kms.identity", Title: "the KMS host's identity is consistent",
	Group: Judge, Scope: run.Endpoint, Needs: []*Check{RPCBind}, After: []*Check{KMSRequest},
	When: func(ask Ask) bool { return len(withEPID(exchangesOf(ask))) > 0 },
	Run:  runKMSIdentity,
}

// withEPID returns the exchanges whose answer named the host, or should have:
// every answer that passes verification has an ePID.
func withEPID(exchanges []evidence.Exchange) []evidence.Exchange {
	var named []evidence.Exchange
	for _, e := range exchanges {
		if e.EPID != "" || e.Outcome == evidence.Served {
			named = append(named, e)
		}
	}
	return named
}

func runKMSIdentity(_ context.Context, ask Ask) Answer {
	answers := withEPID(exchangesOf(ask))
	var bind evidence.Bind
	if r, ok := ask.Prior.Of(RPCBind, ask.Subject); ok && len(r.Evidence.Binds) > 0 {
		bind = r.Evidence.Binds[0]
	}
	a := Answer{Result: run.Result{Status: run.Pass}}
	epid, err := kms.ParseEPID(answers[0].EPID)
	var id catalog.Identity
	var contradictions, signs []run.Note
	switch {
	case answers[0].EPID == "":
		a.Status, a.Summary = run.Warn, "the host gives no ePID"
		contradictions = append(contradictions, run.Note{ID: "epid-form", Text: "the ePID of the answer is empty"})
	case err != nil:
		a.Status, a.Summary = run.Warn, "the host's ePID has not the usual form"
		contradictions = append(contradictions, run.Note{
			ID: "epid-form", Text: fmt.Sprintf("the ePID %q has not the usual form", evidence.Clean(answers[0].EPID)),
		})
	default:
		id = catalog.JudgeEPID(epid, ask.now())
		a.Summary = summariseIdentity(id)
		for _, c := range id.Contradictions {
			contradictions = append(contradictions, run.Note{ID: c.ID, Text: c.Text})
		}
	}
	signs = signsOfOtherHost(answers, bind, id)
	if n := len(contradictions) + len(signs); n >= 2 {
		a.Status = run.Warn
		a.Summary += fmt.Sprintf("; %d signs that the answer is not a Microsoft host's", n)
	}
	a.Notes = append(a.Notes, describeIdentity(id, productAsked(ask.Env))...)
	for _, n := range slices.Concat(contradictions, signs) {
		n.Status = a.Status // a warning names what it warns of
		a.Notes = append(a.Notes, n)
	}
	if len(contradictions)+len(signs) > 0 {
		a.Notes = append(a.Notes, run.Note{
			ID: "signs-prove-nothing", Status: run.Pass,
			Text: "none of these proves anything alone",
		})
	}
	return a
}

// summariseIdentity names the host's system and key.
func summariseIdentity(id catalog.Identity) string {
	system := id.BuildName
	if system == "" {
		system = fmt.Sprintf("build %d", id.EPID.Build)
	}
	key := "an unknown host key"
	if name := id.KeyName(); name != "" {
		key = "host key of " + name
	}
	if id.Activated.IsZero() {
		return system + ", " + key
	}
	return fmt.Sprintf("%s, %s, activated %s", system, key, id.Activated.Format("2006-01-02"))
}

// describeIdentity tells what Microsoft's lists say of the key, and the limits
// of the judgement.
func describeIdentity(id catalog.Identity, product catalog.Product) []run.Note {
	var notes []run.Note
	note := func(id, format string, args ...any) {
		notes = append(notes, run.Note{ID: id, Status: run.Pass, Text: fmt.Sprintf(format, args...)})
	}
	if id.EPID != (kms.EPID{}) {
		note("identity-date", "the ePID tells the system and key of the day the host key was activated, not today's")
	}
	for _, key := range id.HostKeys {
		if line := newestOfEach(key.Activates()); line != "" {
			note("key-activates", "by Microsoft's list the %s activates %s", key.Name, line)
		}
		for _, release := range product.Releases {
			r, ok := catalog.ReleaseByID(release)
			if !ok {
				continue
			}
			if c := key.Covers(catalog.Choice{Product: product, Release: r}); c == catalog.TooNew || c == catalog.OtherFamily {
				note("key-not-listed-for", "%s is not on Microsoft's list for the %s; products with one counted id are not told apart by a host", r.Name(), key.Name)
			}
		}
	}
	for _, n := range id.Notes {
		note(n.ID, "%s", n.Text)
	}
	return notes
}

// newestOfEach names the newest release of each class, with the long-term
// releases that are newer still, and whether there are older ones. Releases come
// in the catalogue's order, newest generation first.
func newestOfEach(releases []catalog.Release) string {
	plural := map[catalog.Class]string{catalog.Server: "servers", catalog.Client: "clients", catalog.Office: "Office"}
	var parts []string
	for _, class := range []catalog.Class{catalog.Server, catalog.Client, catalog.Office} {
		var names []string
		for _, r := range releases {
			if r.Class == class && !slices.Contains(names, r.Name()) {
				names = append(names, r.Name())
			}
		}
		newest := 1 + slices.IndexFunc(names, func(name string) bool {
			return class != catalog.Client || !strings.Contains(name, "LTS")
		})
		if newest == 0 {
			newest = len(names)
		}
		text := strings.Join(names[:newest], ", ")
		if len(names) > newest {
			text += " and older " + plural[class]
		}
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "; ")
}

const (
	fixedHwID  = "3A1C049600B60076" // the hardware hash that vlmcsd sends by default
	fixedGroup = 0x1063BF3F         // the association group id of every py-kms
)

// signsOfOtherHost lists what a Microsoft host is not known to do. Each has
// innocent explanations too: a proxy, a 32-bit host, an interrupted connection.
func signsOfOtherHost(answers []evidence.Exchange, bind evidence.Bind, id catalog.Identity) []run.Note {
	var signs []run.Note
	sign := func(id, format string, args ...any) {
		signs = append(signs, run.Note{ID: id, Text: fmt.Sprintf(format, args...)})
	}
	has := func(f func(evidence.Exchange) bool) bool { return slices.ContainsFunc(answers, f) }
	if has(func(e evidence.Exchange) bool { return e.SameIV }) {
		sign("sign-same-iv", "a V6 answer reuses the initialisation vector of the request")
	}
	if has(func(e evidence.Exchange) bool { return strings.EqualFold(e.HwID, fixedHwID) }) {
		sign("sign-fixed-hwid", "the hardware hash %s is one that an emulator sends by default", fixedHwID)
	}
	if bind.Group == fixedGroup || has(func(e evidence.Exchange) bool { return e.Group == fixedGroup }) {
		sign("sign-fixed-group", "the association group id 0x%08X is one that an emulator always sends", uint32(fixedGroup))
	}
	if has(func(e evidence.Exchange) bool { return e.Closed }) {
		sign("sign-closed", "the connection was closed right after the answer; Windows keeps it open for further requests")
	}
	if first := answers[0]; has(func(e evidence.Exchange) bool { return e.Application == first.Application && e.EPID != first.EPID }) {
		sign("sign-epid-changes", "the ePID differs between answers for one application")
	}
	if has(overCeiling) {
		sign("sign-count-over-ceiling", "the count is larger than a Microsoft host's list can grow")
	}
	if bind.Outcome == evidence.BindAccepted && id.Build.Name != "" {
		switch ndr64 := slices.Contains(bind.Accepted, "NDR64"); {
		case ndr64 && !id.Build.NDR64:
			sign("sign-ndr64-accepted", "NDR64 was accepted, which %s does not offer", id.Build.Name)
		case !ndr64 && id.Build.NDR64:
			sign("sign-ndr64-refused", "NDR64 was refused, which 64-bit systems of build %d offer; a 32-bit one does not", id.Build.Number)
		}
	}
	return signs
}

// overCeiling tells whether an answer's count is beyond what its list can hold.
func overCeiling(e evidence.Exchange) bool {
	class := catalog.Client
	if e.Application == catalog.OfficeAppID || e.Application == catalog.Office2010AppID {
		class = catalog.Office
	}
	t := catalog.JudgeCount(int(e.Count), class, e.Probe)
	return t.OverCeiling
}
