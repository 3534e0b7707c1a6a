package report

import (
	"testing"

	"github.com/kmsdiag/kmsdiag/run"
)

func TestRowsNameTheirSubject(t *testing.T) {
	other := endpoint(host1, "[2001:db8::5]:1688")
	literal := endpoint(run.Subject{Key: "192.0.2.9", Host: "192.0.2.9"}, "192.0.2.9:1688")
	for _, c := range []struct {
		name   string
		plan   run.Plan
		found  []run.Subject
		result run.Result
		want   string
	}{
		{"endpoint", run.Plan{}, []run.Subject{end1}, run.Result{Check: "rpc.bind", Subject: end1, Summary: "NDR64"}, "kms01 NDR64"},
		{"connection", run.Plan{}, []run.Subject{end1}, run.Result{Check: "tcp.connect", Subject: end1, Summary: "open"}, "kms01 192.0.2.5:1688 open"},
		{"one of two addresses", run.Plan{}, []run.Subject{end1, other}, run.Result{Check: "rpc.bind", Subject: other, Summary: "NDR64"}, "kms01 [2001:db8::5]:1688 NDR64"},
		{"address without a name", run.Plan{}, nil, run.Result{Check: "rpc.bind", Subject: literal, Summary: "NDR64"}, "192.0.2.9:1688 NDR64"},
		{"host", run.Plan{}, nil, run.Result{Check: "dns.address", Subject: host1, Summary: "192.0.2.5"}, "kms01 192.0.2.5"},
		{"summary names the host", run.Plan{}, nil, run.Result{Subject: host1, Summary: "kms01.corp.example is 192.0.2.5"}, "kms01.corp.example is 192.0.2.5"},
		{"several targets", run.Plan{Target: run.Target{Names: []string{"a.example", "b.example"}}}, nil, run.Result{Subject: host1, Summary: "192.0.2.5"}, "kms01.corp.example 192.0.2.5"},
		{"domain", run.Plan{}, nil, run.Result{Subject: domain, Summary: "no record"}, "corp.example no record"},
		{"summary names the domain", run.Plan{}, nil, run.Result{Subject: domain, Summary: "2 records at _vlmcs._tcp.corp.example"}, "2 records at _vlmcs._tcp.corp.example"},
		{"site", run.Plan{}, nil, run.Result{Subject: site, Summary: "fine"}, "fine"},
		{"skip", run.Plan{}, nil, run.Result{Subject: domain, Status: run.Skip, Summary: "not run: corp.example"}, "corp.example not run: corp.example"},
		{"ignored", run.Plan{}, nil, run.Result{Subject: host1, Summary: "x", Ignored: true}, "kms01 x (ignored)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewNames(&c.plan)
			for _, sub := range c.found {
				s.Found(sub)
			}
			if got := s.Row(c.result); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
