package windows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/kmsdiag/kmsdiag/evidence"
)

func TestReadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		empty    bool
		says     string
	}{
		{"nothing", "", true, "the paste is empty"},
		{"blanks", " \r\n\t\n  ", true, "the paste is empty"},
		{"a mark alone", "\ufeff", true, "the paste is empty"},
		{"event log file", "ElfFile\x00\x00\x00", false, "clip is an event log file (.evtx), not text; kmsdiag hostlog reads that of a KMS host; export another as text: wevtutil qe FILE.evtx /lf:true /f:text"},
		{"archive", "PK\x03\x04rest", false, "clip is a ZIP archive or an Office document, not text; paste its text"},
		{"junk", "\x01\x02\x03\x00\x05\xff\xfe", false, "clip is not text"},
		{"control characters", strings.Repeat("\x01\x02", 40), false, "clip is not text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadString(context.Background(), tt.in, "clip")
			if errors.Is(err, ErrEmpty) != tt.empty {
				t.Errorf("error %v", err)
			}
			var binary *BinaryError
			if !tt.empty && !errors.As(err, &binary) {
				t.Errorf("error %T, want a *BinaryError", err)
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %q does not say %q", err, tt.says)
			}
		})
	}
}

func TestReadStops(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("the user went away")
	cancel(why)
	if _, err := ReadString(ctx, "0xC004F074\n", "clip"); !errors.Is(err, why) {
		t.Errorf("error %v, want the context's cause", err)
	}
	broken := io.MultiReader(strings.NewReader(strings.Repeat("0xC004F074\n", 10)), iotest.ErrReader(io.ErrUnexpectedEOF))
	paste, err := Read(context.Background(), broken, "clip")
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(paste.Set.Codes) != 1 {
		t.Errorf("error %v, %d codes; what was read before is kept", err, len(paste.Set.Codes))
	}
}

// TestKeysAreMasked: a key may stand anywhere, and in any dress.
func TestKeysAreMasked(t *testing.T) {
	const secret, public = "QQ3RT-7YHGF-88KMN-PPTRV-XD6WB", "NPPR9-FWDCX-D2C8J-H872K-2YT43"
	for _, text := range []string{
		"Installed product key KEY successfully.",
		"the key is KEY, I think",
		"slmgr /ipk KEY",
		"C:\\>slmgr /ipk KEY",
		"LICENSE NAME: Office 21, KEY edition",
		"**KEY**",
		"`KEY`",
		"Message     : KEY\n",
		"Error: 0xC004F050 the key KEY is invalid",
		"<Event><System><EventID>1016</EventID></System><EventData><Data>KEY</Data></EventData></Event>",
		"{\"Name\": \"KEY\", \"LicenseStatus\": 1}",
	} {
		for _, key := range []string{secret, strings.ToLower(secret), strings.ReplaceAll(secret, "-", "\u2013"), fullWidth(secret)} {
			shown := fmt.Sprintf("%+v", read(t, strings.ReplaceAll(text, "KEY", key)))
			for _, group := range strings.FieldsFunc(secret, func(r rune) bool { return r == '-' })[:4] {
				if strings.Contains(strings.ToUpper(shown), group) || strings.Contains(shown, fullWidth(group)) {
					t.Errorf("%q shows group %s of the key: %s", text, group, shown)
				}
			}
		}
	}
	if paste := read(t, "we typed "+public+" again"); len(paste.Unread) != 1 || !strings.Contains(paste.Unread[0].Text, public) {
		t.Errorf("a generic key that Microsoft publishes is hidden: %+v", paste.Unread)
	}
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r - '!' + 0xFF01
		}
		return r
	}, s)
}

