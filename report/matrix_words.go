package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// MatrixMark is the status whose mark stands before a row.
func MatrixMark(row *run.MatrixRow) run.Status {
	switch row.Status {
	case run.MatrixServed:
		if row.Missing > 0 {
			return run.Warn
		}
		return run.Pass
	case run.MatrixRefused, run.MatrixInvalid:
		return run.Fail
	case run.MatrixNoAnswer:
		return run.Warn
	}
	return run.Skip
}

// MatrixHeading is what stands above the rows of a class: "SERVERS need a count of 5".
func MatrixHeading(row *run.MatrixRow) string {
	title := map[string]string{"server": "SERVERS", "office": "OFFICE PRODUCTS", "client": "WINDOWS CLIENTS"}[row.Class]
	return fmt.Sprintf("%s need a count of %d", title, row.Needs)
}

// MatrixAnswer says what came of a row. The reason of the usual refusal is left
// to the end unless why is set.
func MatrixAnswer(row *run.MatrixRow, why bool) string {
	switch row.Status {
	case run.MatrixServed:
		switch {
		case row.Count == nil:
			return "served; " + row.Why
		case row.HeldByProbe():
			return fmt.Sprintf("served, count %d: %d without this probe, so only while it is on the list", *row.Count, *row.Count-1)
		case row.Missing > 0:
			return fmt.Sprintf("served, count %d: %d more must ask", *row.Count, row.Missing)
		}
		return fmt.Sprintf("served, count %d", *row.Count)
	case run.MatrixRefused:
		if row.Code == codeMismatch && !why {
			return "refused, " + row.Code
		}
		return "refused, " + row.Code + ": " + row.Why
	case run.MatrixInvalid:
		return "invalid: " + row.Why
	case run.MatrixNoAnswer:
		return "no answer: " + row.Why
	}
	return "not asked: " + row.Why
}

// codeMismatch is the usual refusal: no host key covers the product.
const codeMismatch = "0xC004F042"

// MatrixCounts is "17 served, 8 refused, 7 not asked in 21 ms".
func MatrixCounts(m *run.Matrix) string {
	var parts []string
	for _, c := range []struct {
		status run.MatrixStatus
		word   string
	}{
		{run.MatrixServed, "served"},
		{run.MatrixRefused, "refused"},
		{run.MatrixInvalid, "invalid"},
		{run.MatrixNoAnswer, "without an answer"},
		{run.MatrixNotAsked, "not asked"},
	} {
		if n := m.Counts[c.status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.word))
		}
	}
	text := strings.Join(parts, ", ")
	if d := took(m.Took); d != "" {
		text += " in " + d
	}
	if m.Stopped {
		text += "; stopped before the end"
	}
	return text
}

// fewKeys is how many host keys a line names.
const fewKeys = 3

// MatrixCure names the host keys that would cure a refused row, those first that
// fit the host as it is, and whose lists say so. Where no list has one it is the
// reason of the refusal.
func MatrixCure(row *run.MatrixRow) string {
	var fit, newer, older, unlisted, servers, clients []string
	unsure := false // whether the host can take those that seem to fit
	sources := map[string]bool{}
	for _, k := range row.Cure {
		name := strings.Replace(k.Name, " KMS host key", "", 1)
		sources[k.Source] = true
		switch {
		case k.Fits == run.FitsServer:
			servers = append(servers, name)
		case k.Fits == run.FitsClient:
			clients = append(clients, name)
		case k.Older:
			older = append(older, name)
		case k.Fits == "build too old":
			newer = append(newer, name)
		case k.Fits == "unlisted":
			unlisted = append(unlisted, name)
		case k.Update != "":
			fit = append(fit, name+" (needs "+k.Update+" there)")
		default:
			fit, unsure = append(fit, name), unsure || k.Fits == ""
		}
	}
	if len(row.Cure) == 0 {
		return row.Why
	}
	var parts []string
	add := func(before string, names []string) {
		if len(names) > 0 {
			parts = append(parts, before+someOf(names))
		}
	}
	if unsure {
		add("where the host's system takes it, which is not known: the host key of ", fit)
	} else {
		add("the host key of ", fit)
	}
	add("on a newer system: ", newer)
	if len(fit)+len(newer) == 0 {
		add("needs a host on Windows Server: the host key of ", servers)
		add("needs a host on a client edition of Windows: the host key of ", clients)
		add("on another system: ", unlisted)
		add("only older host keys name it, and taking one gives up what the newer serves: ", older)
	}
	text := strings.Join(parts, "; ")
	if strings.HasPrefix(row.Why, "refused, although") {
		text = row.Why + "; " + text
	}
	var by []string
	for _, s := range []string{"Microsoft's list", "Microsoft's former list", "public databases"} {
		if sources[s] {
			by = append(by, s)
		}
	}
	return text + " [" + strings.Join(by, ", ") + "]"
}

// someOf joins names with "or", the first of many.
func someOf(names []string) string {
	if more := len(names) - fewKeys; more > 0 {
		return strings.Join(names[:fewKeys], ", ") + fmt.Sprintf(" or one of %d older", more)
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// MatrixKeyName is a host key of the answers in words, without its ePID.
func MatrixKeyName(k run.MatrixKey) string {
	name := k.Key
	if name == "" {
		name = "an unknown host key"
	}
	if k.System != "" {
		name += ", on " + k.System
	}
	return name
}

// matrixGroup are rows about which the same is to be said.
type matrixGroup struct {
	rows    []string
	text    string
	curable bool // a list names a host key for them
}

func (g matrixGroup) names() string { return strings.Join(g.rows, ", ") }

// sameText adds a row to the group of its text.
func sameText(groups []matrixGroup, name, text string, curable bool) []matrixGroup {
	at := slices.IndexFunc(groups, func(g matrixGroup) bool { return g.text == text })
	if at < 0 {
		at = len(groups)
		groups = append(groups, matrixGroup{text: text, curable: curable})
	}
	groups[at].rows = append(groups[at].rows, name)
	return groups
}

// matrixCures are the rows that no host key covers, by what would cure them.
func matrixCures(m *run.Matrix) []matrixGroup {
	var groups []matrixGroup
	for i := range m.Rows {
		if row := &m.Rows[i]; row.Status == run.MatrixRefused && row.Code == codeMismatch {
			groups = sameText(groups, row.Name, MatrixCure(row), len(row.Cure) > 0)
		}
	}
	return groups
}

// matrixNotAsked are the rows without a request, by their reason. Where there was
// no host to ask it is the same for all, and there are none.
func matrixNotAsked(m *run.Matrix) []matrixGroup {
	var groups []matrixGroup
	for _, row := range m.Rows {
		if !row.Started.IsZero() || m.Problem != "" {
			continue
		}
		name := row.Name
		if len(row.Cure) > 0 {
			name += fmt.Sprintf(" (%s: %s)", row.Cure[0].Source, row.Cure[0].Name)
		}
		groups = sameText(groups, name, row.Why, len(row.Cure) > 0)
	}
	return groups
}
