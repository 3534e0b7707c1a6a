package catalog

import (
	"testing"

	"github.com/kmsdiag/kmsdiag/kms"
)

// BenchmarkLoad parses every table anew; it should stay well under 2 ms.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		loadGroups()
		loadProducts()
		loadReleases()
		loadGVLKs()
		loadHostKeys()
		loadKeyRanges()
		loadBuilds()
		loadLanguages()
		loadClouds()
	}
}

// BenchmarkNameIndex builds what the look-ups by name need on top of the tables.
func BenchmarkNameIndex(b *testing.B) {
	for b.Loop() {
		nameCandidates()
		nameGVLKs()
	}
}

func BenchmarkProductByName(b *testing.B) {
	for b.Loop() {
		if _, err := ProductByName("windws 11 educaton"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJudgeEPID(b *testing.B) {
	e, err := kms.ParseEPID("03612-00206-557-318840-03-1033-17763.0000-0842021")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if id := JudgeEPID(e, today); len(id.Contradictions) != 0 {
			b.Fatal(id)
		}
	}
}
