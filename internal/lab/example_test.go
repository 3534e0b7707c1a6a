package lab_test

import (
	"context"
	"fmt"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/internal/lab"
	"github.com/kmsdiag/kmsdiag/run"
)

func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	scenario, _ := lab.Named("no-srv")
	site, err := lab.Start(ctx, scenario)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer site.Close()

	env := site.Env(checks.Env{Product: catalog.DefaultClient().Product})
	check := func() {
		summary := checks.Run(ctx, env, checks.All(), checks.Options{}, func(run.Event) {})
		fmt.Println(summary.Worst, causes(summary))
	}
	check()
	if err := site.Heal(); err != nil {
		fmt.Println(err)
	}
	check()
	// Output:
	// fail [srv-record-missing]
	// pass []
}

func causes(s run.Summary) (ids []string) {
	for _, c := range s.Causes {
		ids = append(ids, c.ID)
	}
	return ids
}
