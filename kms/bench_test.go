package kms

import "testing"

// BenchmarkV6Exchange seals a request, opens it as the reader of a capture or
// the client itself does, and opens and verifies its answer.
func BenchmarkV6Exchange(b *testing.B) {
	v := vectorOf(b, V6)
	r, iv, answer := v.request(), v.iv(), []byte(v.ResponseMessage)
	b.ReportAllocs()
	for b.Loop() {
		msg, err := r.Seal(iv)
		if err != nil {
			b.Fatal(err)
		}
		req, err := OpenRequest(msg)
		if err != nil {
			b.Fatal(err)
		}
		o, err := OpenResponse(answer, req)
		if err != nil || o.Verification.Err() != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, version := range []Version{V4, V5, V6} {
		v := vectorOf(b, version)
		b.Run(version.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				req, err := OpenRequest(v.RequestMessage)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := OpenResponse(v.ResponseMessage, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
