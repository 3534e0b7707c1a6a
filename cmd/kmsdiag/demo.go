//go:build !nolab

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/internal/lab"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// shownFirst is the scenario of a demo without a name.
const shownFirst = "one-of-two-ill"

const demoLong = `Demo runs a check against a simulated site: name servers and KMS hosts with faults,
on this machine's loopback. The checks are the real ones; nothing leaves the
machine, and nothing is activated.

With a name the exit code is that of the check. Without one it is 0, whatever the
check finds.`

func (a *app) newDemo() *cobra.Command {
	var o outputOptions
	var list bool
	cmd := &cobra.Command{
		Use:   "demo [SCENARIO]",
		Short: "A check of a simulated site",
		Long:  demoLong,
		Example: `  kmsdiag demo
  kmsdiag demo --list
  kmsdiag demo count-too-low -o short`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case list:
				return a.listScenarios(o.format)
			case len(args) > 1:
				return usagef("demo takes one scenario, and got %d", len(args))
			case len(args) == 1:
				return a.demo(cmd.Context(), o, args[0])
			}
			if err := a.demo(cmd.Context(), o, shownFirst); err != nil {
				return err
			}
			if a.code != exitStopped {
				a.code = exitOK
			}
			a.say("\nThis was the scenario %s. Others, with kmsdiag demo NAME: %s.", shownFirst, strings.Join(otherScenarios(), ", "))
			return nil
		},
	}
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return append(otherScenarios(), shownFirst), cobra.ShellCompDirectiveNoFileComp
	}
	cmd.Flags().SortFlags = false
	o.add(cmd)
	cmd.Flags().BoolVar(&list, "list", false, "list the scenarios and do nothing")
	return cmd
}

// demo checks a simulated site.
func (a *app) demo(ctx context.Context, o outputOptions, name string) error {
	scenario, ok := lab.Named(name)
	if !ok {
		names := append(otherScenarios(), shownFirst)
		if near := nearest(name, names); near != "" {
			return usagef("no scenario is called %q; did you mean %s?", name, near)
		}
		return usagef("no scenario is called %q; kmsdiag demo --list lists them", name)
	}
	site, err := lab.Start(ctx, scenario)
	if err != nil {
		return fmt.Errorf("starting the simulated site: %w", err)
	}
	defer site.Close()
	product, err := productToAsk("")
	if err != nil {
		return err
	}
	r, err := a.renderer(o, a.stdout)
	if err != nil {
		return err
	}
	env := site.Env(checks.Env{Product: product, Version: buildVersion()})
	done, err := a.debugging(env)
	defer done()
	if err != nil {
		return err
	}
	return a.checkOnce(ctx, env, checks.Options{}, o, simulated{r, scenario.Name})
}

// simulated says in every format that the run is no real one.
type simulated struct {
	report.Renderer
	scenario string
}

// Event passes an event on.
func (s simulated) Event(e run.Event) error {
	if e.Plan != nil {
		plan := *e.Plan
		plan.Title = "SIMULATION " + s.scenario + ": " + plan.Title
		e.Plan = &plan
	}
	return s.Renderer.Event(e)
}

func otherScenarios() []string {
	var names []string
	for _, s := range lab.Scenarios() {
		if s.Name != shownFirst {
			names = append(names, s.Name)
		}
	}
	return names
}

func (a *app) listScenarios(format string) error {
	l := report.NewListing("")
	for _, s := range lab.Scenarios() {
		l.Items = append(l.Items, report.Item{Type: "scenario", ID: s.Name, Title: s.Title})
	}
	return a.listing(l, format)
}
