package checks

import (
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
	"github.com/kmsdiag/kmsdiag/run"
)

func TestHealthyHost(t *testing.T) {
	verifyNoLeak(t)
	h := &testHost{group: 0x12345678}
	address := h.start(t)
	w := walk(t.Context(), testEnv(), address)

	w.expect(t, "tcp.connect", run.Pass, "open")
	w.expect(t, "rpc.bind", run.Pass, "NDR64, fragment 5840")
	w.expect(t, "kms.request", run.Pass, "V6, served, count 50")
	w.expect(t, "kms.count", run.Pass, "50 with this probe (a full list); clients need 25, servers 5")
	w.expect(t, "kms.clock", run.Pass, "within 4 h")
	w.expect(t, "kms.identity", run.Pass, "Server 2022")
	if _, ran := w["tcp.alive"]; ran {
		t.Error("tcp.alive ran although the port is open")
	}
	if h.conns != 1 || h.binds != 1 || len(h.requests) != 1 {
		t.Errorf("%d connections, %d binds, %d requests; want one each", h.conns, h.binds, len(h.requests))
	}
	q := h.requests[0]
	if q.CMID != kms.ProbeCMID || q.Workstation != "PC-0417" || q.NPolicy != 25 || q.Version != kms.V6 || !q.PreviousCMID.IsZero() {
		t.Errorf("request %+v", q)
	}

	e := w["kms.request"].Evidence.Exchanges[0]
	if e.Outcome != evidence.Served || !e.Probe || e.Second || e.Closed || e.SameIV || e.Syntax != "NDR64" || e.Group != 0x12345678 ||
		e.Version != "6.0" || e.Wanted != "6.0" || e.Count != 50 || e.ActivationInterval != 120 || e.RenewalInterval != 10080 ||
		e.EPID != testEPID || e.HwID != "0102030405060708" || e.CMID != kms.ProbeCMID.String() || e.Workstation != "PC-0417" ||
		e.Application != catalog.WindowsAppID || e.CountedID != catalog.DefaultClient().Product.Group.CountedID ||
		e.ActivationID != catalog.DefaultClient().Product.ActivationID || e.NPolicy != 25 || e.LicenseStatus != 2 || e.MinutesLeft != 43200 {
		t.Errorf("exchange %+v", e)
	}
	if e.Address.String() != address || !e.Client.IsValid() || e.Host != "kms01.corp.example" || e.Domain != "corp.example" ||
		e.Connect <= 0 || e.BindTook <= 0 || e.Took <= 0 || e.SentAt.IsZero() || e.ClientTime.Sub(e.SentAt).Abs() > time.Second {
		t.Errorf("circumstances of the exchange %+v", e)
	}
	if len(e.Failed) != 0 || len(e.Verified) < 9 || !strings.Contains(strings.Join(e.Verified, " "), string(kms.CheckHMAC)) {
		t.Errorf("verified %q, failed %q", e.Verified, e.Failed)
	}
	b := w["rpc.bind"].Evidence.Binds[0]
	if b.Outcome != evidence.BindAccepted || b.Syntax != "NDR64" || len(b.Accepted) != 1 || b.Features != 3 || b.MaxXmit != 5840 ||
		b.Group != 0x12345678 || b.Took <= 0 || b.Connect <= 0 || b.Origin.Check != "rpc.bind" {
		t.Errorf("bind %+v", b)
	}
	d := w["tcp.connect"].Evidence.Dials[0]
	if d.Outcome != evidence.Open || d.Purpose != evidence.DialKMS || len(d.Tries) != 1 || !d.Local.IsValid() || d.Tries[0].Started.Location() != time.UTC {
		t.Errorf("dial %+v", d)
	}
}

func TestNoRequest(t *testing.T) {
	h := &testHost{}
	env := testEnv()
	env.Target.NoRequest = true
	w := walk(t.Context(), env, h.start(t))
	w.expect(t, "rpc.bind", run.Pass, "NDR64")
	for _, id := range []string{"kms.request", "kms.count", "kms.clock", "kms.identity"} {
		if r, ran := w[id]; ran {
			t.Errorf("%s ran: %+v", id, r)
		}
	}
	if len(h.requests) != 0 {
		t.Errorf("%d requests", len(h.requests))
	}
}

