package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// productsChoice is the choice to ask a host which products it serves; it is empty
// where nobody can be asked.
func (c *conversation) productsChoice() string {
	places := c.places()
	if c.svc.MatrixPlan == nil || c.svc.Matrix == nil || c.ask.NoRequest || len(places) == 0 {
		return ""
	}
	n := 0
	for _, g := range catalog.Groups() {
		if g.Askable() {
			n++
		}
	}
	whom := "a host"
	if len(places) == 1 {
		whom = typeset.Printable(places[0].name)
	}
	return fmt.Sprintf("ask which products %s serves (%d requests)", whom, n)
}

// places are the endpoints of the run, by the names that may be spoken.
func (c *conversation) places() []matrixPlace {
	list := matrixPlaces(c.run)
	if c.hidden {
		for i, p := range list {
			list[i].name = report.Masked(c.mask, p.subject).Name()
		}
	}
	return list
}

// products says what asking a host would send, asks whether to, and speaks the
// answers as they come.
func (c *conversation) products(ctx context.Context) error {
	place, ok := c.choosePlace(ctx)
	if !ok {
		return nil
	}
	r, err := report.NewMatrix("text", c.out, c.opts.Style)
	if err != nil {
		return err
	}
	if c.hidden {
		r = report.RedactMatrixBy(c.mask, r)
	}
	plan := c.svc.MatrixPlan(ctx, place.endpoints())
	if err := r.Event(run.MatrixEvent{Time: plan.Started, Plan: &plan}); err != nil {
		return err
	}
	if plan.Problem != "" {
		c.say("Nobody is asked: %s.", typeset.Printable(c.shownText(plan.Problem)))
		return nil
	}
	answer, _ := c.askLine(ctx, fmt.Sprintf("Send %d KMS requests, yes or no: ", plan.Requests))
	if !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		c.say("Nothing was sent to the host.")
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	c.svc.Matrix(ctx, plan, func(e run.MatrixEvent) {
		if e.Matrix != nil {
			c.keep(*e.Matrix)
		}
		if failed != nil || e.Plan != nil { // which was spoken already
			return
		}
		if failed = r.Event(e); failed != nil {
			stop()
		}
	})
	return errors.Join(failed, r.Close())
}

// keep takes what a host serves into what is saved, in place of what it said before.
func (c *conversation) keep(x run.Matrix) {
	c.sent = run.AddTraffic(c.sent, x.Traffic)
	c.matrices = slices.DeleteFunc(c.matrices, func(old run.Matrix) bool {
		return old.Target == x.Target && old.Endpoint == x.Endpoint
	})
	c.matrices = append(c.matrices, x)
}

// choosePlace asks for one of several hosts; it is not ok where none was named.
func (c *conversation) choosePlace(ctx context.Context) (matrixPlace, bool) {
	list := c.places()
	if len(list) == 1 {
		return list[0], true
	}
	for i, p := range list {
		c.say("%d %s.", i+1, typeset.Printable(p.name))
	}
	answer, ok := c.askLine(ctx, "Which one: ")
	if !ok || answer == "" {
		return matrixPlace{}, false
	}
	n, err := strconv.Atoi(strings.TrimSuffix(answer, "."))
	if err != nil || n < 1 || n > len(list) {
		c.say("%s is none of them: type a number from 1 to %d, then enter.", typeset.Cut(typeset.Printable(answer), 40), len(list))
		return matrixPlace{}, false
	}
	return list[n-1], true
}
