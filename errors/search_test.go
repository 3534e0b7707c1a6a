package errors

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestSearchFindsFirst(t *testing.T) {
	for query, want := range map[string]Code{
		"no KMS could be contacted":                          0xC004F074,
		"No Key Management Service (KMS) could be contacted": 0xC004F074,
		"no kms could be contcted":                           0xC004F074, // a letter lost
		"The Software Protection Service reported that the product could not be activated. No Key Management Service (KMS) could be contacted.": 0xC004F074,
		"SL_E_VL_NOT_ENOUGH_COUNT":     0xC004F038,
		"count insufficient":           0xC004F038,
		"count too low":                0xC004F038,
		"clock four hours":             0xC004F06C,
		"DNS name does not exist":      0x8007232B,
		"rpc server unavailable":       0x800706BA,
		"access denied":                0x80070005,
		"no product key installed":     0xC004F014,
		"activation limit":             0xC004C008,
		"no rearm left":                0xC004D307,
		"licensing service disabled":   0x80070422,
		"what is c004f042":             0xC004F042,
		"0x8007232b srv":               0x8007232B,
		"connection reset":             0x80072746,
		"connection attempt timed out": 0x8007274C,
		"activation object":            0xC004F081,
		"smart card token":             0xC004F30B,
		"digital licence":              0x803F7001,
		"hardware changed":             0xC004F00F,
		"ＫＭＳ ｃｏｕｎｔ too low":            0xC004F038,
	} {
		hits := Search(query, 10)
		if len(hits) == 0 || hits[0].Entry.Code != want {
			var got []string
			for _, h := range hits[:min(3, len(hits))] {
				got = append(got, fmt.Sprintf("%s %.1f", h.Entry.Code, h.Score))
			}
			t.Errorf("Search(%q) = %v, want %s first", query, got, want)
		}
	}
}

func TestSearchIsOrderedAndBounded(t *testing.T) {
	hits := Search("kms host key", 0)
	last := math.Inf(1)
	for _, h := range hits {
		if h.Score > last || h.Score <= 0 {
			t.Fatalf("%s has score %f behind %f", h.Entry.Code, h.Score, last)
		}
		last = h.Score
	}
	if len(hits) < 10 || len(Search("kms host key", 3)) != 3 {
		t.Errorf("%d hits", len(hits))
	}
	for _, q := range []string{"", "   ", "the of and", "qqqqzzzz", "\xff\xfe", strings.Repeat("x", 100000)} {
		if got := Search(q, 5); len(got) != 0 {
			t.Errorf("Search(%.20q) finds %s", q, got[0].Entry.Code)
		}
	}
	again := Search("kms host key", 0)
	for i := range hits {
		if hits[i].Entry.Code != again[i].Entry.Code {
			t.Fatal("the order changes between searches")
		}
	}
}

func TestStem(t *testing.T) {
	for _, family := range [][]string{
		{"activate", "activated", "activation", "activating", "activations"},
		{"contact", "contacted"},
		{"licence", "license", "licences", "licensed", "licensing"},
		{"host", "hosts"},
		{"block", "blocked"},
		{"install", "installed", "installing"},
	} {
		for _, w := range family[1:] {
			if stem(w) != stem(family[0]) {
				t.Errorf("stem(%s) = %s, stem(%s) = %s", w, stem(w), family[0], stem(family[0]))
			}
		}
	}
	if stem("1688") != "1688" || stem("kms") != "kms" {
		t.Errorf("stem(1688) = %s, stem(kms) = %s", stem("1688"), stem("kms"))
	}
}

func BenchmarkSearch(b *testing.B) {
	Search("warm up", 1)
	for b.Loop() {
		Search("no KMS could be contacted", 10)
	}
}

func ExampleSearch() {
	for _, h := range Search("no KMS could be contacted", 1) {
		fmt.Println(h.Entry.Code, h.Entry.Title())
	}
	// Output: 0xC004F074 No Key Management Service (KMS) could be contacted
}
