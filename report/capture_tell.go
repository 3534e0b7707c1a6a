package report

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/capture"
)

// ExchangeText says an exchange in a few words: what it came to, with the code
// that a Windows client would show, and what was asked for.
func ExchangeText(x *capture.Exchange) (outcome, asked string) {
	c := callOf(x)
	prefix := "asked"
	if p := productNamed(c.SKU, c.Counted); p != "" {
		prefix = fmt.Sprintf("asked for %s in %s", p, c.Version)
	}
	return strings.TrimPrefix(c.text(), prefix+", "), strings.TrimPrefix(strings.TrimPrefix(prefix, "asked"), " for ")
}

// ConnectionText says in a few words how a connection and its bind went.
func ConnectionText(c *capture.Connection) string { return attemptText(c) }

// LookupText says a look-up in a few words; what comes from the network is
// cleaned.
func LookupText(l *capture.Lookup) string { return lookupText(l, nil) }
