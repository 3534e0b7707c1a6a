package errors

import (
	"cmp"
	"slices"
	"strings"
)

// Near lists at most limit catalogue codes that resemble a mistyped one,
// nearest first and, at the same distance, the more relevant first. It counts
// wrong, missing, added and swapped hexadecimal digits, up to two; of two
// codes at the same distance the one with swapped digits comes first, being
// the commoner slip. A short text such as F074 finds the codes that end in it.
// A code is not among its own neighbours.
func Near(s string, limit int) []Code {
	if limit <= 0 {
		return nil
	}
	digits, exact := nearDigits(s)
	if len(digits) < 3 || len(digits) > 10 {
		return nil
	}
	type candidate struct {
		e        *Entry
		distance int
		swap     int // 0: the same digits in another order, 1: other digits
	}
	var found []candidate
	for i := range catalogue().entries {
		e := &catalogue().entries[i]
		hex := e.Code.String()[2:]
		d, swap := 3, 1
		switch {
		case hex == digits && exact:
			continue
		case len(digits) <= 6:
			if strings.HasSuffix(hex, digits) {
				d = 0
			}
		default:
			d = editDistance(digits, hex)
			if sorted(digits) == sorted(hex) {
				swap = 0
			}
		}
		if d <= 2 {
			found = append(found, candidate{e, d, swap})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(a.distance, b.distance),
			cmp.Compare(a.swap, b.swap),
			cmp.Compare(a.e.Relevance.rank(), b.e.Relevance.rank()),
			cmp.Compare(a.e.Code, b.e.Code),
		)
	})
	var codes []Code
	for _, f := range found[:min(limit, len(found))] {
		codes = append(codes, f.e.Code)
	}
	return codes
}

// nearDigits reduces a text to upper-case digits to compare, reading the
// letters O, I and L as the digits they are mistaken for. exact says that no
// letter had to be read so.
func nearDigits(s string) (digits string, exact bool) {
	s = strings.ToUpper(strings.TrimSpace(foldString(s[:min(len(s), 64)])))
	s = strings.NewReplacer(" ", "", "-", "", "_", "").Replace(s)
	s = strings.Trim(s, ".,;:!?()[]\"'")
	digits = strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(s)
	return strings.TrimPrefix(digits, "0X"), digits == s
}

func sorted(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours (optimal string alignment).
func editDistance(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
