package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

func TestConclude(t *testing.T) {
	const rest = "Not tested: any PC's own licence, pinned host and clock."
	for _, test := range []struct {
		name string
		set  evidence.Set
		want []string // lines
	}{
		{"served, and a silent host", published(kms01, kms02).works(kms01, "10.0.0.5").reach(kms02, "10.0.0.6", evidence.Silent).Set, []string{
			"A KMS client asking for Windows 11 Enterprise from 10.0.4.17 would be served by kms01.", "kms02 is silent.", rest,
		}},
		{"two hosts", published(kms01, kms02).works(kms01, "10.0.0.5").works(kms02, "10.0.0.6").Set, []string{
			"A KMS client asking for Windows 11 Enterprise from 10.0.4.17 would be served by kms01 and kms02.", rest,
		}},
		{"no record", newSite().srv("corp.example", "10.0.0.2", evidence.DNSNoName).Set, []string{
			"No KMS host is published for corp.example, as these DNS servers answer.", rest,
		}},
		{"low count", published(kms01).works(kms01, "10.0.0.5").request(kms01, "10.0.0.5", "windows-11", count(12)).Set, []string{
			"kms01 answers for Windows 11 Enterprise and counts 12 with this probe, 11 without; a client is activated from 25 on.", rest,
		}},
		{"just enough", published(kms01).works(kms01, "10.0.0.5").request(kms01, "10.0.0.5", "windows-11", count(25)).Set, []string{
			"A KMS client asking for Windows 11 Enterprise from 10.0.4.17 would be served by kms01.", "kms01 reaches 25 only with this probe.", rest,
		}},
		{"a server product", published(kms01).works(kms01, "10.0.0.5").request(kms01, "10.0.0.5", "server-2019", count(7)).Set, []string{
			"A KMS client asking for Windows Server 2019 Datacenter from 10.0.4.17 would be served by kms01.",
			"A KMS client asking for Windows 11 Enterprise from 10.0.4.17 would be served by kms01.",
			"Windows client editions need 25; kms01 counts 7 with this probe, 6 without.", rest,
		}},
		{"older protocol", published(kms01).reach(kms01, "10.0.0.5", evidence.Open).request(kms01, "10.0.0.5", "windows-11", func(x *evidence.Exchange) { x.Version = "4.0" }).Set, []string{
			"kms01 answers for Windows 11 Enterprise in protocol 4.0 only; its clients ask in 6.0, which was not shown to work.", rest,
		}},
		{"bind only", published(kms01).reach(kms01, "10.0.0.5", evidence.Open).bind(kms01, "10.0.0.5", evidence.BindAccepted).Set, []string{
			"Nothing that explains a failure was found.", "Not tested: any PC's own licence, pinned host, clock and a request to kms01 (only the bind).",
		}},
		{"on the host", published(kms01).works(kms01, "10.0.4.17").Set, []string{
			"A KMS client asking for Windows 11 Enterprise from 10.0.4.17 would be served by kms01.",
			"kms01 is this machine: Windows' own client here would refuse that path, and nothing was shown about the network.", rest,
		}},
		{"same subnet", published(kms01).works(kms01, "10.0.4.5").Set, []string{
			"A KMS client asking for Windows 11 Enterprise from 10.0.4.17 would be served by kms01.",
			"Tested within the subnet of kms01: a rule that admits the local subnet alone would not have shown.", rest,
		}},
		{"a general code", stated(0xC004F074), []string{
			"0xC004F074 alone says only that no usable answer came, not why.",
			"Look at the network next: kmsdiag check DOMAIN, and event 12288 on the client.", rest,
		}},
		{"Azure's KMS from outside", newSite().reach("azkms.core.windows.net", "20.118.99.224", evidence.Silent).Set, []string{
			"azkms.core.windows.net is silent.", "Not tested: any PC's own licence, pinned host, clock and azkms.core.windows.net from inside Azure.",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Conclude(&test.set, Diagnose(&test.set))
			if want := strings.Join(test.want, "\n"); got.Text != want {
				t.Errorf("got\n%s\nwant\n%s", got.Text, want)
			}
		})
	}
}

func TestPastedCapturesSpeakOfWhoAsked(t *testing.T) {
	set := published(kms01).works(kms01, "10.0.0.5").Set
	set.Exchanges[0].Origin = evidence.Origin{File: "lan.pcap", Packets: []int64{4, 6}}
	got := Conclude(&set, nil)
	if want := "A request for Windows 11 Enterprise from 10.0.4.17 was served by kms01."; !slices.Equal(got.Proved, []string{want}) {
		t.Errorf("proved %q", got.Proved)
	}
	set.Licenses = []evidence.License{{Origin: paste(1), RegisteredHost: kms01}}
	set.ClientRequests = []evidence.ClientRequestEvent{{Origin: paste(2)}}
	if got := Conclude(&set, nil); len(got.NotTested) != 0 || !strings.HasSuffix(got.Text, "\nNot tested: any other PC.") {
		t.Errorf("with a client's own words: %q", got.Text)
	}
}
