package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// cloudOf tells whether a host is the KMS of a public cloud, by its name or by
// an address of it.
func cloudOf(h *host) *catalog.Cloud {
	if c, ok := catalog.CloudKMS(h.name); ok {
		return &c
	}
	for _, e := range h.ends {
		if c, ok := catalog.CloudKMS(e.addr.Addr().String()); ok && e.addr.Addr().IsValid() {
			return &c
		}
	}
	return nil
}

// asked is the group of products an exchange asked for.
func asked(x *evidence.Exchange) (catalog.Group, bool) {
	if p, ok := catalog.ProductByActivationID(x.ActivationID); ok {
		return p.Group, true
	}
	return catalog.GroupByCountedID(x.CountedID)
}

// class is the family an exchange asked for; empty where neither an id nor the
// application tells.
func class(x *evidence.Exchange) catalog.Class {
	if g, ok := asked(x); ok {
		return g.Class
	}
	switch {
	case strings.EqualFold(x.Application, catalog.OfficeAppID), strings.EqualFold(x.Application, catalog.Office2010AppID):
		return catalog.Office
	case strings.Contains(strings.ToLower(x.Product), "office"):
		return catalog.Office
	case strings.Contains(strings.ToLower(x.Product), "server"):
		return catalog.Server
	case strings.Contains(strings.ToLower(x.Product), "windows"):
		return catalog.Client
	}
	return ""
}

func isOffice(x *evidence.Exchange) bool { return class(x) == catalog.Office }

// product names what an exchange asked for.
func product(x *evidence.Exchange) string {
	if x.Product != "" {
		return evidence.Clean(x.Product)
	}
	if p, ok := catalog.ProductByActivationID(x.ActivationID); ok {
		return p.Name
	}
	if g, ok := asked(x); ok {
		return g.Name
	}
	return "an unnamed product"
}

// choiceOf is the product an exchange asked for, as the release it was named by;
// false where the catalogue does not have it.
func choiceOf(x *evidence.Exchange) (catalog.Choice, bool) {
	p, ok := catalog.ProductByActivationID(x.ActivationID)
	if !ok {
		return catalog.Choice{}, false
	}
	for _, id := range p.Releases {
		r, ok := catalog.ReleaseByID(id)
		if c := (catalog.Choice{Product: p, Release: r}); ok && c.Name() == x.Product {
			return c, true
		}
	}
	r, ok := catalog.ReleaseByID(p.Releases[0])
	return catalog.Choice{Product: p, Release: r}, ok
}

// needed is the minimum count a client of the exchange's product asks for.
func needed(x *evidence.Exchange) int {
	if x.NPolicy > 0 {
		return int(x.NPolicy)
	}
	return class(x).N()
}

// counted says the count of an answer, and what kmsdiag's own client id adds to it.
func counted(x *evidence.Exchange) string {
	if x.Probe && x.Count > 0 {
		return fmt.Sprintf("%d with this probe, %d without", x.Count, x.Count-1)
	}
	return fmt.Sprint(x.Count)
}

// ranges that zero-trust agents and proxies answer names from, and that no
// server has (RFC 6598 shared space, RFC 2544 benchmarking).
var synthetic = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("198.18.0.0/15")}

func isSynthetic(a netip.Addr) bool {
	return slices.ContainsFunc(synthetic, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// span says a duration the way a person would.
func span(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	switch {
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%d h %d min", int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
}

func list(names []string) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > maxEach:
		return strings.Join(names[:maxEach], ", ") + fmt.Sprintf(" and %d more", n-maxEach)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}
