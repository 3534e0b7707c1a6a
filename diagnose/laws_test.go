package diagnose

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	kmserr "github.com/kmsdiag/kmsdiag/errors"
)

// stableIDs are the cause ids that were ever given out: none is removed or
// reused.
func stableIDs(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/causes.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

func TestEveryIDHasPageAndRule(t *testing.T) {
	ids := stableIDs(t)
	var ruled []string
	for _, r := range rules {
		if slices.Contains(ruled, r.id) {
			t.Errorf("%s has two rules", r.id)
		}
		ruled = append(ruled, r.id)
	}
	for _, id := range ids {
		if _, ok := Lookup(id); !ok {
			t.Errorf("%s has no page", id)
		}
		if !slices.Contains(ruled, id) {
			t.Errorf("%s has no rule", id)
		}
	}
	for _, p := range Pages() {
		if !slices.Contains(ids, p.ID) {
			t.Errorf("page %s is not in testdata/causes.txt", p.ID)
		}
	}
	for _, id := range ruled {
		if !slices.Contains(ids, id) {
			t.Errorf("rule %s is not in testdata/causes.txt", id)
		}
	}
	if _, ok := Lookup("no-such-cause"); ok {
		t.Error("Lookup found a cause that does not exist")
	}
}

func TestTablesNameRealCauses(t *testing.T) {
	ids := stableIDs(t)
	for code, list := range candidates() {
		for _, k := range list {
			if !slices.Contains(ids, k.cause) {
				t.Errorf("codes.tsv: 0x%08X names %s", code, k.cause)
			}
			if k.general && k.score > atGeneralCode || k.score > atCode || k.score < 1 {
				t.Errorf("codes.tsv: 0x%08X %s has score %d, outside its band", code, k.cause, k.score)
			}
			if !k.general && k.score <= atGeneralCode {
				t.Errorf("codes.tsv: 0x%08X %s falls among the general codes", code, k.cause)
			}
		}
	}
	for id, s := range statements() {
		for _, cause := range slices.Concat(s.speaks, s.against) {
			if !slices.Contains(ids, cause) {
				t.Errorf("statements.tsv: %s names %s", id, cause)
			}
		}
	}
	for _, p := range Pages() {
		for _, id := range p.Confusable {
			if !slices.Contains(ids, id) || id == p.ID {
				t.Errorf("%s: confusable with %s", p.ID, id)
			}
		}
	}
}

func TestCodesOfPagesAreKnown(t *testing.T) {
	for _, p := range Pages() {
		for _, code := range p.Codes {
			if len(candidates()[code]) == 0 {
				t.Errorf("%s lists 0x%08X, which codes.tsv does not have", p.ID, code)
			}
		}
	}
}

var (
	layers = strings.Fields("dns tcp rpc kms-host kms-client count time key office cloud adba os")
	actors = []string{"client", "KMS host", "DNS", "network", "cloud", "directory", "licensing portal", "image"}
	shells = []string{"cmd", "PowerShell", "sh", "ticket"}
	// changes are commands that alter something.
	changes = regexp.MustCompile(`(?i)/(skms|ckms|ipk|upk|sprt|sdns|cdns|rearm|rilc|act-type|ad-activation|sethst|inpkey|unpkey|ato)\b|` +
		`\b(Set|New|Remove|Add|Enable|Disable|Start|Restart|Stop)-[A-Z]\w+|\bnet (stop|start)|\breg (add|delete)|route (delete|add)|shutdown|\bren |/set-edition|w32tm /resync|sysprep|wusa`)
)

func TestPagesAreComplete(t *testing.T) {
	for _, p := range rawPages().pages {
		if p.Title == "" || p.Explain == "" || strings.HasSuffix(p.Title, ".") || len(p.Title) > 90 {
			t.Errorf("%s: title %q or explanation is not as it should be", p.ID, p.Title)
		}
		if !slices.Contains(layers, p.Layer) {
			t.Errorf("%s: layer %q", p.ID, p.Layer)
		}
		if len(p.Remedies) == 0 && !p.NoFault {
			t.Errorf("%s has no remedy", p.ID)
		}
		if p.Next == nil {
			t.Errorf("%s has no next test", p.ID)
		} else {
			lawsOfStep(t, p.ID+" next", *p.Next)
			if changes.MatchString(strings.Join(p.Next.Commands, "\n")) && !strings.Contains(strings.Join(p.Next.Commands, "\n"), "/ato") {
				t.Errorf("%s: the next test changes something: %q", p.ID, p.Next.Commands)
			}
		}
		for _, s := range p.Remedies {
			lawsOfStep(t, p.ID, s)
			if s.Verify == "" || s.Undo == "" {
				t.Errorf("%s: a remedy without verify or undo: %q", p.ID, s.Text)
			}
			if changes.MatchString(strings.Join(s.Commands, "\n")) && strings.HasPrefix(s.Undo, "Nothing is changed") {
				t.Errorf("%s: %q changes something", p.ID, s.Commands)
			}
		}
	}
}

func lawsOfStep(t *testing.T, where string, s Step) {
	t.Helper()
	all := strings.Join(s.Commands, "\n")
	if !slices.Contains(actors, s.Who) {
		t.Errorf("%s: who is %q", where, s.Who)
	}
	if s.Text == "" && len(s.Commands) == 0 || s.Text == "" && s.Shell != "" {
		t.Errorf("%s: a step that says nothing", where)
	}
	if (s.Shell == "") != (len(s.Commands) == 0) || s.Shell != "" && !slices.Contains(shells, s.Shell) {
		t.Errorf("%s: shell %q with %d commands", where, s.Shell, len(s.Commands))
	}
	for _, text := range append([]string{s.Text, s.Verify, s.Undo}, s.Commands...) {
		for _, p := range placeholder().FindAllString(text, -1) {
			name := strings.Trim(p, "{}")
			if _, ok := stand[name]; !ok {
				t.Errorf("%s: unknown placeholder %s", where, p)
			}
			if slices.Contains(free, name) && s.Shell != "ticket" && strings.Contains(all, p) {
				t.Errorf("%s: %s may not stand in a command", where, p)
			}
		}
	}
	if s.Shell == "PowerShell" && strings.Contains(all, "&&") {
		t.Errorf("%s: PowerShell 5.1 has no &&", where)
	}
	if typed := all + "\n" + s.Verify + "\n" + s.Undo; s.Shell == "PowerShell" && strings.Contains(typed, "%windir%") || s.Shell == "cmd" && strings.Contains(typed, "$env:") {
		t.Errorf("%s: a variable of the other shell in %q", where, typed)
	}
	if strings.Contains(all, "-NoProxy") {
		t.Errorf("%s: PowerShell 5.1 has no -NoProxy: %q", where, all)
	}
	if strings.Contains(all, "Remove-DnsServerResourceRecord") && strings.Contains(s.Undo, "Add-Dns") && !strings.Contains(s.Undo, "-Priority {priority} -Weight {weight} -Port {port}") {
		t.Errorf("%s: the undo does not restore the record: %q", where, s.Undo)
	}
	if s.Who == "KMS host" && strings.Contains(all, "rearm") || strings.Contains(all, "tokens.dat") && s.Who != "client" {
		t.Errorf("%s: %q may never be run on a KMS host", where, all)
	}
	if strings.Contains(all, "DisplayGroup") || strings.Contains(all, "sc config") {
		t.Errorf("%s: %q does not work everywhere", where, all)
	}
	for _, command := range s.Commands {
		if strings.Contains(command, "slmgr") && !strings.Contains(command, "cscript //nologo ") {
			t.Errorf("%s: plain slmgr opens a window: %q", where, command)
		}
		if strings.HasPrefix(command, "Set-NetFirewallRule") && !strings.Contains(all, "Get-NetFirewallAddressFilter") {
			t.Errorf("%s: the scope of the rule is not looked at", where)
		}
	}
	if strings.Contains(all, "slmgr.vbs /skms ") && !strings.Contains(s.Undo, "/ckms") {
		t.Errorf("%s: /skms pins a client; its undo is /ckms", where)
	}
	for _, m := range regexp.MustCompile(`nslookup (?:-\S+ )?(\S+)`).FindAllStringSubmatch(all+"\n"+s.Verify, -1) {
		if !strings.HasSuffix(m[1], ".") {
			t.Errorf("%s: %q: the name has to end with a dot", where, m[0])
		}
	}
}

func TestPagesHoldPlainText(t *testing.T) {
	for _, p := range Pages() {
		var all []string
		for _, s := range p.Remedies {
			all = append(all, s.Text, s.Verify, s.Undo)
			all = append(all, s.Commands...)
		}
		text := p.Title + p.Explain + strings.Join(all, "\n")
		for _, r := range text {
			if r > '~' || r < ' ' && r != '\n' {
				t.Errorf("%s holds %q", p.ID, r)
			}
		}
		if i := placeholder().FindStringIndex(text); i != nil {
			t.Errorf("%s: a placeholder is left: %q", p.ID, text[i[0]:i[1]])
		}
	}
}

func TestParsePageErrors(t *testing.T) {
	for _, text := range []string{
		"title: no body",
		"title no colon\n\nbody",
		"colour: red\n\nbody",
		"codes: 0xZZ\n\nbody",
		"title: t\n\nbody\n\n# unknown\nwho: client\n",
		"title: t\n\nbody\n\n# remedy\nwhat: is this\n",
	} {
		if _, err := parsePage("x", text); err == nil {
			t.Errorf("parsePage(%q) succeeded", text)
		}
	}
	p, err := parsePage("x", "title: t\nlayer: dns\ncodes: 0xC004F074 13\n\none\ntwo\n\nthree\n\n# remedy\nwho: client\nshell: cmd\ntext: a\n  b\nrun: c: d\nrun: e\nverify: v\n")
	if err != nil {
		t.Fatal(err)
	}
	if p.Explain != "one two\n\nthree" || p.Remedies[0].Text != "a b" || !slices.Equal(p.Remedies[0].Commands, []string{"c: d", "e"}) || !slices.Equal(p.Codes, []uint32{0xC004F074, 13}) {
		t.Errorf("parsed %+v", p)
	}
}

// TestCodePagesAreCandidates is a law between two rooms: a cause that the page of
// a code offers is possible when nothing but that code is known, apart from those
// that want evidence of their own.
func TestCodePagesAreCandidates(t *testing.T) {
	for _, e := range kmserr.All() {
		if e.Page == nil || e.Code == 0 {
			continue
		}
		set := stated(uint32(e.Code))
		got := likely(Diagnose(&set))
		for _, id := range e.Page.Causes {
			rare := isGeneral(uint32(e.Code)) && slices.Contains(onlyWithEvidence, id)
			if slices.Contains(got, id) == rare {
				t.Errorf("%s: its page lists %s, the diagnosis has %q", e.Code, id, got)
			}
		}
	}
}
