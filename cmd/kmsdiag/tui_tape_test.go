//go:build !nolab

package main

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/run"
)

// TestTaped runs the checks over a simulated site and reads the handshake back.
func TestTaped(t *testing.T) {
	site, err := startSite(t.Context(), "healthy")
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	product, err := productToAsk("")
	if err != nil {
		t.Fatal(err)
	}
	env := site.Env(checks.Env{Product: product})
	messages := taped(env)
	var endpoints []netip.AddrPort
	checks.Run(t.Context(), env, checks.All(), checks.Options{}, func(e run.Event) {
		if e.Found != nil && e.Found.Subject.Addr.IsValid() {
			endpoints = append(endpoints, e.Found.Subject.Addr)
		}
	})
	if len(endpoints) == 0 {
		t.Fatal("the run found no endpoint")
	}
	for _, e := range endpoints {
		var names []string
		sealed := 0
		for _, m := range messages(e) {
			names = append(names, m.Name)
			for _, f := range m.Fields {
				if f.Sealed && f.To > f.From && len(m.Clear) == len(m.Bytes) {
					sealed++
				}
			}
		}
		if got := strings.Join(names, ", "); got != "BIND, BIND_ACK, KMS REQUEST, KMS RESPONSE" {
			t.Errorf("%s: %s", e, got)
		}
		if sealed < 20 {
			t.Errorf("%s: %d sealed fields were opened", e, sealed)
		}
	}
}
