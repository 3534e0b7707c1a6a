package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/hostlog"
)

// hostLogCSV writes a row for each client of a host's log.
type hostLogCSV struct {
	w    io.Writer
	mask *mask
}

var hostLogHeader = []string{
	"host", "application", "cmid", "machine", "other_names", "product", "activation_id", "n_policy", "vm", "license_status", "minutes_left",
	"first", "last", "last_served", "requests", "refused", "last_hresult", "clock_offset_minutes", "counted", "leaves_count", "lapses",
	"names", "superseded",
}

func (c *hostLogCSV) write(r *hostlog.Report) error {
	out := csv.NewWriter(c.w)
	if err := out.Write(hostLogHeader); err != nil {
		return fmt.Errorf("encoding CSV: %w", err)
	}
	for k := range r.Clients() {
		row := c.row(k)
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

func (c *hostLogCSV) row(k hostlog.Client) []string {
	status := evidence.LicenseStatusName(k.LicenseStatus)
	if status == "" {
		status = strconv.Itoa(k.LicenseStatus)
	}
	var others []string
	for _, m := range k.Machines {
		if m != k.Machine {
			others = append(others, c.mask.machine(m))
		}
	}
	offset := ""
	if k.HasOffset {
		offset = strconv.FormatFloat(k.Offset.Round(time.Minute).Minutes(), 'f', 0, 64)
	}
	host := k.Host
	if c.mask != nil {
		host = c.mask.host(host)
	}
	return []string{
		host, k.Application, c.mask.id("CMID", k.CMID), c.mask.machine(k.Machine), strings.Join(others, " "), k.Product, k.ActivationID,
		strconv.Itoa(k.N), yesOrNo(k.VM), status, strconv.FormatInt(k.MinutesLeft, 10),
		rowTime(k.First), rowTime(k.Last), rowTime(k.Served), strconv.FormatInt(k.Requests, 10), strconv.FormatInt(k.Refused, 10),
		hresult(k.HRESULT), offset, yesOrNo(k.Counted), rowTime(k.Leaves), rowTime(k.Lapses),
		nameCount(k), yesOrNo(k.Superseded),
	}
}

// nameCount is how many machines use an id.
func nameCount(k hostlog.Client) string {
	n := max(1, len(k.Machines)) + k.MoreMachines
	if k.AtLeast {
		return fmt.Sprintf("at least %d", n)
	}
	return strconv.Itoa(n)
}

func rowTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
