package capture

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
)

// BenchmarkFile reads the capture that KMSDIAG_BENCH names.
func BenchmarkFile(b *testing.B) {
	name := os.Getenv("KMSDIAG_BENCH")
	if name == "" {
		b.Skip("KMSDIAG_BENCH names no capture")
	}
	info, err := os.Stat(name)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		h, err := os.Open(name)
		if err != nil {
			b.Fatal(err)
		}
		f, err := NewFile(name, h)
		if err != nil {
			b.Fatal(err)
		}
		a := New(Options{})
		if err := a.Read(context.Background(), f); err != nil {
			b.Fatal(err)
		}
		if name := os.Getenv("KMSDIAG_HEAP"); name != "" {
			w, _ := os.Create(name)
			runtime.GC()
			_ = pprof.WriteHeapProfile(w)
			_ = w.Close()
		}
		a.Close()
		_ = h.Close()
	}
}
