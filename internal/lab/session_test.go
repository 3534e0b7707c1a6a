package lab

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// Every version in every encoding, one request and a second one on the same
// connection, in whole and in pieces: the client finds nothing wrong.
func TestServes(t *testing.T) {
	offers := map[string][]dcerpc.Syntax{
		"as Windows offers": nil,
		"NDR32 alone":       {dcerpc.SyntaxNDR32},
		"NDR64 alone":       {dcerpc.SyntaxNDR64},
	}
	ways := map[string]Way{
		"whole":        {},
		"byte by byte": {Piece: 1},
		"slow pieces":  {Piece: 50, Pause: time.Millisecond},
		"fragments":    {Fragment: 40},
		"both":         {Fragment: 16, Piece: 7},
	}
	for offer, syntaxes := range offers {
		for way, w := range ways {
			for _, v := range []kms.Version{kms.V4, kms.V5, kms.V6} {
				t.Run(fmt.Sprintf("%s/%s/%s", v, offer, way), func(t *testing.T) {
					t.Parallel()
					host := server2022()
					host.Way = w
					site := startKMS(t, host)
					c := dialKMS(t, site)
					c.Offer = syntaxes
					b, err := c.Bind(testContext(t))
					if err != nil {
						t.Fatal(err)
					}
					want := dcerpc.NDR64
					if len(syntaxes) == 1 {
						want = syntaxes[0].Encoding()
					}
					if b.Accepted != want {
						t.Errorf("encoding %s, want %s", b.Accepted, want)
					}
					for range 2 {
						x, err := c.Do(testContext(t), probe(t, "windows-11", v))
						if err != nil {
							t.Fatal(err)
						}
						checkServed(t, host, x)
						if w.Fragment > 0 && x.Fragments < 2 {
							t.Errorf("%d fragments", x.Fragments)
						}
					}
				})
			}
		}
	}
}

func checkServed(t *testing.T, host KMS, x kms.Exchange) {
	t.Helper()
	r := x.Response
	if r.EPID != host.EPID || r.Count != 50 || r.ActivationInterval != 120 || r.RenewalInterval != 10080 {
		t.Errorf("answer %+v", r.Response)
	}
	if r.Version == kms.V6 && r.HwID != host.HwID {
		t.Errorf("hardware id %s, want %s", r.HwID, host.HwID)
	}
	for _, c := range x.Verification() {
		if c.Status != kms.Passed {
			t.Errorf("%s: %s (%s)", c.ID, c.Status, c.Detail)
		}
	}
}

func TestEPIDNeedsPadding(t *testing.T) {
	// 98 bytes of ePID leave a V4 message two bytes short of a multiple of four.
	host := server2012R2()
	host.Keys = []string{"server-2022"}
	x, err := ask(t, startKMS(t, host), probe(t, "windows-11", kms.V4))
	if err != nil {
		t.Fatal(err)
	}
	if x.Response.EPID != host.EPID {
		t.Errorf("ePID %q", x.Response.EPID)
	}
}

func TestRefuses(t *testing.T) {
	tests := []struct {
		name    string
		host    func(*KMS)
		release string
		version kms.Version
		shift   time.Duration
		want    kms.HRESULT
	}{
		{name: "covered", release: "windows-11", want: kms.OK},
		{name: "old server", release: "server-2008-r2-c", version: kms.V4, want: kms.OK},
		{name: "Office with its key", release: "office-2019", want: kms.ErrKeyMismatch},
		{name: "Office 2021", release: "office-2021", want: kms.OK},
		{name: "newer than the key", release: "windows-11", host: func(k *KMS) { k.Keys = []string{"server-2012-r2"} }, want: kms.ErrKeyMismatch},
		{name: "as old as the key", release: "windows-8.1", host: func(k *KMS) { k.Keys = []string{"server-2012-r2"} }, want: kms.OK},
		{name: "Office key alone", release: "windows-11", host: func(k *KMS) { k.Keys = []string{"office-2021"} }, want: kms.ErrKeyMismatch},
		{name: "no key", release: "windows-11", host: func(k *KMS) { k.Keys = nil }, want: kms.ErrKeyMismatch},
		{name: "clock ahead within the limit", release: "windows-11", shift: 3 * time.Hour, want: kms.OK},
		{name: "clock ahead", release: "windows-11", shift: 5 * time.Hour, want: kms.ErrTimestamp},
		{name: "clock behind", release: "windows-11", shift: -5 * time.Hour, want: kms.ErrTimestamp},
		{name: "protocol too new", release: "windows-11", host: func(k *KMS) { k.Version = kms.V5 }, want: kms.ErrInvalidData},
		{name: "protocol old enough", release: "windows-11", version: kms.V5, host: func(k *KMS) { k.Version = kms.V5 }, want: kms.OK},
		{name: "host not activated", release: "windows-11", host: func(k *KMS) { k.HRESULT = kms.ErrHostNotActivated }, want: kms.ErrHostNotActivated},
		{name: "emulator serves anything", release: "office-2019", host: func(k *KMS) { k.Manner.AnyProduct = true }, want: kms.OK},
		{name: "emulator at any time", release: "windows-11", shift: 99 * time.Hour, host: func(k *KMS) { k.Manner.AnyTime = true }, want: kms.OK},
	}
	for _, tt := range tests {
		for _, only32 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/NDR32 %v", tt.name, only32), func(t *testing.T) {
				t.Parallel()
				host := server2022()
				host.OnlyNDR32 = only32
				if tt.host != nil {
					tt.host(&host)
				}
				version := tt.version
				if version == 0 {
					version = kms.V6
				}
				q := probe(t, tt.release, version)
				q.ClientTime = kms.FiletimeOf(time.Now().Add(tt.shift))
				x, err := ask(t, startKMS(t, host), q)
				var refused *kms.RefusedError
				if (tt.want == kms.OK) != (err == nil) || err != nil && !errors.As(err, &refused) {
					t.Fatalf("error %v", err)
				}
				if !x.Answered || x.HRESULT != tt.want {
					t.Errorf("answered %v with %s, want %s", x.Answered, x.HRESULT, tt.want)
				}
				if err != nil && x.Response != nil {
					t.Error("a refusal carries a message")
				}
			})
		}
	}
}

