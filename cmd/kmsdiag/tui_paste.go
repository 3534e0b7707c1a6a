package main

import (
	"context"
	"fmt"

	"github.com/kmsdiag/kmsdiag/evidence/windows"
	"github.com/kmsdiag/kmsdiag/tui"
)

// readPasted reads text that was pasted into the interactive program.
func readPasted(ctx context.Context, text string) (tui.Pasted, error) {
	p, err := windows.ReadString(ctx, text, "pasted text")
	if err != nil {
		return tui.Pasted{}, err
	}
	out := tui.Pasted{Set: p.Set, Truncated: p.Truncated.Any()}
	for _, k := range p.Kinds {
		name := string(k.Kind)
		if k.Times > 1 {
			name += fmt.Sprintf(" x%d", k.Times)
		}
		out.Kinds = append(out.Kinds, name)
	}
	for _, l := range p.Unread {
		out.Unread = append(out.Unread, l.Text)
	}
	return out, nil
}