// refuse answers with one code, until a request fits.
func refuse(code kms.HRESULT, unless func(kms.Request) bool) func(*kms.OpenedRequest) (kms.Response, kms.HRESULT) {
	return func(q *kms.OpenedRequest) (kms.Response, kms.HRESULT) {
		if unless(q.Request) {
			return answerTo(q, 12), kms.OK
		}
		return kms.Response{}, code
	}
}

func never(kms.Request) bool { return false }

func TestRefusals(t *testing.T) {
	windows7, _ := catalog.ReleaseByID("windows-7")
	for _, tt := range []struct {
		name     string
		product  catalog.Product
		host     *testHost
		summary  string
		versions []kms.Version // of the requests, in order
		second   bool
		served   bool // the last exchange was
	}{
		{
			"clock",
			catalog.Product{},
			&testHost{verdict: refuse(kms.ErrTimestamp, never)},
			"V6, refused with 0xC004F06C SL_E_VL_INVALID_TIMESTAMP",
			[]kms.Version{kms.V6},
			false, false,
		},
		{
			"V5 host",
			catalog.Product{},
			&testHost{verdict: refuse(kms.ErrInvalidData, func(q kms.Request) bool { return q.Version == kms.V5 })},
			"answers only V5",
			[]kms.Version{kms.V6, kms.V5},
			false, true,
		},
		{
			"V4 host",
			catalog.Product{},
			&testHost{verdict: refuse(kms.ErrInvalidData, func(q kms.Request) bool { return q.Version == kms.V4 })},
			"answers only V4",
			[]kms.Version{kms.V6, kms.V5, kms.V4},
			false, true,
		},
		{
			"V4 host that closes",
			catalog.Product{},
			&testHost{closes: true, verdict: refuse(kms.ErrInvalidData, func(q kms.Request) bool { return q.Version == kms.V4 })},
			"answers only V4",
			[]kms.Version{kms.V6, kms.V5, kms.V4},
			false, true,
		},
		{
			"no version at all",
			catalog.Product{},
			&testHost{verdict: refuse(kms.ErrInvalidData, never)},
			"V6, refused with 0x8007000D",
			[]kms.Version{kms.V6, kms.V5, kms.V4},
			false, false,
		},
		{
			"a V4 product has no lower version", windows7.Default().Product, &testHost{verdict: refuse(kms.ErrInvalidData, never)},
			"V4, refused with 0x8007000D",
			[]kms.Version{kms.V4},
			false, false,
		},
		{"key too old", catalog.Product{}, &testHost{verdict: refuse(kms.ErrKeyMismatch, func(q kms.Request) bool {
			return q.CountedID.String() != catalog.DefaultClient().Product.Group.CountedID
		})}, "0xC004F042 SL_E_VL_KEY_MANAGEMENT_SERVICE_ID_MISMATCH; serves ", nil, true, true},
		{"no Windows key", catalog.Product{}, &testHost{verdict: refuse(kms.ErrKeyMismatch, never)}, "; refuses ", nil, true, false},
		{"another code to the second", catalog.Product{}, &testHost{verdict: func(q *kms.OpenedRequest) (kms.Response, kms.HRESULT) {
			if q.CountedID.String() == catalog.DefaultClient().Product.Group.CountedID {
				return kms.Response{}, kms.ErrKeyMismatch
			}
			return kms.Response{}, kms.ErrHostNotActivated
		}}, "0xC004F041", nil, true, false},
		{
			"an unknown code",
			catalog.Product{},
			&testHost{verdict: refuse(0xC0DEC0DE, never)},
			"refused with 0xC0DEC0DE",
			[]kms.Version{kms.V6},
			false, false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			verifyNoLeak(t)
			env := testEnv()
			env.Product = tt.product
			w := walk(t.Context(), env, tt.host.start(t))
			r := w["kms.request"]
			w.expect(t, "kms.request", run.Fail, tt.summary)
			exchanges := r.Evidence.Exchanges
			want := len(tt.versions)
			if tt.second {
				want = 2
				second := exchanges[len(exchanges)-1]
				if !second.Second || exchanges[0].Second || second.NPolicy > exchanges[0].NPolicy && second.Application == exchanges[0].Application {
					t.Errorf("second request %+v", second)
				}
			}
			if len(exchanges) != want || len(tt.host.requests) != want {
				t.Fatalf("%d exchanges, %d requests, want %d", len(exchanges), len(tt.host.requests), want)
			}
			for i, v := range tt.versions {
				if tt.host.requests[i].Version != v || exchanges[i].Version != v.String() {
					t.Errorf("request %d in %s, noted as %s, want %s", i, tt.host.requests[i].Version, exchanges[i].Version, v)
				}
			}
			for _, q := range tt.host.requests {
				if q.CMID != kms.ProbeCMID || q.Workstation != "PC-0417" {
					t.Errorf("request under %s from %q", q.CMID, q.Workstation)
				}
			}
			if last := exchanges[len(exchanges)-1]; (last.Outcome == evidence.Served) != tt.served {
				t.Errorf("last exchange %s", last.Outcome)
			}
			if _, ran := w["kms.count"]; ran {
				t.Error("kms.count ran after a refusal")
			}
			if tt.name == "clock" {
				w.expect(t, "kms.clock", run.Fail, "differ by more than 4 h")
			}
		})
	}
}

