package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
	"github.com/kmsdiag/kmsdiag/run"
)

// captureCSV writes a row for each exchange, and one for each connection to a
// KMS host that brought none.
type captureCSV struct {
	w    io.Writer
	mask *mask
}

var csvHeader = []string{
	"what", "number", "time", "client", "client_port", "host", "host_port", "outcome", "hresult", "fault", "product",
	"version", "workstation", "cmid", "license_status", "minutes_left", "n_policy", "count", "epid", "hwid", "syntax", "client_time", "milliseconds",
	"failed_checks", "first_packet", "last_packet", "file",
}

// Begin implements [CaptureRenderer].
func (c *captureCSV) Begin(run.Event) error { return c.rows([][]string{csvHeader}) }

// Encode implements [CaptureRenderer].
func (c *captureCSV) Encode() func([]capture.Record, []byte) []byte { return nil }

// End implements [CaptureRenderer].
func (c *captureCSV) End(*capture.Report, []run.Event) error { return nil }

// Records implements [CaptureRenderer].
func (c *captureCSV) Records(records []capture.Record, _ []byte) error {
	var rows [][]string
	for _, r := range records {
		switch {
		case r.Exchange != nil:
			rows = append(rows, c.exchange(r.Exchange))
		case r.Connection != nil && r.Connection.KMS && r.Connection.Exchanges == 0:
			rows = append(rows, c.connection(r.Connection))
		}
	}
	return c.rows(rows)
}

func (c *captureCSV) rows(rows [][]string) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, r := range rows {
		for i := range r {
			r[i] = harmless(r[i])
		}
		if err := w.Write(r); err != nil {
			return fmt.Errorf("encoding CSV: %w", err)
		}
	}
	w.Flush()
	_, err := c.w.Write(b.Bytes())
	return err
}

// harmless keeps a spreadsheet from taking text of a peer for a formula.
func harmless(s string) string {
	s = printable(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			return "'" + s
		}
	}
	return s
}

func (c *captureCSV) exchange(x *capture.Exchange) []string {
	r := make([]string, len(csvHeader))
	put := func(name, value string) { r[csvColumn[name]] = value }
	put("what", KindExchange)
	put("number", strconv.FormatInt(x.Number, 10))
	put("time", rfc3339(max(x.Requested, x.Answered*b2i(x.Requested == 0))))
	client, host := c.mask.addrPort(x.Client), c.mask.addrPort(x.Host)
	put("client", client.Addr().String())
	put("client_port", strconv.Itoa(int(client.Port())))
	put("host", host.Addr().String())
	put("host_port", strconv.Itoa(int(host.Port())))
	put("outcome", x.Outcome.String())
	if x.HasHRESULT() {
		put("hresult", hresult(x.HRESULT))
	}
	if x.Outcome == capture.Faulted {
		put("fault", hresult(x.Fault))
	}
	if q := x.Req; q != nil && q.Decoded {
		put("product", productOf(x))
		put("version", q.Outer.String())
		put("workstation", c.mask.machine(q.Workstation))
		put("cmid", c.mask.id("CMID", q.CMID.String()))
		put("license_status", q.LicenseStatus.String())
		put("minutes_left", strconv.FormatUint(uint64(q.RemainingMinutes), 10))
		put("n_policy", strconv.FormatUint(uint64(q.NPolicy), 10))
		put("client_time", q.ClientTime.String())
	}
	if p := x.Resp; p != nil && p.Decoded {
		put("count", strconv.FormatUint(uint64(p.Count), 10))
		put("epid", c.mask.id("EPID", p.EPID))
		if p.Outer.Major() == 6 {
			put("hwid", c.mask.id("HwID", p.HwID.String()))
		}
	}
	if x.Syntax != dcerpc.EncodingUnknown {
		put("syntax", x.Syntax.String())
	}
	if x.Requested > 0 && x.Answered > 0 {
		put("milliseconds", strconv.FormatFloat(float64(x.Answered-x.Requested)/1e6, 'f', 3, 64))
	}
	var failed []string
	for _, id := range x.FailedChecks {
		failed = append(failed, string(id))
	}
	put("failed_checks", strings.Join(failed, " "))
	put("first_packet", strconv.FormatInt(max(x.Request.First, x.Answer.First*b2i(x.Request.First == 0)), 10))
	put("last_packet", strconv.FormatInt(max(x.Request.Last, x.Answer.Last), 10))
	put("file", x.File)
	return r
}

func (c *captureCSV) connection(k *capture.Connection) []string {
	r := make([]string, len(csvHeader))
	put := func(name, value string) { r[csvColumn[name]] = value }
	client, host := c.mask.addrPort(k.Client), c.mask.addrPort(k.Host)
	put("what", KindConnection)
	put("number", strconv.FormatInt(k.Number, 10))
	put("time", rfc3339(k.First))
	put("client", client.Addr().String())
	put("client_port", strconv.Itoa(int(client.Port())))
	put("host", host.Addr().String())
	put("host_port", strconv.Itoa(int(host.Port())))
	put("outcome", c.mask.text(attemptText(k)))
	put("milliseconds", strconv.FormatFloat(float64(k.Last-k.First)/1e6, 'f', 3, 64))
	put("first_packet", strconv.FormatInt(k.Span.First, 10))
	put("last_packet", strconv.FormatInt(k.Span.Last, 10))
	put("file", k.File)
	return r
}

var csvColumn = func() map[string]int {
	m := map[string]int{}
	for i, n := range csvHeader {
		m[n] = i
	}
	return m
}()

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func rfc3339(ns int64) string {
	if ns == 0 {
		return ""
	}
	return time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
}

// productOf names what a request asks for.
func productOf(x *capture.Exchange) string {
	if x.Req == nil || !x.Req.Decoded {
		return ""
	}
	return productNamed(x.Req.SKUID.String(), x.Req.CountedID.String())
}

// productNamed names a product by its activation id, or the group that a host
// knows it by.
func productNamed(sku, counted string) string {
	if sku == "" {
		return ""
	}
	if p, ok := catalog.ProductByActivationID(sku); ok {
		return p.Name
	}
	if g, ok := catalog.GroupByCountedID(counted); ok {
		return g.Name
	}
	return "product " + sku
}