func TestMask(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"QQ3RT-7YHGF-88KMN-PPTRV-XD6WB", "XXXXX-XXXXX-XXXXX-XXXXX-XD6WB"},
		{"key QQ3RT-7YHGF-88KMN-PP", "key XXXXX-XXXXX-XXXXX-PP"},
		{"NPPR9-FWDCX-D2C8J-H872K-2YT43", "NPPR9-FWDCX-D2C8J-H872K-2YT43"},
		{"NPPR9-FWDCX-D2C8J-H872K-2YT44", "XXXXX-XXXXX-XXXXX-XXXXX-2YT44"},
		{"00454-40000-00000-AA301", "00454-40000-00000-AA301"},
		{"03612-00206-602-144388-03-1033-20348.0000-1032024", "03612-00206-602-144388-03-1033-20348.0000-1032024"},
		{"12345-12345-12345-12345-12345", "12345-12345-12345-12345-12345"},
		{"host ABC01-SITEA-LAB02", "host ABC01-SITEA-LAB02"},
		{"1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1", "1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1"},
	} {
		if got, _, _ := mask(tt.in); got != tt.want {
			t.Errorf("mask(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestDashesInKey: a key that a word processor joined with dashes is a reason for
// a refusal.
func TestDashesInKey(t *testing.T) {
	if ids := statementsOf(t, "slmgr /ipk NPPR9\u2013FWDCX\u2013D2C8J\u2013H872K\u20132YT43 is refused"); !slices.Contains(ids, evidence.KeyPasted) {
		t.Errorf("statements %v", ids)
	}
}

// TestMixedPaste reads everything at once and wants the facts of each part.
func TestMixedPaste(t *testing.T) {
	var all strings.Builder
	var want evidence.Set
	names := []string{}
	for name := range samples(t) {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name == "server_logs" || name == "pykms_log" { // what they amount to is known at their end
			continue
		}
		text := samples(t)[name]
		all.WriteString("Here is " + name + " as they sent it\n\n" + text + "\n\n")
		want.Add(read(t, text).Set)
	}
	got := read(t, all.String()).Set
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"licenses", len(got.Licenses), len(want.Licenses)},
		{"hosts", len(got.Hosts), len(want.Hosts)},
		{"actions", len(got.Actions), len(want.Actions)},
		{"client requests", len(got.ClientRequests), len(want.ClientRequests)},
		{"client answers", len(got.ClientAnswers), len(want.ClientAnswers)},
		{"host requests", len(got.HostRequests), len(want.HostRequests)},
		{"log events", len(got.LogEvents), len(want.LogEvents)},
		{"adapters", len(got.Adapters), len(want.Adapters)},
		{"routes", len(got.Routes), len(want.Routes)},
		{"services", len(got.Services), len(want.Services)},
		{"pings", len(got.Pings), len(want.Pings)},
		{"clocks", len(got.Clocks), len(want.Clocks)},
		{"exchanges", len(got.Exchanges), len(want.Exchanges)},
		{"binds", len(got.Binds), len(want.Binds)},
	} {
		if c.got != c.want {
			t.Errorf("%d %s, the parts have %d", c.got, c.what, c.want)
		}
	}
}

// TestEveryKindHasASample keeps the samples complete.
func TestEveryKindHasASample(t *testing.T) {
	seen := map[Kind]bool{}
	for _, text := range samples(t) {
		for _, k := range read(t, text).Kinds {
			seen[k.Kind] = true
		}
	}
	for _, k := range []Kind{
		KindDLI, KindDLV, KindXPR, KindATO, KindIPK, KindSKMS, KindHostBlock, KindScriptBanner,
		KindCIMProduct, KindCIMService, KindOSLicense, KindDStatus, KindAct, KindDCMID,
		KindEvent12288, KindEvent12289, KindEvent12290, "event 12291", "event 12293", "event 12294", "event 8198", "event 8229", "event 8233",
		"event 900", "event 1003", "event 1014", "event 16385",
		KindNSLookup, KindDig, KindHost, KindResolveDNS, KindTNC, KindPortQry, KindTelnet, KindNetcat, KindPsPing, KindPing, KindNetstat,
		KindW32tm, KindRoutes, KindIPConfig, KindDsReg, KindProfile, KindSystemInfo, KindDISM, KindRegistry, KindService, KindPortRange,
		KindVlmcs, KindVlmcsd, KindPyKMS, KindSlui, KindCode, KindPhrase,
	} {
		if !seen[k] {
			t.Errorf("no sample of %s", k)
		}
	}
}

// TestHostLogAddsUp: totals are of all requests, whatever is kept of them, and
// shared client ids are kept when all else is cut.
func TestHostLogAddsUp(t *testing.T) {
	var text strings.Builder
	const distinct = maxEach + 2000
	for i := range distinct {
		fmt.Fprintf(&text, "0x0,25,PC-%d,1f0c9a52-6d0e-4b7f-9a51-%012x,2026/3/14 8:02,1,2,41760,73111121-5638-40f6-bc11-f1d7b0d64300\n", i, i)
	}
	fmt.Fprintln(&text, "0x0,25,CLONE-1,1f0c9a52-6d0e-4b7f-9a51-000000000001,2026/3/15 8:02,1,2,41760,73111121-5638-40f6-bc11-f1d7b0d64300")
	fmt.Fprintln(&text, "0xC004F042,25,NEW-1,1f0c9a52-6d0e-4b7f-9a51-0000000fffff,2026/3/16 8:02,1,2,41760,73111121-5638-40f6-bc11-f1d7b0d64300")
	paste := read(t, text.String())
	if len(paste.Set.HostLogs) != 1 {
		t.Fatalf("%d host logs", len(paste.Set.HostLogs))
	}
	log := paste.Set.HostLogs[0]
	if log.Requests != distinct+2 || log.CMIDs != distinct+1 || log.Shared != 1 || log.Results["0xC004F042"] != 1 {
		t.Errorf("totals %+v", log)
	}
	if log.Last.Day() != 16 || log.First.Day() != 14 {
		t.Errorf("from %v to %v", log.First, log.Last)
	}
	last := paste.Set.HostRequests[len(paste.Set.HostRequests)-2:]
	if last[0].Machine != "CLONE-1" || last[1].HRESULT != 0xC004F042 {
		t.Errorf("the telling requests were cut: %+v", last)
	}
	if paste.Truncated.Observations != 2000 {
		t.Errorf("%d observations left out, want 2000", paste.Truncated.Observations)
	}
}

func TestUnreadIsBounded(t *testing.T) {
	var text strings.Builder
	for i := range 3 * maxUnread {
		fmt.Fprintf(&text, "zzz %d\n", i)
	}
	paste := read(t, text.String())
	if len(paste.Unread) != maxUnread || paste.Truncated.UnreadLines != 2*maxUnread {
		t.Errorf("%d unread and %d more", len(paste.Unread), paste.Truncated.UnreadLines)
	}
	if !paste.Truncated.Any() {
		t.Error("Truncated says that nothing was left out")
	}
}

func TestLongLines(t *testing.T) {
	text := strings.Repeat("x", 3*maxLine) + " 0xC004F074\nError: 0xC004F038\n"
	paste := read(t, text)
	if paste.Truncated.LongLines != 1 || paste.Lines != 2 {
		t.Errorf("%d long lines of %d", paste.Truncated.LongLines, paste.Lines)
	}
	if len(paste.Set.Codes) != 2 || paste.Set.Codes[1].Origin.Line != 2 {
		t.Errorf("codes %+v", paste.Set.Codes)
	}
}

func TestBrokenLists(t *testing.T) {
	const whole = "0xC004F06C, 0x00000000, kms01.corp.example:1688, 1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1, 2026/03/14 02:02, 1, 2, 41760, 73111121-5638-40f6-bc11-f1d7b0d64300, 25"
	want := read(t, whole).Set.ClientRequests[0]
	for at := 30; at < len(whole)-4; at++ {
		got := read(t, whole[:at]+"\n"+whole[at:]+"\n").Set.ClientRequests
		if len(got) != 1 {
			t.Errorf("broken at %d: %d events", at, len(got))
			continue
		}
		got[0].Origin = want.Origin
		if !reflect.DeepEqual(got[0], want) && !(whole[at-1] == ',' || strings.HasPrefix(whole[at:], ",")) {
			t.Errorf("broken at %d: %+v", at, got[0])
		}
	}
}

// TestEventsOnOneLine: an XML export may be one line of any length.
func TestEventsOnOneLine(t *testing.T) {
	const event = `<Event xmlns='x'><System><EventID>12288</EventID><Computer>pc-1.corp.example</Computer></System><EventData><Data>0xC004F06C, 0x00000000, kms01.corp.example:1688, 1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1, 2026/03/14 02:02, 1, 2, 41760, 73111121-5638-40f6-bc11-f1d7b0d64300, 25</Data></EventData></Event>`
	const n = 1000
	paste := read(t, "<Events>"+strings.Repeat(event, n)+"</Events>")
	if got := len(paste.Set.ClientRequests); got != n {
		t.Errorf("%d events of %d", got, n)
	}
	for _, e := range paste.Set.ClientRequests {
		if e.Host != "kms01.corp.example" || e.Machine != "pc-1.corp.example" || e.NPolicy != 25 {
			t.Fatalf("an event was cut: %+v", e)
		}
	}
}
