package checks_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/internal/lab"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// blamed are the causes that are found or possible.
func blamed(set *evidence.Set) []string {
	ids := []string{}
	for _, c := range diagnose.Diagnose(set) {
		if c.Verdict == diagnose.Found || c.Verdict == diagnose.Possible {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// blamesNobody holds that a matrix of a healthy host blames it for nothing that its
// key does not cover, and is not saved with what it learned.
func blamesNobody(t *testing.T, m run.Matrix) {
	t.Helper()
	if ids := blamed(&m.Learned); len(ids) > 0 {
		t.Errorf("causes %q", ids)
	}
	if n := len(m.Learned.Exchanges); n > 4 || (n == 0) != (m.Counts[run.MatrixServed] == 0) {
		t.Errorf("%d exchanges", n)
	}
	if text, err := json.Marshal(m); err != nil || strings.Contains(string(text), "exchanges") {
		t.Errorf("the observations are saved with the matrix (%v)", err)
	}
}

// What a host has wrong shows in what the matrix hands on.
func TestMatrixIsEvidence(t *testing.T) {
	full := lab.List{Clients: 400, LargestN: 25}
	for name, c := range map[string]struct {
		host lab.KMS
		want string
	}{
		"few clients":     {lab.KMS{Keys: []string{"server-2022"}, EPID: epid2022, Windows: lab.List{Clients: 11, LargestN: 25}}, "count-below-threshold"},
		"few with Office": {lab.KMS{Keys: []string{"server-2022", "office-2021"}, EPID: epid2022, Windows: full, Office: lab.List{Clients: 2, LargestN: 5}}, "count-below-threshold"},
		"not activated":   {lab.KMS{HRESULT: kms.ErrHostNotActivated}, "kms-host-not-activated"},
		"wrong answers":   {lab.KMS{Manner: lab.Manner{AnyProduct: true}, Fault: lab.WrongTime}, "emulator-server-fault"},
	} {
		_, env := labHost(t, c.host)
		m := askLab(t, env)
		if ids := blamed(&m.Learned); !slices.Contains(ids, c.want) {
			t.Errorf("%s: %q, want %s", name, ids, c.want)
		}
	}
}

// Where a run met a refusal, what the matrix learned settles why.
func TestMatrixSettlesARefusal(t *testing.T) {
	_, env := labHost(t, lab.KMS{Keys: []string{"server-2012-r2"}, EPID: epid2012R2, Windows: lab.List{Clients: 400, LargestN: 25}})
	var refused evidence.Set
	checks.Run(t.Context(), env, checks.All(), checks.Options{}, func(e run.Event) {
		if e.Finished != nil {
			refused.Add(e.Finished.Evidence)
		}
	})
	refused.Exchanges = slices.DeleteFunc(refused.Exchanges, func(x evidence.Exchange) bool { return x.Outcome != evidence.HostRefused || x.Second })
	verdict := func(set *evidence.Set) diagnose.Verdict {
		causes := diagnose.Diagnose(set)
		return causes[slices.IndexFunc(causes, func(c diagnose.Cause) bool { return c.ID == "host-key-too-old-for-client" })].Verdict
	}
	if v := verdict(&refused); len(refused.Exchanges) == 0 || v != diagnose.Possible {
		t.Errorf("the refusal alone, %d of them: %s", len(refused.Exchanges), v)
	}
	refused.Add(askLab(t, env).Learned)
	if v := verdict(&refused); v != diagnose.Found {
		t.Errorf("with the matrix: %s", v)
	}
}
