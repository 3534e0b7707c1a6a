//go:build integration && linux

package integration

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode"
)

// TestIntegrationHostileText lets name server and peer send what a terminal
// would act on; none of it is in any output.
func TestIntegrationHostileText(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "named")
	l := newLink(t)
	// ESC [ 2 J, BEL, the C1 introducer, and U+202E in UTF-8.
	l.server.named(t, namedAddr, "", corpZone(
		`_vlmcs._tcp SRV 0 0 1688 evil\027[2J\007\155\226\128\174.corp.example.`,
		`evil\027[2J\007\155\226\128\174 A 10.77.0.5`,
		`_vlmcs._tcp SRV 0 0 1688 kms02`, `kms02 CNAME \027]0\059x\007`, `\027]0\059x\007 A 10.77.0.6`))
	for _, address := range []string{"10.77.0.5:1688", "10.77.0.6:1688"} {
		accept(t, l.server.listen(t, address), flood([]byte("\x1b[2J\x07\x9b\xe2\x80\xae\r\n")))
	}
	for _, format := range []string{"text", "short", "json", "jsonl"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c := l.client.commandWith(ctx, t, joined, program, "check", "-v", "-o", format, "corp.example", "--dns", namedAddr)
			c.Env = append(plainEnviron(), "LANG=C.UTF-8")
			var stderr bytes.Buffer
			c.Stderr = &stderr
			out, _ := c.Output()
			if code := c.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(out), "kms02") {
				t.Fatalf("exit %d, %s\n%s", code, stderr.String(), out)
			}
			for _, r := range string(out) + stderr.String() {
				if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar) {
					t.Fatalf("%U in the output:\n%q", r, out)
				}
			}
		})
	}
}
