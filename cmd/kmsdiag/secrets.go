package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/evidence/windows"
	"github.com/kmsdiag/kmsdiag/run"
)

// parseTarget makes a target of arguments and flags, as [checks.ParseTarget]
// does. A product key among them is refused before a name server hears of it.
func parseTarget(args []string, flags checks.TargetFlags) (run.Target, error) {
	typed := slices.Concat(args, flags.Hosts, flags.Domains, flags.DNS)
	if slices.ContainsFunc(typed, isKey) || isKey(strings.Join(args, "-")) {
		return run.Target{}, errors.New("this has the form of a product key, not of a host or a domain, and was not looked up; kmsdiag keys tells what a key is for")
	}
	return checks.ParseTarget(args, flags)
}

// isKey tells whether a text has the form of a product key, published or not.
func isKey(text string) bool {
	text, _, _ = strings.Cut(strings.TrimSpace(text), ":") // a port
	if strings.Contains(text, ".") {
		return false
	}
	if windows.Mask(text) != text {
		return true
	}
	found := catalog.FindGVLK(text)
	return len(found) > 0 && found[0].How == catalog.MatchKey
}
