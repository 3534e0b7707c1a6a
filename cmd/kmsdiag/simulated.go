package main

import (
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// simulated says in every format that the run is no real one.
type simulated struct {
	report.Renderer
	scenario string
}

// Event passes an event on.
func (s simulated) Event(e run.Event) error {
	return s.Renderer.Event(marked(s.scenario, e))
}

// saidSimulated is the same for whoever takes events by a function.
func saidSimulated(scenario string, emit func(run.Event)) func(run.Event) {
	return func(e run.Event) { emit(marked(scenario, e)) }
}

func marked(scenario string, e run.Event) run.Event {
	if e.Plan != nil {
		plan := *e.Plan
		plan.Title = "SIMULATION " + scenario + ": " + plan.Title
		e.Plan = &plan
	}
	return e
}
