package report

import (
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/kmsdiag/kmsdiag/capture"
)

// Conversations keeps what the table of a capture's text needs, for a program that
// prints it long after the records went by. It keeps no more than the table has
// room for, and may be used by several goroutines.
type Conversations struct {
	mu    sync.Mutex
	table *captureText
	names map[netip.Addr]string
}

// NewConversations returns an empty table.
func NewConversations() *Conversations {
	return &Conversations{table: &captureText{calls: map[int64][]told{}}}
}

// Records takes records in, which are valid during the call only.
func (c *Conversations) Records(records []capture.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range records {
		before := len(c.table.items)
		_ = c.table.Records(records[i:i+1], nil) // it writes nothing yet
		if l := records[i].Lookup; l != nil && len(c.table.items) > before {
			kept := *l
			kept.SRV = slices.Clone(l.SRV)
			c.table.items[before].lookup = &kept
		}
	}
}

// Hosts takes the names that DNS gave to the hosts of a report.
func (c *Conversations) Hosts(r *capture.Report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names = hostNames(r)
}

// Write prints the table as the text of a capture ends with it, under the
// pseudonyms of a mask unless that is nil. It is called once.
func (c *Conversations) Write(w io.Writer, s Style, hide *Mask) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.table
	t.s = s.normal()
	if hide != nil {
		t.mask = &mask{hide.names}
		for i := range t.items {
			it := &t.items[i]
			it.attempt = t.mask.text(it.attempt)
			if it.lookup != nil {
				it.dns = lookupText(it.lookup, t.mask)
			}
		}
	}
	var b strings.Builder
	t.table(&b, c.names)
	_, err := io.WriteString(w, b.String())
	return err
}

// hostNames is the first name of each host that has one.
func hostNames(r *capture.Report) map[netip.Addr]string {
	names := map[netip.Addr]string{}
	for _, h := range r.Hosts {
		if len(h.Names) > 0 {
			names[h.Address.Addr()] = h.Names[0]
		}
	}
	return names
}
