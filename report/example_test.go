package report_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/kmsdiag/kmsdiag/report"
)

func ExampleReplay() {
	saved := `{"kind":"plan","schema":"kmsdiag/1","title":"corp.example","checks":[{"id":"dns.srv","group":"DISCOVER"}]}
{"kind":"finished","check":"dns.srv","status":"pass","summary":"2 records at _vlmcs._tcp.corp.example","took":11000000}
{"kind":"summary","worst":"pass","counts":{"pass":1},"conclusion":"DNS names two hosts.","took":12000000}`
	if err := report.Replay(strings.NewReader(saved), report.Text(os.Stdout, report.Style{Glyphs: report.ASCII})); err != nil {
		fmt.Println(err)
	}
	// Output:
	// corp.example
	//
	// DISCOVER
	// [ok]   dns.srv      2 records at _vlmcs._tcp.corp.example                  11 ms
	//
	// 1 passed in 12 ms
	// DNS names two hosts.
}
