package checks

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// coverage is how far a run looked at one host.
type coverage struct {
	name      string
	reason    string // why a check of it was skipped, the first of them
	leftOut   string // the id of a check whose leaving out skipped others
	named     bool   // a check of the name itself came to a verdict
	endpoints bool   // there are results of its endpoints
	tested    bool   // an endpoint check came to a verdict
	handshake bool   // and one of them asked for KMS
}

// judgeCoverage finds the hosts that a run was about and did not test, for want
// of a way to them or because checks were left out, and says so in sentences.
// A run that tested none of its hosts fails: who watches it alone must not take
// it for a good one. It warns where the user left checks out, and where other
// hosts were tested.
func judgeCoverage(results []run.Result) (run.Status, []string) {
	hosts := coverages(results)
	if len(hosts) == 0 {
		return judgeUnfound(results)
	}
	anyTested := slices.ContainsFunc(hosts, func(c *coverage) bool { return !c.untested() })
	var worst run.Status
	var lines []string
	for _, c := range hosts {
		var line string
		switch {
		case c.untested() && c.leftOut != "":
			worst = run.Worse(worst, run.Warn)
			line = fmt.Sprintf("%s was not tested: %s was left out.", c.name, c.leftOut)
		case c.untested() && anyTested:
			worst = run.Worse(worst, run.Warn)
			line = fmt.Sprintf("%s was not tested: %s.", c.name, c.reason)
		case c.untested():
			worst = run.Fail
			line = fmt.Sprintf("%s was not tested: %s.", c.name, c.reason)
		case c.leftOut != "" && !c.handshake:
			worst = run.Worse(worst, run.Warn)
			line = fmt.Sprintf("The KMS service of %s was not tested: %s was left out.", c.name, c.leftOut)
		default:
			continue
		}
		lines = append(lines, line)
	}
	if len(lines) > maxUncovered {
		lines = append(lines[:maxUncovered], plural(len(lines)-maxUncovered, "other host")+" not tested.")
	}
	if !anyTested {
		lines = append([]string{"Nothing was tested."}, lines...)
	}
	return worst, lines
}

// maxUncovered bounds how many untested hosts are named.
const maxUncovered = 4

func (c *coverage) untested() bool {
	if c.endpoints {
		return !c.tested
	}
	return !c.named
}

// coverages gathers the results about hosts and their endpoints, a host a value.
func coverages(results []run.Result) []*coverage {
	var list []*coverage
	byKey := map[string]*coverage{}
	for _, r := range results {
		s := r.Subject
		if s.Kind != run.Host && s.Kind != run.Endpoint {
			continue
		}
		key := net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port)))
		c := byKey[key]
		if c == nil {
			c = &coverage{name: s.Host}
			byKey[key] = c
			list = append(list, c)
		}
		verdict := r.Status != run.Skip
		if s.Kind == run.Host {
			c.named = c.named || verdict
		} else {
			c.endpoints = true
			c.tested = c.tested || verdict
			c.handshake = c.handshake || verdict && (r.Check == rpcBindID || r.Check == kmsRequestID || r.Status == run.Fail)
		}
		if !verdict {
			c.skipped(r)
		}
	}
	return list
}

func (c *coverage) skipped(r run.Result) {
	if left := leftOutRoot(r); left != "" {
		c.leftOut = left
	}
	if c.reason == "" {
		c.reason = strings.TrimPrefix(r.Summary, "not tested: ")
	}
}

// leftOutRoot is the id of the check whose leaving out skipped a result; "" for
// other skips, whose root names a subject as well.
func leftOutRoot(r run.Result) string {
	if r.Status != run.Skip || strings.Contains(r.Root, " ") {
		return ""
	}
	return r.Root
}

// judgeUnfound judges a run in which no host came up: where all its domains were
// skipped nothing was tested.
func judgeUnfound(results []run.Result) (run.Status, []string) {
	var worst run.Status
	var lines []string
	for _, r := range results {
		switch {
		case r.Check != dnsSRVID:
		case r.Status != run.Skip:
			return "", nil
		case leftOutRoot(r) != "":
			worst = run.Worse(worst, run.Warn)
			lines = []string{fmt.Sprintf("Nothing was tested: %s was left out.", r.Root)}
		default:
			worst = run.Fail
			lines = []string{"Nothing was tested: " + r.Summary + "."}
		}
	}
	return worst, lines
}
