package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/run"
)

// A command that a row gives is shown on one line of its own, however narrow
// the screen is.
func TestCommandIsShownWhole(t *testing.T) {
	command := "Get-Something " + strings.Repeat("and more ", 40) + "| ConvertTo-Json"
	row := run.Event{Finished: &run.Result{
		Check: "client.license", Subject: run.Subject{Key: "site", Kind: run.Site}, Status: run.Skip,
		Summary: "this machine is not Windows", Command: command,
	}}
	for _, format := range []string{"text", "accessible"} {
		var out strings.Builder
		r := Text(&out, Style{Width: 40})
		if format == "accessible" {
			r = Accessible(&out, Style{Width: 40})
		}
		if err := r.Event(row); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(strings.Split(out.String(), "\n"), command) {
			t.Errorf("%s does not show the command on a line of its own:\n%s", format, out.String())
		}
	}
}
