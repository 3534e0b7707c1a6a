package report

import (
	"encoding/csv"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/run"
)

// sampleMatrix is what a Server 2012 R2 host with few clients answers, as events.
func sampleMatrix() []run.MatrixEvent {
	at := time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC)
	endpoint := run.MatrixEndpoint{Host: "kms01.corp.example", Domain: "corp.example", Address: netip.MustParseAddrPort("10.0.0.5:1688")}
	n := func(i int) *int { return &i }
	const epid = "06401-00206-291-604417-03-1033-9600.0000-1202015"
	rows := []run.MatrixRow{
		{Group: "server-2022", Name: "Windows Server 2022", Class: "server", CountedID: "b74263e4-0f92-46c6-bcf8-c11d5efe2959", Needs: 5, Protocol: "6.0"},
		{Group: "server-2012-r2", Name: "Windows Server 2012 R2", Class: "server", CountedID: "8456efd3-0c04-4089-8740-5b7238535a65", Needs: 5, Protocol: "6.0"},
		{Group: "office-2021", Name: "Office LTSC 2021", Class: "office", CountedID: "86d50b16-4808-41af-b83b-b338274318b2", Needs: 5, Protocol: "6.0"},
		{Group: "windows-10-2019", Name: "Windows 11 LTSC 2024, Windows 10 LTSC 2021, Windows 10 LTSC 2019", Class: "client", CountedID: "11b15659-e603-4cf1-9c1f-f0ec01b81888", Needs: 25, Protocol: "6.0"},
		{Group: "windows-8.1", Name: "Windows 8.1", Class: "client", CountedID: "cb8fc780-2c05-495a-9710-85afffc904d7", Needs: 25, Protocol: "6.0"},
		{Group: "windows-7", Name: "Windows 7", Class: "client", CountedID: "7fde5219-fbfa-484a-82c9-34d1ad53e856", Needs: 25, Protocol: "4.0"},
		{Group: "windows-vista", Name: "Windows Vista", Class: "client", CountedID: "212a64dc-43b1-4d3d-a30c-2fc69d2095c6", Needs: 25, Protocol: "4.0"},
		{Group: "server-2025", Name: "Windows Server 2025", Class: "server", Needs: 5, Protocol: "6.0"},
	}
	for i := range rows {
		r := &rows[i]
		r.Index, r.Application, r.Releases, r.Status = i, "Windows", []string{r.Name}, run.MatrixWaiting
	}
	rows[7].Status, rows[7].Why = run.MatrixNotAsked, "the counted id that its clients send is not publicly known"
	rows[7].Cure = []run.HostKeyRef{{ID: "server-2025", Name: "Windows Server 2025 KMS host key", Releases: []string{"Windows Server 2025"}, Source: "Microsoft's list"}}
	plan := run.MatrixPlan{
		Schema: run.Schema, Kind: run.KindMatrixPlan, Version: "1.0", Target: "corp.example", Machine: "PC-0417", Started: at,
		Endpoints: []run.MatrixEndpoint{endpoint}, Rows: append([]run.MatrixRow{}, rows...), Requests: 7, AtMost: 12, Binds: 13,
		Sends: []string{"a TCP connection and an RPC bind to kms01.corp.example 10.0.0.5:1688", "7 KMS requests to it, 12 at most"},
		Sent:  []string{"3 DNS questions to 10.0.0.2"},
	}
	events := []run.MatrixEvent{
		{Plan: &plan},
		{Progress: &run.MatrixProgress{Row: -1, Text: "connecting to kms01.corp.example 10.0.0.5:1688"}},
		{Progress: &run.MatrixProgress{Row: 0, Text: "asking"}},
	}
	settle := func(i int, change func(*run.MatrixRow)) {
		r := &rows[i]
		r.Started, r.Took = at.Add(time.Duration(i)*time.Second), time.Duration(i+1)*time.Millisecond
		change(r)
		one := *r
		events = append(events, run.MatrixEvent{Row: &one})
	}
	refused := func(cure ...run.HostKeyRef) func(*run.MatrixRow) {
		return func(r *run.MatrixRow) {
			r.Status, r.HRESULT, r.Code, r.Why, r.Cure = run.MatrixRefused, 0xC004F042, "0xC004F042", "no host key there covers it", cure
		}
	}
	served := func(count, missing int) func(*run.MatrixRow) {
		return func(r *run.MatrixRow) {
			r.Status, r.Count, r.Others, r.Missing = run.MatrixServed, n(count), n(count-1), missing
			r.EPID, r.Key = epid, "Windows Server 2012 R2"
		}
	}
	key := func(id, fits, update string, older bool) run.HostKeyRef {
		return run.HostKeyRef{ID: id, Name: "Windows Server " + id[7:] + " KMS host key", Releases: []string{}, Source: "Microsoft's list", Fits: fits, Update: update, Older: older}
	}
	newer := []run.HostKeyRef{key("server-2025", "build too old", "", false), key("server-2022", "build too old", "", false)}
	settle(0, refused(newer...))
	settle(1, served(7, 0))
	settle(2, refused(run.HostKeyRef{ID: "office-2021", Name: "Office LTSC 2021 KMS host key", Releases: []string{"Office LTSC 2021"}, Source: "Microsoft's list", Fits: "build too old"}))
	settle(3, refused(append([]run.HostKeyRef{key("server-2019", "listed", "KB4467695", false)}, newer...)...))
	settle(4, served(7, 19))
	settle(5, func(r *run.MatrixRow) { r.Status, r.Why = run.MatrixNoAnswer, "no answer within 5s" })
	rows[6].Status, rows[6].Why = run.MatrixNotAsked, "not asked any more: the host gave no answer 2 times in a row"
	last := rows[6]
	rows[4].Unlisted = []string{"Windows 8.1"}
	m := run.Matrix{
		Schema: run.Schema, Kind: run.KindMatrix, Version: "1.0", Target: "corp.example", Host: endpoint.Host, Domain: endpoint.Domain,
		Endpoint: endpoint.Address, Machine: "PC-0417", Address: netip.MustParseAddr("10.0.4.17"), Started: at, Took: 5200 * time.Millisecond,
		AtMost: 12, Requests: 6, Rows: rows,
		Counts: map[run.MatrixStatus]int{run.MatrixServed: 2, run.MatrixRefused: 3, run.MatrixNoAnswer: 1, run.MatrixNotAsked: 2},
		Keys:   []run.MatrixKey{{Application: "Windows", EPID: epid, Key: "Windows Server 2012 R2", System: "Windows 8.1 / Server 2012 R2", Build: 9600}},
		Sent:   []string{"3 DNS questions to 10.0.0.2", "6 KMS requests to 10.0.0.5:1688"},
		Notes:  []string{"each count includes this probe"},
		Conclusion: "kms01.corp.example 10.0.0.5:1688 serves 2 of the 5 counted ids it answered for, to a client on PC-0417.\n" +
			"1 row without an answer: what it would show is not known.",
	}
	events = append(events, run.MatrixEvent{Row: &last}, run.MatrixEvent{Matrix: &m})
	for i := range events {
		events[i].Time = at
	}
	return events
}

