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
	"github.com/kmsdiag/kmsdiag/tui"
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
	var list, onScreen bool
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
			case onScreen:
				name := shownFirst
				if len(args) == 1 {
					name = args[0]
				}
				if why := a.noScreen(); why != "" {
					a.say("kmsdiag: the interactive program needs a terminal, and %s; running kmsdiag demo %s instead", why, name)
					return a.demo(cmd.Context(), o, name)
				}
				return a.demoScreen(cmd.Context(), name)
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
	cmd.Flags().BoolVar(&onScreen, "tui", false, "the interactive program over the site; H repairs it")
	cmd.Flags().BoolVar(&list, "list", false, "list the scenarios and do nothing")
	return cmd
}

// startSite begins the simulation of a scenario.
func startSite(ctx context.Context, name string) (*lab.Site, error) {
	scenario, ok := lab.Named(name)
	if !ok {
		names := append(otherScenarios(), shownFirst)
		if near := nearest(name, names); near != "" {
			return nil, usagef("no scenario is called %q; did you mean %s?", name, near)
		}
		return nil, usagef("no scenario is called %q; kmsdiag demo --list lists them", name)
	}
	site, err := lab.Start(ctx, scenario)
	if err != nil {
		return nil, fmt.Errorf("starting the simulated site: %w", err)
	}
	return site, nil
}

// siteEnv is the world of a check of a simulated site. The returned function ends
// the log of --debug; it is to be called in any case.
func (a *app) siteEnv(site *lab.Site) (env *checks.Env, done func(), err error) {
	product, err := productToAsk("")
	if err != nil {
		return nil, func() {}, err
	}
	env = site.Env(checks.Env{Product: product, Version: buildVersion()})
	done, err = a.debugging(env)
	return env, done, err
}

// demoScreen opens the interactive program over a simulated site.
func (a *app) demoScreen(ctx context.Context, name string) error {
	site, err := startSite(ctx, name)
	if err != nil {
		return err
	}
	defer site.Close()
	env, done, err := a.siteEnv(site)
	defer done()
	if err != nil {
		return err
	}
	return a.screenProgram(ctx, env, tui.Services{Heal: site.Heal}, tui.Options{Simulated: name})
}

// demo checks a simulated site.
func (a *app) demo(ctx context.Context, o outputOptions, name string) error {
	site, err := startSite(ctx, name)
	if err != nil {
		return err
	}
	defer site.Close()
	r, err := a.renderer(o, a.stdout)
	if err != nil {
		return err
	}
	env, done, err := a.siteEnv(site)
	defer done()
	if err != nil {
		return err
	}
	return a.checkOnce(ctx, env, checks.Options{}, o, simulated{r, name})
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
