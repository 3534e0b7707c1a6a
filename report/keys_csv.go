package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// CSV writes a row for each key, or, of an answer about machines, for each machine. No cell is a formula to a
// spreadsheet.
func (k *Keys) CSV(w io.Writer) error {
	if len(k.Machines) > 0 {
		rows := [][]string{{"edition", "channel", "partial_key", "verdict", "fault", "cause", "gvlk", "install", "statements"}}
		for _, m := range k.Machines {
			key, install, said := "", "", []string(nil)
			if m.Install != nil {
				key = m.Install.Key
			}
			for _, s := range m.Steps {
				install = strings.Join(s.Commands, " & ")
			}
			for _, s := range m.Statements {
				said = append(said, s.Sure+": "+s.Text)
			}
			rows = append(rows, []string{
				m.Edition, m.Channel, m.PartialKey, m.Verdict, strconv.FormatBool(m.Fault), m.Cause, key, install, strings.Join(said, "; "),
			})
		}
		return writeCSV(w, rows)
	}
	rows := [][]string{{
		"product", "edition", "class", "gvlk", "partial_key", "match", "first_match", "counted_as", "minimum_count", "activation_id", "host_keys", "source", "install",
	}}
	for i, g := range k.Keys {
		count := ""
		if g.MinimumCount > 0 {
			count = strconv.Itoa(g.MinimumCount)
		}
		var hosts []string
		for _, r := range g.Releases {
			for _, id := range r.HostKeys {
				if !slices.Contains(hosts, id) {
					hosts = append(hosts, id)
				}
			}
		}
		first := ""
		if k.Query != "" {
			first = strconv.FormatBool(i < k.First)
		}
		rows = append(rows, []string{
			g.Product, g.Edition, g.Class, g.Key, g.Partial, g.Match, first, g.CountedAs, count, g.ActivationID, strings.Join(hosts, " "), g.Source,
			strings.Join(g.Install, " & "),
		})
	}
	return writeCSV(w, rows)
}

// CSV writes a row for each host system of each host key, with the least update it needs.
func (k *HostKeys) CSV(w io.Writer) error {
	rows := [][]string{{
		"host_key", "name", "match", "activates", "host_system", "role", "first_build", "last_build", "update", "update_first_build", "least_revision", "update_released",
		"office_pack", "activation_ids", "source", "note", "only", "ready",
	}}
	for _, h := range k.Keys {
		ready := ""
		if h.Ready != nil {
			ready = strconv.FormatBool(*h.Ready)
		}
		for _, s := range h.Systems {
			updates := s.Updates
			if len(updates) == 0 {
				updates = []HostUpdateItem{{}}
			}
			for _, u := range updates {
				rows = append(rows, []string{
					h.ID, h.Name, strings.Join(h.Match, " "), strings.Join(h.Activates, "; "), s.Name, s.Role, strconv.Itoa(s.FirstBuild), nonZero(s.LastBuild),
					u.Update, nonZero(u.FirstBuild), u.Least, u.Released, h.OfficePack, strings.Join(h.ActivationIDs, " "), h.Source, h.Note, h.Only, ready,
				})
			}
		}
	}
	return writeCSV(w, rows)
}

// writeCSV writes rows in which no cell is a formula to a spreadsheet.
func writeCSV(w io.Writer, rows [][]string) error {
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	for _, r := range rows {
		for i := range r {
			r[i] = harmless(r[i])
		}
		if err := c.Write(r); err != nil {
			return fmt.Errorf("encoding CSV: %w", err)
		}
	}
	c.Flush()
	_, err := w.Write(b.Bytes())
	return err
}
