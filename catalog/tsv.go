package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readTable splits an embedded table into rows, without its header, which must name exactly the columns given.
// A malformed table is a mistake in this package, not in any input, so it panics; the tests load every table.
func readTable(name, text string, columns ...string) [][]string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if header := strings.Split(lines[0], "\t"); !slices.Equal(header, columns) {
		panic(fmt.Sprintf("catalog: data/%s: header %q, want %q", name, header, columns))
	}
	rows := make([][]string, 0, len(lines)-1)
	for i, line := range lines[1:] {
		row := strings.Split(line, "\t")
		if len(row) != len(columns) {
			panic(fmt.Sprintf("catalog: data/%s line %d: %d columns, want %d", name, i+2, len(row), len(columns)))
		}
		rows = append(rows, row)
	}
	return rows
}

// number reads a decimal field of an embedded table.
func number(field string) int {
	n, err := strconv.Atoi(field)
	if err != nil {
		panic("catalog: not a number in an embedded table: " + field)
	}
	return n
}

// date reads a YYYY-MM-DD field of an embedded table, UTC midnight; an empty field gives the zero time.
func date(field string) time.Time {
	if field == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, field)
	if err != nil {
		panic("catalog: not a date in an embedded table: " + field)
	}
	return t
}

// has tells whether a field of space-separated words holds word.
func has(field, word string) bool {
	return slices.Contains(strings.Fields(field), word)
}