func TestUnverifiedAnswer(t *testing.T) {
	other, err := kms.ParseGUID("11111111-2222-3333-4444-555555555555")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		host    *testHost
		summary string
		check   kms.CheckID
	}{
		{
			"a flipped bit", &testHost{spoil: func(_ *kms.OpenedRequest, msg []byte) []byte { msg[60] ^= 1; return msg }},
			"V6, but the answer fails verification", kms.CheckHMAC,
		},
		{"another client's answer", &testHost{verdict: func(q *kms.OpenedRequest) (kms.Response, kms.HRESULT) {
			r := answerTo(q, 50)
			r.CMID = other
			return r, kms.OK
		}}, "fails verification: client machine id", kms.CheckCMIDMatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := walk(t.Context(), testEnv(), tt.host.start(t))
			w.expect(t, "kms.request", run.Fail, tt.summary)
			e := w["kms.request"].Evidence.Exchanges[0]
			if e.Outcome != evidence.Unverified || !strings.Contains(strings.Join(e.Failed, "\n"), string(tt.check)) {
				t.Errorf("%s: failed %q", e.Outcome, e.Failed)
			}
			if _, ran := w["kms.identity"]; !ran && e.EPID != "" {
				t.Error("kms.identity did not look at the answer")
			}
			if len(tt.host.requests) != 1 {
				t.Errorf("%d requests", len(tt.host.requests))
			}
		})
	}
}

func TestProductWithoutKnownID(t *testing.T) {
	h := &testHost{}
	env := testEnv()
	release, _ := catalog.ReleaseByID("server-2025")
	env.Product = release.Default().Product
	w := walk(t.Context(), env, h.start(t))
	w.expect(t, "kms.request", run.Skip, "not asked: the counted id")
	if len(h.requests) != 0 {
		t.Errorf("%d requests", len(h.requests))
	}
}

func TestNDR32AndEachVersion(t *testing.T) {
	for _, id := range []string{"windows-7", "windows-8", "server-2019", "office-2021", "office-2010"} {
		t.Run(id, func(t *testing.T) {
			release, ok := catalog.ReleaseByID(id)
			if !ok {
				t.Skip("no such release in the catalogue")
			}
			h := &testHost{syntax: dcerpc.NDR32}
			env := testEnv()
			env.Product = release.Default().Product
			w := walk(t.Context(), env, h.start(t))
			w.expect(t, "rpc.bind", run.Pass, "NDR32")
			w.expect(t, "kms.request", run.Pass, "served, count 50")
			if q := h.requests[0]; q.NPolicy != uint32(env.Product.Group.N) || q.Version.Major() != env.Product.Group.Major || q.AppID.String() != env.Product.Group.AppID {
				t.Errorf("request %+v", q)
			}
		})
	}
}

func TestMachineNameIsAskedOnce(t *testing.T) {
	asked := 0
	env := testEnv()
	env.Local = namedMachine{asked: &asked}
	h := &testHost{verdict: refuse(kms.ErrKeyMismatch, never)}
	walk(t.Context(), env, h.start(t))
	if asked != 1 || len(h.requests) != 2 {
		t.Errorf("the name was asked for %d times for %d requests", asked, len(h.requests))
	}
}
