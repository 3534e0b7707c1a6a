//go:build ignore

// Record writes the runs that the golden tests of package report replay: each
// scenario of the lab, checked by the real checks at a fixed time of day.
//
//	go run ./report/testdata/record.go
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/internal/lab"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

func main() {
	for _, s := range lab.Scenarios() {
		if err := record(context.Background(), s); err != nil {
			fmt.Fprintln(os.Stderr, "record:", s.Name+":", err)
			os.Exit(1)
		}
	}
}

func record(ctx context.Context, s lab.Scenario) error {
	began, start := time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC), time.Now()
	s.Now = func() time.Time { return began.Add(time.Since(start)) }
	site, err := lab.Start(ctx, s)
	if err != nil {
		return err
	}
	defer site.Close()
	product := catalog.DefaultClient().Product
	product.Name = catalog.DefaultClient().Name()
	env := site.Env(checks.Env{Product: product, Version: "1.0.0"})
	var lines bytes.Buffer
	out := report.JSONL(&lines)
	var failed error
	checks.Run(ctx, env, checks.All(), checks.Options{}, func(e run.Event) {
		if err := out.Event(e); err != nil {
			failed = err
		}
	})
	if failed != nil {
		return failed
	}
	return os.WriteFile(filepath.Join("report", "testdata", s.Name+".jsonl"), lines.Bytes(), 0o644)
}
