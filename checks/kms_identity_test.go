package checks

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// identify judges answers as kms.identity does after a bind.
func identify(bind evidence.Bind, answers ...evidence.Exchange) run.Result {
	env := &Env{Now: func() time.Time { return time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) }}
	w := walked{
		"rpc.bind":    {Evidence: evidence.Set{Binds: []evidence.Bind{bind}}},
		"kms.request": {Evidence: evidence.Set{Exchanges: answers}},
	}
	ask := Ask{Env: env, Prior: w, Subject: run.Subject{Kind: run.Endpoint}}
	if !KMSIdentity.When(ask) {
		return run.Result{}
	}
	return KMSIdentity.Run(context.TODO(), ask).Result
}

var ndr64Bind = evidence.Bind{Outcome: evidence.BindAccepted, Accepted: []string{"NDR64"}}

func TestIdentity(t *testing.T) {
	served := func(change func(*evidence.Exchange)) evidence.Exchange {
		e := evidence.Exchange{Outcome: evidence.Served, Probe: true, Application: catalog.WindowsAppID, Count: 50, EPID: testEPID, HwID: "0102030405060708"}
		change(&e)
		return e
	}
	same := func(*evidence.Exchange) {}
	for _, tt := range []struct {
		name    string
		bind    evidence.Bind
		answers []evidence.Exchange
		status  run.Status
		summary string
		notes   []string // that must be there
		absent  []string
	}{
		{"Microsoft's", ndr64Bind, []evidence.Exchange{served(same)}, run.Pass, "Server 2022", []string{"key-activates", "identity-date"}, []string{"signs-prove-nothing", "sign-"}},
		{"one sign", ndr64Bind, []evidence.Exchange{served(func(e *evidence.Exchange) { e.Closed = true })}, run.Pass, "Server 2022", []string{"sign-closed", "signs-prove-nothing"}, nil},
		{"two signs", ndr64Bind, []evidence.Exchange{served(func(e *evidence.Exchange) { e.SameIV, e.HwID = true, "3A1C049600B60076" })}, run.Warn, "2 signs", []string{"sign-same-iv", "sign-fixed-hwid", "signs-prove-nothing"}, nil},
		{"fixed group and NDR64 refused", evidence.Bind{Outcome: evidence.BindAccepted, Accepted: []string{"NDR32"}, Group: 0x1063BF3F}, []evidence.Exchange{served(same)}, run.Warn, "2 signs", []string{"sign-fixed-group", "sign-ndr64-refused"}, nil},
		{"a 32-bit host", evidence.Bind{Outcome: evidence.BindAccepted, Accepted: []string{"NDR32"}}, []evidence.Exchange{served(same)}, run.Pass, "Server 2022", []string{"sign-ndr64-refused"}, nil},
		{"ePID changes", ndr64Bind, []evidence.Exchange{served(same), served(func(e *evidence.Exchange) { e.EPID = strings.Replace(testEPID, "000001", "000002", 1) })}, run.Pass, "Server 2022", []string{"sign-epid-changes"}, nil},
		{"two applications, two ePIDs", ndr64Bind, []evidence.Exchange{served(same), served(func(e *evidence.Exchange) {
			e.Application, e.EPID, e.Count = catalog.OfficeAppID, "03612-00206-437-000000-03-1033-20348.0000-0842022", 10
		})}, run.Pass, "Server 2022", nil, []string{"sign-"}},
		{"too many", ndr64Bind, []evidence.Exchange{served(func(e *evidence.Exchange) { e.Count = 1000 })}, run.Pass, "Server 2022", []string{"sign-count-over-ceiling"}, nil},
		{"contradictions", ndr64Bind, []evidence.Exchange{served(func(e *evidence.Exchange) { e.EPID = "06401-04573-000-000001-02-1033-20348.0000-0002022" })}, run.Warn, "3 signs", []string{catalog.EpidDay, catalog.EpidChannel, catalog.EpidPlatformBuild}, nil},
		{"an unknown key alone", ndr64Bind, []evidence.Exchange{served(func(e *evidence.Exchange) { e.EPID = "03612-09999-000-000001-03-1033-20348.0000-0842022" })}, run.Pass, "an unknown host key", []string{catalog.EpidUnknownGroup}, []string{"signs-prove-nothing"}},
		{"no ePID form", ndr64Bind, []evidence.Exchange{served(func(e *evidence.Exchange) { e.EPID = "hello\x1b[31m" })}, run.Warn, "not the usual form", []string{"epid-form"}, nil},
		{"an empty ePID", ndr64Bind, []evidence.Exchange{served(func(e *evidence.Exchange) { e.EPID = "" })}, run.Warn, "gives no ePID", []string{"epid-form"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := identify(tt.bind, tt.answers...)
			if r.Status != tt.status || !strings.Contains(r.Summary, tt.summary) {
				t.Errorf("%s %q, want %s %q", r.Status, r.Summary, tt.status, tt.summary)
			}
			text := fmt.Sprint(r.Notes)
			for _, want := range tt.notes {
				level := run.Pass
				if strings.HasPrefix(want, "sign-") || strings.HasPrefix(want, "epid-") {
					level = tt.status // where the result warns, each sign is named
				}
				if !hasNote(r, want, level) {
					t.Errorf("no note %s %s in %s", want, level, text)
				}
			}
			for _, no := range tt.absent {
				if strings.Contains(text, "{"+no) {
					t.Errorf("note %s in %s", no, text)
				}
			}
			if strings.Contains(text+r.Summary, "\x1b") {
				t.Error("an escape sequence got through")
			}
			t.Log(r.Summary, r.Notes)
		})
	}
}

func TestIdentityNeedsAnEPID(t *testing.T) {
	if r := identify(ndr64Bind, evidence.Exchange{Outcome: evidence.HostRefused, HRESULT: uint32(kms.ErrKeyMismatch)}); r.Status != "" {
		t.Errorf("%+v", r)
	}
}

// TestUnverifiedIdentity shows that an answer that fails verification is looked
// at all the same.
func TestUnverifiedIdentity(t *testing.T) {
	h := &testHost{closes: true, sameIV: true, group: 0x1063BF3F, verdict: func(q *kms.OpenedRequest) (kms.Response, kms.HRESULT) {
		r := answerTo(q, 1000)
		r.ClientTime++
		return r, kms.OK
	}}
	w := walk(t.Context(), testEnv(), h.start(t))
	w.expect(t, "kms.request", run.Fail, "fails verification: client time")
	w.expect(t, "kms.identity", run.Warn, "4 signs that the answer is not a Microsoft host's")
	if e := w["kms.request"].Evidence.Exchanges[0]; !e.Closed || !e.SameIV {
		t.Errorf("%+v", e)
	}
}
