//go:build ignore

// Record writes the capability matrices that the tests of package tui replay: what
// kms01 of some scenarios of the lab serves, asked at a fixed time of day.
//
//	go run ./tui/testdata/matrix/record.go
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/internal/lab"
	"github.com/kmsdiag/kmsdiag/run"
)

func main() {
	for _, name := range []string{"one-of-two-ill", "host-key-too-old", "count-too-low", "port-refused"} {
		if err := record(context.Background(), name); err != nil {
			fmt.Fprintln(os.Stderr, "record:", name+":", err)
			os.Exit(1)
		}
	}
}

func record(ctx context.Context, name string) error {
	s, _ := lab.Named(name)
	began, start := time.Date(2026, 11, 23, 12, 4, 15, 0, time.UTC), time.Now()
	s.Now = func() time.Time { return began.Add(time.Since(start)) }
	site, err := lab.Start(ctx, s)
	if err != nil {
		return err
	}
	defer site.Close()
	env := site.Env(checks.Env{Version: "1.0.0"})
	plan := checks.MatrixPlan(ctx, env, checks.MatrixOptions{Endpoints: []run.MatrixEndpoint{
		{Host: "kms01.corp.example", Domain: "corp.example", Address: netip.MustParseAddrPort("192.0.2.5:1688")},
	}})
	var lines bytes.Buffer
	out := json.NewEncoder(&lines)
	var failed error
	checks.Matrix(ctx, env, plan, func(e run.MatrixEvent) {
		if err := out.Encode(e); err != nil {
			failed = err
		}
	})
	if failed != nil {
		return failed
	}
	return os.WriteFile(filepath.Join("tui", "testdata", "matrix", name+".jsonl"), lines.Bytes(), 0o644)
}