func renderMatrix(t *testing.T, format string, s Style, redact bool, events []run.MatrixEvent) string {
	t.Helper()
	var b strings.Builder
	r, err := NewMatrix(format, &b, s)
	if err != nil {
		t.Fatal(err)
	}
	if redact {
		r = RedactMatrix(r)
	}
	for _, e := range events {
		if err := r.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMatrixFormats(t *testing.T) {
	for name, c := range map[string]struct {
		format string
		style  Style
		redact bool
	}{
		"text":       {"text", Style{}, false},
		"ascii":      {"text", Style{Glyphs: ASCII}, false},
		"narrow":     {"text", Style{Width: 40, Glyphs: ASCII}, false},
		"accessible": {"text", Style{Accessible: true, Glyphs: ASCII}, false},
		"verbose":    {"text", Style{Verbose: true, Width: 100}, false},
		"redacted":   {"text", Style{}, true},
		"json":       {"json", Style{}, false},
		"jsonl":      {"jsonl", Style{}, true},
		"csv":        {"csv", Style{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			golden.RequireEqual(t, renderMatrix(t, c.format, c.style, c.redact, sampleMatrix()))
		})
	}
}

// No line is wider than the screen, colours left out.
func TestMatrixKeepsTheWidth(t *testing.T) {
	for _, width := range []int{40, 60, 80, 110} {
		for _, glyphs := range []Glyphs{WGL4, ASCII} {
			for line := range strings.Lines(renderMatrix(t, "text", Style{Width: width, Glyphs: glyphs, Color: true}, false, sampleMatrix())) {
				if n := cells(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%d cells of %d: %q", n, width, line)
				}
			}
		}
	}
}

func TestMatrixIsRedacted(t *testing.T) {
	for _, format := range MatrixFormats {
		text := strings.ToLower(renderMatrix(t, format, Style{}, true, sampleMatrix()))
		for _, secret := range []string{"corp.example", "kms01", "pc-0417", "10.0.0.5", "10.0.4.17", "10.0.0.2", "604417"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %s", format, secret)
			}
		}
		if !strings.Contains(text, "windows server 2012 r2") {
			t.Errorf("%s lost the products", format)
		}
	}
}

func TestMatrixFollowsTheSchema(t *testing.T) {
	s := loadSchema(t)
	validate(t, s, renderMatrix(t, "json", Style{}, false, sampleMatrix()))
	for line := range strings.Lines(renderMatrix(t, "jsonl", Style{}, false, sampleMatrix())) {
		validate(t, s, line)
	}
	for _, format := range []string{"json", "jsonl"} {
		var b strings.Builder
		if err := NewProductTable().Write(&b, format, Style{}); err != nil {
			t.Fatal(err)
		}
		validate(t, s, b.String())
	}
}

// What a peer says reaches neither a terminal nor a spreadsheet as it came.
func TestMatrixOfAHostilePeer(t *testing.T) {
	events := sampleMatrix()
	m := *events[len(events)-1].Matrix
	m.Host, m.Conclusion, m.Notes = "=kms\x1b[2J", "\x1b]0;x\x07 done", []string{"a\x9bb"}
	m.Rows = append([]run.MatrixRow{}, m.Rows...)
	m.Rows[0].Why, m.Rows[0].Code, m.Rows[0].EPID = "\x1b[31mred\u202e", "0xC0000001", "=1+1"
	row := m.Rows[0]
	hostile := []run.MatrixEvent{events[0], {Row: &row}, {Matrix: &m}}
	for _, format := range MatrixFormats {
		text := renderMatrix(t, format, Style{}, false, hostile)
		if strings.ContainsAny(text, "\x1b\x07\u009b\u202e") {
			t.Errorf("%s: %q", format, text)
		}
		if format == "csv" && !strings.Contains(text, "'=1+1") {
			t.Errorf("a formula is left: %s", text)
		}
	}
}

func TestMatrixCutOff(t *testing.T) {
	if text := renderMatrix(t, "text", Style{}, false, sampleMatrix()[:4]); !strings.Contains(text, "cut off before its end") {
		t.Error(text)
	}
	if text := renderMatrix(t, "json", Style{}, false, sampleMatrix()[:4]); text != "" {
		t.Error(text)
	}
	if _, err := NewMatrix("xml", nil, Style{}); err == nil {
		t.Error("xml is a format")
	}
}

func TestProductTable(t *testing.T) {
	for name, c := range map[string]struct {
		format  string
		verbose bool
		classes []catalog.Class
	}{
		"text":    {"text", false, nil},
		"verbose": {"text", true, []catalog.Class{catalog.Office}},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := NewProductTable(c.classes...).Write(&b, c.format, Style{Verbose: c.verbose}); err != nil {
				t.Fatal(err)
			}
			golden.RequireEqual(t, b.String())
		})
	}
}

