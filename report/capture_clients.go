package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/run"
)

// KindClients is the kind of the object that holds an inventory.
const KindClients = "clients"

// ClientRow is one client of an inventory: a client machine id with everything
// the capture shows of it.
type ClientRow struct {
	CMID      string          `json:"cmid"`
	Previous  string          `json:"prev_cmid,omitempty"`
	Duplicate bool            `json:"duplicate"` // used by several machines
	Machines  []string        `json:"machines"`
	Addresses []netip.Addr    `json:"addresses"`
	Products  []ClientProduct `json:"products"`
	VM        bool            `json:"vm"`
	Requests  int             `json:"requests"`
	Renewals  int             `json:"renewals"`
	Host      netip.AddrPort  `json:"host"` // asked last
	FirstSeen string          `json:"first_seen"`
	LastSeen  string          `json:"last_seen"`
	Clock     float64         `json:"clock_offset_seconds"` // the client's clock minus the capture's
}

// ClientProduct is what a client said of one product.
type ClientProduct struct {
	Name     string `json:"name"`
	SKU      string `json:"sku_id"`
	Status   string `json:"license_status"`
	DaysLeft *int   `json:"days_left"` // at the end of the capture; null where the client gave none
	Outcome  string `json:"outcome"`
	HRESULT  string `json:"hresult,omitempty"`
	Count    uint32 `json:"count"`
	Needed   uint32 `json:"n_policy"`
}

// Clients writes the inventory of a capture in one of [CaptureFormats]; wide is
// text here, and jsonl has a line for each client.
func Clients(format string, w io.Writer, s Style, redact bool, r *capture.Report) error {
	var m *mask
	if redact {
		m = &mask{newPseudonyms()}
	}
	rows := make([]ClientRow, len(r.Clients))
	for i, c := range r.Clients {
		rows[i] = clientRow(c, r.Counters.LastTime, m)
	}
	switch format {
	case "json":
		return writeJSON(w, struct {
			Schema  string      `json:"schema"`
			Kind    string      `json:"kind"`
			Clients []ClientRow `json:"clients"`
			More    int64       `json:"requests_of_more_clients"`
		}{run.Schema, KindClients, rows, r.More}, "  ")
	case "jsonl":
		for _, row := range rows {
			line, err := json.Marshal(struct {
				Kind string `json:"kind"`
				ClientRow
			}{"client", row})
			if err != nil {
				return fmt.Errorf("encoding a client: %w", err)
			}
			if _, err := w.Write(append(escapeHidden(line), '\n')); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		return clientsCSV(w, rows)
	}
	return clientsText(w, s.normal(), rows, r.More)
}

func clientRow(c *capture.Client, now int64, m *mask) ClientRow {
	row := ClientRow{
		CMID: m.id("CMID", c.CMID.String()), Duplicate: c.Cloned(), VM: c.VM, Requests: c.Requests, Renewals: c.Renewals,
		Host: m.addrPort(c.Host), FirstSeen: rfc3339(c.First), LastSeen: rfc3339(c.Last), Clock: c.Clock.Seconds(),
		Machines: []string{}, Addresses: []netip.Addr{}, Products: []ClientProduct{},
	}
	if !c.Previous.IsZero() {
		row.Previous = m.id("CMID", c.Previous.String())
	}
	for _, k := range c.Machines {
		row.Machines = addNew(row.Machines, m.machine(k.Name))
		row.Addresses = addNew(row.Addresses, m.addr(k.Address))
	}
	for _, p := range c.Products {
		out := ClientProduct{SKU: p.ActivationID.String(), Status: p.Status.String(), Outcome: p.Outcome.String(), Count: p.Count, Needed: p.NPolicy}
		if prod, ok := catalog.ProductByActivationID(out.SKU); ok {
			out.Name = prod.Name
		} else if g, ok := catalog.GroupByCountedID(p.CountedID.String()); ok {
			out.Name = g.Name
		}
		if p.Outcome == capture.Refused {
			out.HRESULT = hresult(p.HRESULT)
		}
		if days, ok := p.DaysLeft(now); ok {
			out.DaysLeft = &days
		}
		row.Products = append(row.Products, out)
	}
	return row
}

func addNew[T comparable](list []T, v T) []T {
	for _, k := range list {
		if k == v {
			return list
		}
	}
	return append(list, v)
}

func joined[T fmt.Stringer](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = v.String()
	}
	return strings.Join(parts, " ")
}

// days prints the days left: "27", "-" where the client gave none.
func (p ClientProduct) days() string {
	if p.DaysLeft == nil {
		return "-"
	}
	return strconv.Itoa(*p.DaysLeft)
}

func clientsCSV(w io.Writer, rows []ClientRow) error {
	out := csv.NewWriter(w)
	all := [][]string{{
		"cmid", "duplicate", "machines", "addresses", "product", "license_status", "days_left", "outcome", "hresult",
		"count", "n_policy", "vm", "requests", "renewals", "host", "first_seen", "last_seen", "clock_offset_seconds",
	}}
	for _, r := range rows {
		for _, p := range r.Products {
			all = append(all, []string{
				r.CMID, strconv.FormatBool(r.Duplicate), strings.Join(r.Machines, " "), joined(r.Addresses), p.Name, p.Status,
				p.days(), p.Outcome, p.HRESULT, strconv.Itoa(int(p.Count)), strconv.Itoa(int(p.Needed)), strconv.FormatBool(r.VM),
				strconv.Itoa(r.Requests), strconv.Itoa(r.Renewals), r.Host.String(), r.FirstSeen, r.LastSeen, strconv.FormatFloat(r.Clock, 'f', 3, 64),
			})
		}
	}
	for _, row := range all {
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("encoding CSV: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}

func clientsText(w io.Writer, s Style, rows []ClientRow, more int64) error {
	var b strings.Builder
	duplicates := 0
	for _, r := range rows {
		if r.Duplicate {
			duplicates++
		}
	}
	head := fmt.Sprintf("%d client ids", len(rows))
	if duplicates > 0 {
		head += fmt.Sprintf(", %d used by several machines", duplicates)
	}
	b.WriteString(s.paint(sgrBold, head) + "\n")
	for _, r := range rows {
		mark := s.mark(run.Pass)
		if r.Duplicate {
			mark = s.mark(run.Warn)
		}
		line := strings.Join(r.Machines, ", ") + "  " + joined(r.Addresses)
		if r.VM {
			line += "  (virtual)"
		}
		if r.Duplicate {
			line += "  DUPLICATE ID"
		}
		hang(&b, mark+" "+r.CMID+"  ", line, s.Width)
		for _, p := range r.Products {
			text := fmt.Sprintf("%s: %s", p.Name, p.Status)
			if p.DaysLeft != nil {
				text += fmt.Sprintf(", %d days left", *p.DaysLeft)
			}
			text += fmt.Sprintf("; last asked %s at %s: %s %s", r.LastSeen, r.Host, p.Outcome, p.HRESULT)
			hang(&b, strings.Repeat(" ", s.Glyphs.Width()+1), strings.TrimSpace(text), s.Width)
		}
	}
	if more > 0 {
		fmt.Fprintf(&b, "and %d requests of more clients\n", more)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
