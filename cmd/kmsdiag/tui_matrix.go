package main

import (
	"context"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/run"
	"github.com/kmsdiag/kmsdiag/tui"
)

// matrixServices lets the interactive program ask a host which products it serves.
func matrixServices(env *checks.Env, svc *tui.Services) {
	svc.MatrixPlan = func(ctx context.Context, endpoints []run.MatrixEndpoint) run.MatrixPlan {
		return checks.MatrixPlan(ctx, env, checks.MatrixOptions{Endpoints: endpoints})
	}
	svc.Matrix = func(ctx context.Context, plan run.MatrixPlan, emit func(run.MatrixEvent)) {
		checks.Matrix(ctx, env, plan, emit)
	}
}
