package checks

import (
	"slices"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
)

// BenchmarkHandshake makes one whole handshake with a host on loopback: TCP,
// bind, request, answer verified. It reports the median on the wire.
func BenchmarkHandshake(b *testing.B) {
	h := &testHost{}
	address := h.start(b)
	product := productAsked(&Env{})
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		nc, err := SystemDialer{}.DialContext(b.Context(), "tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		conn := kms.NewConn(nc)
		if _, err := conn.Bind(b.Context()); err != nil {
			b.Fatal(err)
		}
		q, err := newRequest(product, versionOf(product), "PC-0417", time.Now())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Do(b.Context(), q); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		_ = conn.Close()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "us/median")
}

// BenchmarkEndpoint asks every check about a healthy endpoint, the short wait
// for a peer that closes after its answer included.
func BenchmarkEndpoint(b *testing.B) {
	h := &testHost{}
	address := h.start(b)
	env := testEnv()
	b.ReportAllocs()
	for b.Loop() {
		walk(b.Context(), env, address)
	}
}
