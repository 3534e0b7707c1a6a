package lab

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what a test waits for on loopback; nothing is timed by it.
const patience = 20 * time.Second

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// startLayout opens a layout for the length of a test.
func startLayout(t testing.TB, l Layout) *Site {
	t.Helper()
	site, err := Start(testContext(t), Scenario{Name: "test", Layout: l, Healed: l})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	return site
}

// startKMS opens corp.example with a service on kms01's KMS port.
func startKMS(t testing.TB, s Service) *Site { return startLayout(t, single(s)) }

// dialKMS connects to kms01 as the checks would.
func dialKMS(t testing.TB, site *Site) *kms.Conn {
	t.Helper()
	env := site.Env(checks.Env{})
	nc, err := env.Dialer.DialContext(testContext(t), "tcp", kmsAt.String())
	if err != nil {
		t.Fatal(err)
	}
	c := kms.NewConn(nc)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// probe asks for the default edition of a release in a protocol version.
func probe(t testing.TB, release string, v kms.Version) kms.Request {
	t.Helper()
	r, ok := catalog.ReleaseByID(release)
	if !ok {
		t.Fatalf("no release %q", release)
	}
	p := r.Default().Product
	q := kms.NewProbe("PC-0417", time.Now())
	q.Version = v
	q.AppID = dcerpc.MustParseUUID(p.Group.AppID)
	q.SKUID = dcerpc.MustParseUUID(p.ActivationID)
	q.CountedID = dcerpc.MustParseUUID(p.Group.CountedID)
	q.NPolicy = uint32(p.Group.N)
	return q
}

// ask binds and asks once.
func ask(t testing.TB, site *Site, q kms.Request) (kms.Exchange, error) {
	t.Helper()
	c := dialKMS(t, site)
	if _, err := c.Bind(testContext(t)); err != nil {
		t.Fatalf("bind: %v", err)
	}
	return c.Do(testContext(t), q)
}

// bindRaw connects to kms01 and binds NDR64 as context 1, and leaves the rest to
// the caller.
func bindRaw(t testing.TB, site *Site) (net.Conn, *dcerpc.Reader) {
	t.Helper()
	nc, err := site.Env(checks.Env{}).Dialer.DialContext(testContext(t), "tcp", kmsAt.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(patience))
	bind := dcerpc.Bind{MaxXmit: maxFragment, MaxRecv: maxFragment, Contexts: []dcerpc.Context{
		{ID: 1, Abstract: kms.Interface, Transfer: []dcerpc.Syntax{dcerpc.SyntaxNDR64}},
	}}
	if _, err := nc.Write(bind.Append(nil, dcerpc.NewHeader(dcerpc.TypeBind, 2))); err != nil {
		t.Fatal(err)
	}
	r := dcerpc.NewReader(nc)
	if _, err := r.ReadPDU(); err != nil {
		t.Fatal(err)
	}
	return nc, r
}

// kmsAt is the KMS port of kms01.
var kmsAt = netip.AddrPortFrom(addrKMS01, kmsPort)