// The machine formats hold every edition, with the published keys and no other.
func TestProductTableIsWhole(t *testing.T) {
	var b strings.Builder
	if err := NewProductTable().Write(&b, "csv", Style{}); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + len(catalog.Products()); len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
	b.Reset()
	if err := NewProductTable().Write(&b, "json", Style{}); err != nil {
		t.Fatal(err)
	}
	var table ProductTable
	if err := json.Unmarshal([]byte(b.String()), &table); err != nil {
		t.Fatal(err)
	}
	for _, g := range table.Groups {
		if g.Askable != (g.NotAsked == "") || g.Genuine != (g.CountedID != "") {
			t.Errorf("%+v", g)
		}
		for _, p := range g.Products {
			if p.Partial == "" {
				continue
			}
			if k, ok := catalog.GVLKByPartial(p.Partial); !ok || k.Key != p.GVLK {
				t.Errorf("%s: %s", p.Name, p.GVLK)
			}
		}
	}
}

// Which keys a cure names, and in which words, by how they fit the host.
func TestMatrixCureInWords(t *testing.T) {
	key := func(id, fits string, older bool) run.HostKeyRef {
		return run.HostKeyRef{Name: id + " KMS host key", Source: "Microsoft's list", Fits: fits, Older: older}
	}
	for want, cure := range map[string][]run.HostKeyRef{
		"needs a host on Windows Server: the host key of Server B or Server A": {key("Server B", run.FitsServer, false), key("Server A", run.FitsServer, false)},
		"the host key of Client B": {key("Client B", "listed", false), key("Server A", run.FitsServer, false)},
		"needs a host on a client edition of Windows: the host key of Client A; only older host keys name it, and taking one gives up what the newer serves: Server A": {
			key("Client A", run.FitsClient, false), key("Server A", "unlisted", true),
		},
		"where the host's system takes it, which is not known: the host key of Server B": {key("Server B", "", false)},
		"on a newer system: Server B": {key("Server B", "build too old", false), key("Server A", "unlisted", false)},
		"on another system: Server A": {key("Server A", "unlisted", false)},
	} {
		if got := MatrixCure(&run.MatrixRow{Cure: cure}); got != want+" [Microsoft's list]" {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A count that suffices with the probe alone is not said to be too low.
func TestMatrixAnswerHeldByTheProbe(t *testing.T) {
	count, others := 25, 24
	row := run.MatrixRow{Name: "Windows 7", Status: run.MatrixServed, Needs: 25, Count: &count, Others: &others, Missing: 1}
	if got := MatrixAnswer(&row, false); got != "served, count 25: 24 without this probe, so only while it is on the list" {
		t.Error(got)
	}
	if got := spokenRow(&row); got != "served, only while this probe is on the list: Windows 7, count 25 with it, 24 without." {
		t.Error(got)
	}
	if MatrixMark(&row) != run.Warn {
		t.Errorf("marked %s", MatrixMark(&row))
	}
}

// The formats for programs show no made-up counted id.
func TestProductTableHidesMadeUpIDs(t *testing.T) {
	for _, format := range []string{"json", "csv"} {
		var b strings.Builder
		if err := NewProductTable().Write(&b, format, Style{}); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"4b83307d-7788-50ff", "1b4db7eb-4057-5ddf"} {
			if strings.Contains(b.String(), id) {
				t.Errorf("%s shows %s", format, id)
			}
		}
	}
}
