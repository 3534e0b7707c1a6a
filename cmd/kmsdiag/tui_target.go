package main

import (
	"context"
	"errors"
	"strings"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/run"
	"github.com/kmsdiag/kmsdiag/tui"
)

// parseForm makes a target of what was typed in the target form. Each field goes
// through the parser of its flag alone, so that an error has its place.
func parseForm(form tui.TargetForm) (run.Target, error) {
	words := func(text string) []string {
		return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '\t' })
	}
	family := checks.TargetFlags{Only4: form.Family == 4, Only6: form.Family == 6}
	t := run.Target{Family: form.Family, NoRequest: form.NoRequest, Product: form.Product}
	for _, field := range []struct {
		name, flag string
		fill       func(*checks.TargetFlags)
		take       func(run.Target)
	}{
		{"domain", "--domain", func(f *checks.TargetFlags) { f.Domains = words(form.Domain) }, func(one run.Target) { t.Domains = one.Domains }},
		{"host", "--host", func(f *checks.TargetFlags) { f.Hosts = words(form.Host) }, func(one run.Target) { t.Hosts = one.Hosts }},
		{"resolver", "--dns", func(f *checks.TargetFlags) { f.DNS = words(form.Resolver) }, func(one run.Target) { t.Resolvers = one.Resolvers }},
	} {
		flags := family
		field.fill(&flags)
		one, err := parseTarget(nil, flags)
		if err != nil {
			return run.Target{}, &tui.FieldError{Field: field.name, Err: errors.New(formWords.Replace(strings.TrimPrefix(err.Error(), field.flag+" ")))}
		}
		field.take(one)
	}
	if _, err := productToAsk(form.Product); err != nil {
		text := strings.TrimPrefix(err.Error(), "--product "+form.Product+": ")
		return run.Target{}, &tui.FieldError{Field: "product", Err: errors.New(text)}
	}
	return t, nil
}

// formWords say in terms of the form what errors say in terms of flags.
var formWords = strings.NewReplacer("and -4 leaves those out", "and IPv4 alone was chosen", "and -6 leaves those out", "and IPv6 alone was chosen")

// worldOf is the environment of a run that the interactive program asks for.
func worldOf(env *checks.Env, ask tui.Request) (*checks.Env, error) {
	world := *env
	world.Target = ask.Target
	world.Target.NoRequest = ask.NoRequest
	if ask.Target.Product != env.Target.Product {
		product, err := productToAsk(ask.Target.Product)
		if err != nil {
			return nil, err
		}
		world.Product = product
	}
	return &world, nil
}

// announced says what a run would send. The run is stopped at its plan, before
// any check began.
func announced(ctx context.Context, world *checks.Env) []string {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var sends []string
	checks.Run(ctx, world, checks.Planned(world), checks.Options{}, func(e run.Event) {
		if e.Plan != nil {
			sends = e.Plan.Sends
			stop()
		}
	})
	return sends
}
