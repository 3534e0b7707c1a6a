package checks

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/run"
)

func passes(context.Context, Ask) Answer {
	return Answer{Result: run.Result{Status: run.Pass, Summary: "fine"}}
}

func TestValidateAll(t *testing.T) {
	if err := Validate(All()); err != nil {
		t.Error(err)
	}
	want := []string{
		"dns.config", "adba.site", "dns.srv", "dns.address", "tcp.connect", "tcp.alive",
		"rpc.bind", "kms.request", "kms.count", "kms.clock", "kms.identity", "client.license",
	}
	var ids []string
	for _, c := range All() {
		ids = append(ids, c.ID)
		if c.Slow == "" && c.Timeout > 3e9 {
			t.Errorf("%s may take %s and has nothing to say meanwhile", c.ID, c.Timeout)
		}
	}
	if !slices.Equal(ids, want) {
		t.Errorf("checks %q, want %q", ids, want)
	}
}

func TestValidateRefuses(t *testing.T) {
	good := func(id string) *Check {
		return &Check{ID: id, Title: "it is so", Group: Reach, Scope: run.Host, Run: passes}
	}
	with := func(c *Check, f func(*Check)) *Check { f(c); return c }
	a, b := good("a"), good("b")
	a.Needs, b.After = []*Check{b}, []*Check{a}
	for want, plan := range map[string][]*Check{
		"no title":             {with(good("x"), func(c *Check) { c.Title = " " })},
		"nothing to run":       {with(good("x"), func(c *Check) { c.Run = nil })},
		"unknown scope":        {with(good("x"), func(c *Check) { c.Scope = "planet" })},
		"unknown group":        {with(good("x"), func(c *Check) { c.Group = "" })},
		"has no id":            {good("")},
		"two checks have this": {good("x"), good("x")},
		"a > b > a":            {a},
		"is deeper than": {with(good("x"), func(c *Check) {
			c.Needs = []*Check{with(good("y"), func(c *Check) { c.Scope = run.Endpoint })}
		})},
	} {
		if err := Validate(plan); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

func TestFindChecks(t *testing.T) {
	if err := FindChecks(All(), []string{"dns.srv", "kms.count"}); err != nil {
		t.Error(err)
	}
	for id, near := range map[string]string{
		"tcp.conect": "tcp.connect", "srv": "dns.srv", "KMS.COUNT": "kms.count", "rpc": "rpc.bind", "rpc.bnid": "rpc.bind",
	} {
		var unknown *UnknownCheckError
		if err := FindChecks(All(), []string{id}); !errors.As(err, &unknown) || !slices.Contains(unknown.Near, near) {
			t.Errorf("%s: error %v, want it to suggest %s", id, err, near)
		}
	}
	err := FindChecks(All(), []string{strings.Repeat("x", 5000)})
	if err == nil || strings.Contains(err.Error(), "did you mean") || len(err.Error()) > 200 {
		t.Errorf("error %v for an id that resembles none", err)
	}
}
