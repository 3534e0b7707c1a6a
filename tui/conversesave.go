package tui

import (
	"context"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/report"
)

// hide hides names. Each keeps its pseudonym for the session.
func (c *conversation) hide() {
	if c.mask == nil {
		c.mask = report.NewMask()
	}
	c.mask.Events(c.run.events(nil)) // every name, before the first text is masked
	c.mask.Learn(c.pasted)
	c.hidden = true
	c.say("Names are hidden from here on.")
}

// shownText is a text as it may be spoken.
func (c *conversation) shownText(s string) string {
	if c.hidden {
		return c.mask.Text(s)
	}
	return s
}

func (c *conversation) save(ctx context.Context) error {
	answer, ok := c.askLine(ctx, "Format, text, short, json or jsonl: ")
	if !ok || answer == "" {
		return nil
	}
	events, matrices := c.run.events(c.sent), c.matrices
	if c.hidden {
		events, matrices = c.mask.Events(events), c.mask.Matrices(matrices)
	}
	for _, f := range saveFormats {
		if strings.EqualFold(answer, f.format) {
			name, err := c.svc.Save(f.format, events, matrices)
			if err != nil {
				c.say("Not saved: %v.", err)
				return nil
			}
			c.say("Saved as %s.", name)
			return nil
		}
	}
	c.say("%s is no format: text, short, json or jsonl.", typeset.Cut(typeset.Printable(answer), 40))
	return nil
}
