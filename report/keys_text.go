package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// maxAlso bounds the further keys shown behind the first matches.
const maxAlso = 12

// Text writes the keys for a person: a single first match in full, several as a table, and what machines have.
func (k *Keys) Text(w io.Writer, s Style) error {
	s = s.normal()
	var b strings.Builder
	for _, n := range k.Notes {
		hang(&b, "", n+".", s.Width)
	}
	if len(k.Notes) > 0 && len(k.Keys)+len(k.Machines) > 0 {
		b.WriteString("\n")
	}
	k.found(&b, s)
	for i, m := range k.Machines {
		if i > 0 || len(k.Keys) > 0 {
			b.WriteString("\n")
		}
		machineKey(&b, s, m)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// found writes the keys that a query found, or all.
func (k *Keys) found(b *strings.Builder, s Style) {
	first, also := k.Keys[:k.First], k.Keys[k.First:]
	if k.First > 0 {
		if text := matchText(first[0], len(first)); text != "" {
			hang(b, "", text, s.Width)
			b.WriteString("\n")
		}
	}
	switch {
	case k.First == 1:
		keyCard(b, s, first[0])
	case k.First > 1:
		keyTable(b, s, first)
		b.WriteString("\n")
		heading(b, s, "To install one")
		step(b, s, "  ", howToInstall(first))
	case k.Query == "" && len(also) > 0:
		keyTable(b, s, also)
		b.WriteString("\n")
		hang(b, "", fmt.Sprintf("%d generic keys, which Microsoft publishes for everybody. kmsdiag keys WORDS shows one with the commands to install it.", len(also)), s.Width)
		return
	}
	if len(also) == 0 {
		return
	}
	b.WriteString("\n")
	heading(b, s, "Fits as well")
	rest := len(also) - maxAlso
	keyTable(b, s, also[:min(len(also), maxAlso)])
	if rest > 0 {
		hang(b, "  ", fmt.Sprintf("and %d more: -o json, or more words", rest), s.Width)
	}
}

// matchText says what was guessed; "" where nothing was.
func matchText(k GenericKey, n int) string {
	these := "this is"
	if n > 1 {
		these = "these are"
	}
	switch catalog.MatchKind(k.Match) {
	case catalog.MatchMisspelt:
		return "No edition is called exactly so; " + these + " nearest:"
	case catalog.MatchOneLetter:
		return "No published key has exactly these characters; " + these + " one letter away:"
	case catalog.MatchFragment:
		return "A group inside the key; Windows shows the last one, " + k.Partial + "."
	}
	return ""
}

// howToInstall is the step for a table of keys.
func howToInstall(keys []GenericKey) diagnose.Step {
	st := diagnose.Step{Who: "client", Shell: "cmd", Text: "Elevated."}
	windows := slices.ContainsFunc(keys, func(k GenericKey) bool { return k.Class != string(catalog.Office) })
	if windows {
		st.Commands = append(st.Commands, slmgr+"/ipk KEY")
	}
	if slices.ContainsFunc(keys, func(k GenericKey) bool { return k.Class == string(catalog.Office) }) {
		st.Text += " For Office in its folder, which kmsdiag keys shows with a single key."
		st.Commands = append(st.Commands, "cscript //nologo ospp.vbs /inpkey:KEY")
	}
	return st
}

// keyTable writes keys with their editions, under a heading for each product.
func keyTable(b *strings.Builder, s Style, keys []GenericKey) {
	const keyWidth = 29
	width, room := 0, s.Width-2-2-keyWidth
	for _, k := range keys {
		width = max(width, cells(k.Edition))
	}
	width = min(width, room)
	last := ""
	for _, k := range together(keys) {
		if k.Product != last {
			if last != "" {
				b.WriteString("\n")
			}
			hang(b, "", k.Product, s.Width)
			last = k.Product
		}
		if room < 12 { // too narrow for two columns
			hang(b, "  ", k.Edition, s.Width)
			b.WriteString("    " + s.paint(sgrCyan, k.Key) + "\n")
			continue
		}
		for i, line := range wrap(k.Edition, width) {
			if i > 0 {
				b.WriteString("  " + line + "\n")
				continue
			}
			b.WriteString("  " + pad(line, width) + "  " + s.paint(sgrCyan, k.Key) + "\n")
		}
	}
}

// together brings the keys of a product together, in the order of their first.
func together(keys []GenericKey) []GenericKey {
	var products []string
	for _, k := range keys {
		if !slices.Contains(products, k.Product) {
			products = append(products, k.Product)
		}
	}
	sorted := slices.Clone(keys)
	slices.SortStableFunc(sorted, func(a, b GenericKey) int {
		return slices.Index(products, a.Product) - slices.Index(products, b.Product)
	})
	return sorted
}

// bold writes what the lines below are about.
func bold(b *strings.Builder, s Style, text string) {
	for _, line := range wrap(text, s.Width) {
		b.WriteString(s.paint(sgrBold, line) + "\n")
	}
}

// keyCard writes one key in full.
func keyCard(b *strings.Builder, s Style, k GenericKey) {
	label := func(name string) string { return "  " + pad(name, 13) + "  " }
	bold(b, s, k.Name)
	if lead := label("GVLK"); cells(lead+k.Key) <= s.Width {
		b.WriteString(lead + s.paint(sgrCyan, k.Key) + "\n")
	} else {
		b.WriteString("  " + s.paint(sgrCyan, k.Key) + "\n")
	}
	var names []string
	for _, r := range k.Releases {
		if r.Name != k.Name {
			names = append(names, r.Name)
		}
	}
	if len(names) > 0 {
		hang(b, label("also called"), strings.Join(names, ", "), s.Width)
	}
	if k.CountedAs != "" {
		hang(b, label("counted as"), fmt.Sprintf("%s, served from a count of %d (by public databases)", k.CountedAs, k.MinimumCount), s.Width)
	}
	if k.ActivationID != "" {
		hang(b, label("activation id"), k.ActivationID, s.Width)
	}
	for i, r := range k.Releases {
		text := "no host key's list names it"
		if len(r.HostKeys) > 0 {
			text = strings.Join(r.HostKeys, ", ") + " (kmsdiag keys --host " + r.HostKeys[0] + ")"
		}
		if len(k.Releases) > 1 {
			text = r.Name + ": " + text
		}
		name := "host keys"
		if i > 0 {
			name = ""
		}
		hang(b, label(name), text, s.Width)
	}
	hang(b, label("source"), k.Source, s.Width)
	if k.Note != "" {
		hang(b, label("note"), k.Note, s.Width)
	}
	b.WriteString("\n")
	heading(b, s, "To install it")
	if g, ok := catalog.GVLKByPartial(k.Partial); ok {
		step(b, s, "  ", installStep(g))
	}
}

// verdictTexts are the verdicts in a sentence each.
var verdictTexts = map[catalog.KeyVerdict]string{
	catalog.KeyFits:         "The key is the right one for KMS",
	catalog.KeyGeneric:      "The key is a GVLK; whether it is the right one is open",
	catalog.KeyOtherEdition: "The key is the GVLK of another edition",
	catalog.KeyNotGeneric:   "The key is none of the GVLKs that Microsoft publishes",
	catalog.KeyMAK:          "The key is a MAK: this machine does not ask a KMS host",
	catalog.KeyRetail:       "The licence is retail or the vendor's: this machine does not ask a KMS host",
	catalog.KeyAVMA:         "The key is for automatic activation by a Hyper-V host",
	catalog.KeyHost:         "The key is a KMS host key",
	catalog.KeyServes:       "The key is a KMS host key, and the machine serves with it",
	catalog.KeyEvaluation:   "This is an evaluation copy, which takes no GVLK as it is",
	catalog.KeySubscription: "The licence is a subscription: this machine does not ask a KMS host",
	catalog.KeyNoVolume:     "No GVLK exists for this edition",
	catalog.KeyUndecided:    "What was given does not tell",
}

// machineKey writes what the key of a machine is worth.
func machineKey(b *strings.Builder, s Style, m MachineKey) {
	status := run.Pass
	switch {
	case m.Fault:
		status = run.Fail
	case m.Verdict != string(catalog.KeyFits) && m.Verdict != string(catalog.KeyServes):
		status = run.Warn
	}
	var known []string
	for _, part := range []struct{ label, text string }{{"", m.Edition}, {"channel ", m.Channel}, {"key ", m.PartialKey}} {
		if part.text != "" {
			known = append(known, part.label+part.text)
		}
	}
	bold(b, s, strings.Join(known, ", "))
	hang(b, s.mark(status)+"  ", verdictTexts[catalog.KeyVerdict(m.Verdict)]+".", s.Width)
	b.WriteString("\n")
	for _, st := range m.Statements {
		hang(b, "  "+pad(st.Sure, 7)+"  ", st.Text+" ["+st.Basis+"].", s.Width)
	}
	if len(m.Steps) > 0 {
		b.WriteString("\n")
		title := "What to do"
		if m.Install != nil && len(m.Steps[0].Commands) > 0 {
			title = "Install " + m.Install.Key
		}
		heading(b, s, title)
		for _, st := range m.Steps {
			step(b, s, "  ", st)
		}
	}
	if m.Cause != "" {
		b.WriteString("\n")
		hang(b, "  ", "More: kmsdiag explain "+m.Cause, s.Width)
	}
}
