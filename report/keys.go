package report

import (
	"io"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// KindKeys is the kind of a [Keys].
const KindKeys = "keys"

// Keys is the answer of kmsdiag keys: generic keys that a query fits, and what the key of a machine is worth. Only
// keys that Microsoft publishes are in it; of any other key at most the last five characters.
type Keys struct {
	Schema   string       `json:"schema"` // "kmsdiag/1"
	Kind     string       `json:"kind"`   // "keys"
	Query    string       `json:"query,omitempty"`
	First    int          `json:"first"` // how many of keys are first matches, equally good; 0 without a query
	Keys     []GenericKey `json:"keys"`  // best first; without a query all of them
	Machines []MachineKey `json:"machines"`
	Notes    []string     `json:"notes"` // what else is known of the query, a sentence each
}

// GenericKey is a generic volume key (GVLK) with the product it makes a KMS client of.
type GenericKey struct {
	Product      string       `json:"product"`                 // heading of Microsoft's list
	Edition      string       `json:"edition"`                 // as Microsoft's list writes it
	Name         string       `json:"name"`                    // both in one, shortened
	Class        string       `json:"class"`                   // server, client, office
	Key          string       `json:"gvlk"`                    // whole
	Partial      string       `json:"partial_key"`             // last five characters
	Match        string       `json:"match,omitempty"`         // key, partial, fragment, one letter, name, id, words, misspelt
	ActivationID string       `json:"activation_id,omitempty"` // where it is publicly known
	CountedAs    string       `json:"counted_as,omitempty"`    // the group a KMS host counts the product in
	MinimumCount int          `json:"minimum_count,omitempty"` // 25 or 5
	Releases     []KeyRelease `json:"releases"`                // what Windows calls the edition; none where the product is not publicly known
	Source       string       `json:"source"`                  // the list the key is taken from
	Note         string       `json:"note,omitempty"`          // a limit of the edition
	Install      []string     `json:"install"`                 // commands for cmd, elevated
}

// KeyRelease is a generic key's edition in one release.
type KeyRelease struct {
	Name     string   `json:"name"`
	HostKeys []string `json:"host_keys"` // ids of the host keys whose list names the release, newest first
}

// MachineKey is what the key of a machine is worth.
type MachineKey struct {
	Edition    string          `json:"edition,omitempty"`
	Channel    string          `json:"channel,omitempty"` // as it was printed
	PartialKey string          `json:"partial_key,omitempty"`
	Verdict    string          `json:"verdict"` // fits, generic, other-edition, not-generic, mak, retail, avma, host-key, serves, evaluation, subscription, no-volume, undecided
	Fault      bool            `json:"fault"`   // something is wrong, whatever was meant
	Cause      string          `json:"cause,omitempty"`
	Statements []KeyStatement  `json:"statements"`
	Install    *GenericKey     `json:"install,omitempty"` // the key that belongs on the machine
	Steps      []diagnose.Step `json:"steps"`
}

// KeyStatement is one thing said of a key.
type KeyStatement struct {
	Text  string `json:"text"`
	Sure  string `json:"sure"`  // certain, likely, open
	Basis string `json:"basis"` // what it stands on
}

// NewKeys returns the generic keys that a look-up found, or with an empty query all of them.
func NewKeys(query string, found catalog.KeyAnswer) *Keys {
	k := &Keys{Schema: run.Schema, Kind: KindKeys, Query: query, First: found.First, Keys: []GenericKey{}, Machines: []MachineKey{}, Notes: []string{}}
	for _, m := range found.Hits {
		g := genericKey(m.GVLK)
		g.Match = string(m.How)
		k.Keys = append(k.Keys, g)
	}
	if query == "" && len(found.Hits) == 0 {
		for _, g := range catalog.GVLKs() {
			k.Keys = append(k.Keys, genericKey(g))
		}
	}
	return k
}

// NewMachines returns a [Keys] about machines alone.
func NewMachines(machines ...MachineKey) *Keys {
	return &Keys{Schema: run.Schema, Kind: KindKeys, Keys: []GenericKey{}, Machines: append([]MachineKey{}, machines...), Notes: []string{}}
}

// NewMachineKey judges the key of a machine.
func NewMachineKey(in catalog.Installed) MachineKey {
	fit := catalog.JudgeKey(in)
	m := MachineKey{
		Edition: in.Edition.Name, Channel: in.RawChannel, PartialKey: in.Partial, Verdict: string(fit.Verdict), Fault: fit.Fault,
		Cause: causeOfKey(fit.Verdict, in), Statements: []KeyStatement{}, Steps: keySteps(fit, in),
	}
	if m.Channel == "" {
		m.Channel = in.Channel
	}
	for _, s := range fit.Statements {
		m.Statements = append(m.Statements, KeyStatement{s.Text, string(s.Sure), s.Basis})
	}
	if fit.Install.Key != "" {
		g := genericKey(fit.Install)
		m.Install = &g
	}
	return m
}

func genericKey(g catalog.GVLK) GenericKey {
	k := GenericKey{
		Product: g.Product, Edition: g.Edition, Name: g.Title(), Class: string(g.Class), Key: g.Key, Partial: g.Partial(),
		ActivationID: g.ActivationID, Releases: []KeyRelease{}, Source: g.Source.Basis(), Install: installCommands(g),
	}
	if e, ok := catalog.EditionByName(g.Name()); ok && e.Azure {
		k.Note = "licensed for Azure and Azure Local alone (kmsdiag explain edition-not-served-here)"
	}
	for _, c := range g.Choices() {
		k.CountedAs, k.MinimumCount = c.Product.Group.Name, c.Product.Group.N
		r := KeyRelease{Name: c.Name(), HostKeys: []string{}}
		for _, h := range catalog.HostKeysFor(c) {
			r.HostKeys = append(r.HostKeys, h.ID)
		}
		k.Releases = append(k.Releases, r)
	}
	return k
}

// JSON writes the keys as one object.
func (k *Keys) JSON(w io.Writer) error { return writeJSON(w, k, "  ") }
