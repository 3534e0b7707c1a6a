package catalog

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// synonyms maps the spellings people use to the one the tables are compared in; "" drops a word.
var synonyms = map[string]string{
	"win": "windows", "w": "windows", "wind": "windows", "srv": "server", "svr": "server", "ws": "windows server",
	"professional": "pro", "proplus": "pro plus", "workstation": "workstations", "ent": "enterprise",
	"std": "standard", "dc": "datacenter", "datacentre": "datacenter", "edu": "education", "ess": "essentials",
	"multisession": "multi session", "avd": "multi session", "wvd": "multi session", "off": "office",
	"ltsb": "ltsb", "sac": "semi annual channel",
	"microsoft": "", "ms": "", "edition": "", "for": "", "the": "", "volume": "", "vl": "", "kms": "", "version": "", "and": "",
}

// words splits a product name into lower-case words in comparable spelling, without repetitions: "Win11 Pro" and
// "Windows 11 Professional" give the same. Feature update names such as 22H2 are left out, because no id depends
// on them.
func words(name string) []string {
	var out []string
	add := func(w string) {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	pieces := split(strings.ToLower(name))
	for i := 0; i < len(pieces); i++ {
		w := pieces[i]
		rest := pieces[i+1:]
		switch {
		case w == "2" && len(rest) >= 2 && rest[0] == "k" && len(rest[1]) <= 2: // 2k8, 2k12, 2k19
			add("20" + strings.Repeat("0", 2-len(rest[1])) + rest[1])
			i += 2
			continue
		case len(w) == 2 && isDigits(w) && len(rest) >= 2 && rest[0] == "h" && len(rest[1]) == 1 && isDigits(rest[1]): // 22H2
			i += 2
			continue
		case w == "r" && len(rest) >= 1 && rest[0] == "2":
			add("r2")
			i++
			continue
		}
		s, known := synonyms[w]
		if !known {
			s = w
		}
		for _, word := range strings.Fields(s) {
			add(word)
		}
	}
	return out
}

// split cuts a text into runs of letters and runs of digits; a dot between digits belongs to them, as in 8.1.
func split(text string) []string {
	var pieces []string
	start, kind, prev := 0, 0, rune(0) // kind of the run that began at start: 1 letters, 2 digits, 0 anything else
	flush := func(end int) {
		if kind != 0 {
			pieces = append(pieces, strings.TrimSuffix(text[start:end], "."))
		}
	}
	for i, r := range text {
		k := 0
		switch {
		case unicode.IsDigit(r), r == '.' && kind == 2 && prev != '.':
			k = 2
		case unicode.IsLetter(r):
			k = 1
		}
		if k != kind {
			flush(i)
			start, kind = i, k
		}
		prev = r
	}
	flush(len(text))
	return pieces
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// fit tells how well a query names something.
type fit struct {
	cost    int  // 0: every word was typed exactly
	unasked int  // words the query does not have
	guessed bool // a word was misspelt
}

// match fits every word of a query to one of the words of a name.
func match(query, name []string) (fit, bool) {
	f := fit{}
	used := make(map[string]bool, len(query))
	for _, q := range query {
		cost, word := bestWord(q, name)
		if cost < 0 {
			return fit{}, false
		}
		f.cost += cost
		f.guessed = f.guessed || cost > 1
		used[word] = true
	}
	f.unasked = len(name) - len(used)
	return f, true
}

// bestWord finds the word nearest to q: cost 0 the same, 1 begun by q, 2 or 3 misspelt by that less one; -1 none.
// Numbers are never near each other.
func bestWord(q string, name []string) (cost int, word string) {
	cost = -1
	for _, w := range name {
		if q == w {
			return 0, w
		}
		c := -1
		switch n := utf8.RuneCountInString(q); {
		case n < 3 || isDigits(q[:1]) || isDigits(w[:1]):
		case strings.HasPrefix(w, q):
			c = 1
		case (n >= 4 || n == 3 && len(w) == 4) && oneLetter(q, w): // 3: a letter of LTSC or LTSB left out
			c = 2
		case n >= 8 && distance(q, w, 2) <= 2:
			c = 3
		}
		if c >= 0 && (cost < 0 || c < cost) {
			cost, word = c, w
		}
	}
	return cost, word
}

// distance counts the letters to insert, drop, replace or swap with a neighbour to make b of a. Beyond limit it
// stops counting and returns limit+1.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if d := len(x) - len(y); d > limit || -d > limit {
		return limit + 1
	}
	before, last := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		least := i
		for j := 1; j <= len(y); j++ {
			differ := 1
			if x[i-1] == y[j-1] {
				differ = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last = last, row
	}
	return min(last[len(y)], limit+1)
}