// A stranger gets no answer, whatever else is right about the request.
func TestAnswersTheProbeAlone(t *testing.T) {
	site := startKMS(t, emulated())
	q := probe(t, "windows-11", kms.V6)
	q.CMID[0] ^= 1
	_, err := ask(t, site, q)
	var broken *kms.TransportError
	if !errors.As(err, &broken) || !broken.Closed() {
		t.Fatalf("error %v, want a closed connection", err)
	}
	got := site.Requests()
	if len(got) != 1 || got[0].Answered || got[0].CMID != q.CMID.String() {
		t.Errorf("received %+v", got)
	}
}

func TestCount(t *testing.T) {
	type step struct {
		release string
		want    uint32
	}
	tests := []struct {
		name  string
		host  func(*KMS)
		steps []step
	}{
		{
			"the probe counts once", func(k *KMS) { k.Windows = List{Clients: 11, LargestN: 25} },
			[]step{{"windows-11", 12}, {"windows-11", 12}, {"server-2022", 12}},
		},
		{
			"one list an application", func(k *KMS) { k.Windows, k.Office = List{Clients: 3}, List{Clients: 2} },
			[]step{{"windows-11", 4}, {"office-2021", 3}},
		},
		{
			"the list holds twice N", func(k *KMS) { k.Windows = List{Clients: 80, LargestN: 5} },
			[]step{{"server-2022", 10}, {"windows-11", 50}, {"server-2022", 50}},
		},
		{
			"an emulator doubles N", func(k *KMS) { k.Manner.DoubleN = true },
			[]step{{"server-2022", 10}, {"windows-11", 50}},
		},
		{
			"an emulator says what it likes", func(k *KMS) { k.Manner.FixedCount = 1000 },
			[]step{{"windows-11", 1000}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host := server2022()
			tt.host(&host)
			site := startKMS(t, host)
			for i, s := range tt.steps {
				x, err := ask(t, site, probe(t, s.release, kms.V6))
				if err != nil {
					t.Fatal(err)
				}
				if x.Response.Count != s.want {
					t.Errorf("step %d, %s: count %d, want %d", i, s.release, x.Response.Count, s.want)
				}
			}
		})
	}
}

func TestEmulatorShowsItself(t *testing.T) {
	host := emulated()
	host.Fault = NoFault
	site := startKMS(t, host)
	c := dialKMS(t, site)
	b, err := c.Bind(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if b.AssocGroup != 0x1063BF3F || b.Accepted != dcerpc.NDR32 {
		t.Errorf("group %#x, %s", b.AssocGroup, b.Accepted)
	}
	x, err := c.Do(testContext(t), probe(t, "office-2024", kms.V6))
	if err != nil {
		t.Fatal(err)
	}
	if x.Response.IV != x.Request.IV || x.Response.HwID.String() != "3A1C049600B60076" || x.Response.Count != 1000 {
		t.Errorf("IV %x for %x, hardware id %s, count %d", x.Response.IV, x.Request.IV, x.Response.HwID, x.Response.Count)
	}
	if !c.WaitClose(testContext(t)) {
		t.Error("the connection stays open")
	}
}

// A Microsoft host takes a new IV and keeps the connection.
func TestMicrosoftHostDoesNot(t *testing.T) {
	site := startKMS(t, server2022())
	c := dialKMS(t, site)
	if _, err := c.Bind(testContext(t)); err != nil {
		t.Fatal(err)
	}
	x, err := c.Do(testContext(t), probe(t, "windows-11", kms.V6))
	if err != nil {
		t.Fatal(err)
	}
	if x.Response.IV == x.Request.IV {
		t.Error("the request's IV is reused")
	}
	short, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	if c.WaitClose(short) {
		t.Error("the connection is closed after the answer")
	}
}

func TestBindFeatures(t *testing.T) {
	for _, tt := range []struct {
		refuse bool
		want   int
	}{{false, 3}, {true, -1}} {
		host := server2022()
		host.NoBTFN = tt.refuse
		b, err := dialKMS(t, startKMS(t, host)).Bind(testContext(t))
		if err != nil || b.Features != tt.want || b.SecondaryAddress != "1688" || b.MaxRecv != 5840 {
			t.Errorf("%+v, %v; want features %d", b, err, tt.want)
		}
	}
}
