package report

import (
	"fmt"
	"io"

	"github.com/kmsdiag/kmsdiag/hostlog"
)

// HostLogFormats are the formats of [HostLog].
var HostLogFormats = []string{"text", "json", "csv"}

// HostLog writes what the log of a KMS host tells. With redact names and ids
// are replaced by pseudonyms, as by [Redact]; names of files are as they were
// given to [hostlog.Read].
func HostLog(format string, w io.Writer, s Style, redact bool, r *hostlog.Report) error {
	if format == "csv" {
		c := hostLogCSV{w: w}
		if redact {
			c.mask = &mask{newPseudonyms()}
		}
		return c.write(r)
	}
	if redact {
		p := newPseudonyms()
		p.learnText(r.Evidence)
		r = p.replace(r).(*hostlog.Report)
	}
	switch format {
	case "json":
		c := *r
		c.Causes = causeLists(r.Causes)
		return writeJSON(w, c, "  ")
	case "text":
		return (&hostLogText{s: s.normal(), r: r, redacted: redact}).write(w)
	}
	return fmt.Errorf("no format is called %q", format)
}
