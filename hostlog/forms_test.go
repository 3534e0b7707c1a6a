package hostlog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/kmsdiag/kmsdiag/evidence/windows"
	"github.com/kmsdiag/kmsdiag/kms"
)

func TestParseList(t *testing.T) {
	t.Parallel()
	const cmid, sku = "e5c98033-aab6-4d0b-9af9-1d399597dd56", "cf67834d-db4a-402c-ab1f-2c134f02b700"
	want := Request{
		HRESULT: 0xC004F06C, N: 25, Machine: []byte("kms03.site5.corp.example"), CMID: mustID(cmid),
		ClientTime: time.Date(2026, 1, 4, 22, 36, 0, 0, time.UTC), VM: true, Status: kms.OOBGrace, Minutes: 40123, SKU: mustID(sku),
	}
	for _, text := range []string{
		"0xC004F06C,25,kms03.site5.corp.example," + cmid + ",2026/1/4 22:36,1,2,40123," + sku,
		"0xc004f06c, 25, kms03.site5.corp.example, " + strings.ToUpper(cmid) + ", 2026/01/04 22:36, 1, 2, 40123, " + sku,
		"0xC004F06C,25,kms03.site5.corp.example," + cmid + ",1/4/2026 22:36,1,2,40123," + sku + `"`,
	} {
		var r Request
		if !parseList([]byte(text), &r) || fmt.Sprint(r) != fmt.Sprint(want) {
			t.Errorf("%s: %+v", text, r)
		}
		if listStart([]byte("Info: "+text)) != 6 {
			t.Errorf("%s: no list found", text)
		}
	}
	var r Request
	if text := "0x0,5,a,b,c," + cmid + ",2026/1/4 22:36,0,1,7," + sku; !parseList([]byte(text), &r) || string(r.Machine) != "a,b,c" {
		t.Errorf("a name with commas: %q", r.Machine)
	}
	if text := "0x0,5," + strings.Repeat("ä", 40000) + "," + cmid + ",2026/1/4 22:36,0,1,7," + sku; !parseList([]byte(text), &r) || len(r.Machine) > maxName || !bytes.HasSuffix(r.Machine, []byte("ä")) {
		t.Errorf("a long name: %d bytes", len(r.Machine))
	}
	for _, text := range []string{
		"", "0x0", "0x0,25", "0x0,25,pc", "0x,25,pc," + cmid + ",2026/1/4 22:36,0,1,7," + sku,
		"0x0,25,pc," + cmid[:30] + ",2026/1/4 22:36,0,1,7," + sku, "0x0,25,pc," + cmid + ",2026/1/4 22:36,2,1,7," + sku,
		"0x0,-5,pc," + cmid + ",2026/1/4 22:36,0,1,7," + sku, "0x0,25,pc," + cmid + ",2026/1/4 22:36,0,1,7," + sku[:20],
		"0x123456789,25,pc," + cmid + ",2026/1/4 22:36,0,1,7," + sku,
	} {
		if parseList([]byte(text), &r) {
			t.Errorf("%q was read as %+v", text, r)
		}
	}
}

func TestStamps(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 2, 15, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		text      string
		ambiguous bool
	}{
		{"2026-11-02T15:04:05.0000000Z", false},
		{"2026-11-02T16:04:05+01:00", false},
		{"2026-11-02 15:04:05", false},
		{"2026/11/2 15:04:05", false},
		{"2026/11/2 下午 3:04:05", false},
		{"2026-11-02 오후 3:04:05", false},
		{"2026. 11. 02. 15:04:05", false},
		{"02.11.2026 15:04:05", false},
		{"2.11.2026 15.04.05", false},
		{"Monday, November 2, 2026 3:04:05 PM", false},
		{"2 November 2026 15:04:05", false},
		{"02-Nov-26 3:04:05 PM", false},
		{"11/2/2026 3:04:05\u202fPM", true},
		{"\u200e11/2/2026 3:04:05 PM", true},
		{"02/11/2026 15:04:05", true},
		{"02/11/2569 15:04:05", true},
		{"02-11-2026 15:04:05", true},
		{"2/11/26 3:04:05 p. m.", true},
	} {
		s := parseStamp([]byte(test.text))
		if !s.dayFirst.Equal(want) && !s.monthFirst.Equal(want) || s.ambiguous() != test.ambiguous {
			t.Errorf("%s: %+v", test.text, s)
		}
	}
	for _, text := range []string{"", "12290", "Information", "13/13/2026 1:00:00", "2026-02-30T01:00:00", "0x0,25,pc", "99/99/9999 99:99:99", "kms01:1688"} {
		if s := parseStamp([]byte(text)); !s.zero() {
			t.Errorf("%q was read as %+v", text, s)
		}
	}
}

// zone is how far the local times of the test's host are ahead of UTC.
const zone = 2 * time.Hour

// TestForms reads one log in every form: all give the same requests with the
// same times.
func TestForms(t *testing.T) {
	t.Parallel()
	var reqs []req
	for day := range 40 { // days below and above 12
		r := renewal(noon.Add(time.Duration(day-40)*24*time.Hour), day%7)
		r.client = r.at.Add(time.Duration(day%3) * time.Minute)
		reqs = append(reqs, r)
	}
	reversed := make([]req, len(reqs))
	for i, r := range reqs {
		reversed[len(reqs)-1-i] = r
	}
	const us, gb, de, iso = "1/2/2006 3:04:05 PM", "02/01/2006 15:04:05", "02.01.2006 15:04:05", "2006-01-02T15:04:05.000"
	var list, wrapped, after bytes.Buffer
	for _, r := range reqs {
		fmt.Fprintf(&list, "TimeCreated  : %s\r\nProviderName : KmsRequests\r\nId           : 12290\r\nMessage      : An activation request has been processed.\r\n               Info:\r\n               %s\r\n\r\n\r\n", r.at.Add(zone).Format(us), r.list())
		text := r.list()
		at := strings.IndexByte(text, ' ')
		fmt.Fprintf(&wrapped, "TimeCreated  : %s\nMessage      : An activation request has been processed.\n               Info:\n               %s\n               %s\n\n", r.at.Add(zone).Format(gb), text[:at], text[at+1:])
		fmt.Fprintf(&after, "Message              : An activation request has been processed.\n                       Info:\n                       %s\nId                   : 12290\nMachineName          : kms01.corp.example\nTimeCreated          : %s\n\n", text, r.at.Add(zone).Format(us))
	}
	viewer := bytes.ReplaceAll(textOf(de, zone, reqs...), []byte("  Date:"), []byte("Datum:  "))
	exported := bytes.NewBufferString("#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\n\"Message\",\"Id\",\"MachineName\",\"TimeCreated\"\n")
	for _, r := range reqs {
		fmt.Fprintf(exported, "\"An activation request has been processed.\nInfo:\n%s\",\"12290\",\"kms01.corp.example\",\"%s\"\n", r.list(), r.at.Add(zone).Format(us))
	}
	var events bytes.Buffer
	events.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<Events>")
	events.Write(bytes.ReplaceAll(xmlOf(reqs...), []byte("\n"), nil))
	events.WriteString("</Events>")

	for name, file := range map[string][]byte{
		"evtx": evtxOf(reqs...), "xml": xmlOf(reqs...), "xml document": events.Bytes(),
		"text iso": textOf(iso, zone, reqs...), "text us": textOf(us, zone, reqs...), "text gb": textOf(gb, zone, reqs...),
		"text de": viewer, "text newest first": textOf(us, zone, reversed...),
		"list": list.Bytes(), "list wrapped": wrapped.Bytes(), "list time last": after.Bytes(),
		"csv us": csvOf(us, zone, reqs...), "csv gb": csvOf(gb, zone, reqs...), "csv de": bytes.ReplaceAll(csvOf(de, zone, reqs...), []byte("Information"), []byte("Informationen")),
		"csv export": exported.Bytes(), "csv semicolon": bytes.ReplaceAll(bytes.ReplaceAll(exported.Bytes(), []byte(`","`), []byte(`";"`)), []byte("#TYPE"), []byte("#TYPE")),
	} {
		for encoding, bytes := range encodings(file, name == "evtx") {
			tally, s, err := collect(t.Context(), bytes)
			if err != nil || s.info.Unread != 0 || len(s.info.Damage) != 0 {
				t.Errorf("%s, %s: %v, %+v", name, encoding, err, s.info)
				continue
			}
			if tally.requests != int64(len(reqs)) || tally.clients.n != 7 || tally.first != unix(reqs[0].at) || tally.newest != unix(reqs[len(reqs)-1].at) {
				t.Errorf("%s, %s: %d requests of %d clients from %v to %v; %s", name, encoding, tally.requests, tally.clients.n,
					fromUnix(tally.first), fromUnix(tally.newest), s.info.Times)
			}
		}
	}
}

// encodings are a file in every encoding; a binary one only packed.
func encodings(file []byte, binary bool) map[string][]byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(file)
	_ = z.Close()
	out := map[string][]byte{"plain": file, "gzip": packed.Bytes()}
	if binary {
		return out
	}
	little, big := []byte{0xFF, 0xFE}, []byte{0xFE, 0xFF}
	for _, c := range utf16.Encode([]rune(string(file))) {
		little = append(little, byte(c), byte(c>>8))
		big = append(big, byte(c>>8), byte(c))
	}
	out["UTF-16LE"], out["UTF-16BE"], out["UTF-16LE without mark"] = little, big, little[2:]
	out["UTF-8 with mark"] = append([]byte{0xEF, 0xBB, 0xBF}, file...)
	return out
}

// TestBareLists have no time but the clients'.
func TestBareLists(t *testing.T) {
	t.Parallel()
	a, b := renewal(noon, 1), renewal(noon.Add(time.Hour), 2)
	r := read(t, Options{}, []byte(a.list()+"\n> "+b.list()+"\n"+b.list()+"\n"))
	if r.Requests != 3 || r.Lists[0].Clients != 2 || !r.Now.Equal(b.at) || !strings.Contains(r.Sources[0].Times, "the client's is taken") {
		t.Errorf("%+v", r.Sources)
	}
	again := read(t, Options{}, []byte(a.list()+"\n"), []byte(a.list()+"\n"+b.list()+"\n"))
	if again.Requests != 2 || again.Duplicates != 1 {
		t.Errorf("%d requests, %d duplicates", again.Requests, again.Duplicates)
	}
}

// TestOverlapCountsOnce merges a log with an export of a part of it.
func TestOverlapCountsOnce(t *testing.T) {
	t.Parallel()
	reqs := fleet(20, 4)
	evtx, csv := evtxOf(reqs...), csvOf("1/2/2006 3:04:05 PM", zone, reqs[40:]...)
	text, xml := textOf("02/01/2006 15:04:05", zone, reqs[40:]...), xmlOf(reqs[:10]...)
	for _, files := range [][][]byte{{evtx, csv, xml}, {csv, xml, evtx}, {evtx, text, xml}} {
		r := read(t, Options{}, files...)
		if r.Requests != int64(len(reqs)) || r.Duplicates != 50 || len(r.Lists) != 1 || r.Lists[0].Host != "kms01.corp.example" {
			t.Errorf("%d requests, %d duplicates, %d lists", r.Requests, r.Duplicates, len(r.Lists))
		}
	}
}

// TestDateOrderWithoutDaysAbove12 cannot be decided by numbers.
func TestDateOrderWithoutDaysAbove12(t *testing.T) {
	t.Parallel()
	var reqs []req
	start := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	for i := range 12 {
		reqs = append(reqs, renewal(start.Add(time.Duration(i)*20*time.Hour), i))
	}
	for layout, says := range map[string]string{"1/2/2006 3:04:05 PM": "month/day", "02/01/2006 15:04:05": "day/month"} {
		r := read(t, Options{}, textOf(layout, -5*time.Hour, reqs...))
		if !r.First.Equal(reqs[0].at) || !r.Newest.Equal(reqs[11].at) || !strings.Contains(r.Sources[0].Times, says) || !strings.Contains(r.Sources[0].Times, "UTC-5:00") {
			t.Errorf("%s: %v to %v; %s", layout, r.First, r.Newest, r.Sources[0].Times)
		}
	}
}

// TestSummerTime changes the zone in the middle of a log.
func TestSummerTime(t *testing.T) {
	t.Parallel()
	var before, after []req
	change := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)
	for i := range 200 {
		before = append(before, renewal(change.Add(time.Duration(i-200)*time.Hour), i))
		after = append(after, renewal(change.Add(time.Duration(i+1)*time.Hour), i))
	}
	file := append(textOf("02.01.2006 15:04:05", 2*time.Hour, before...), textOf("02.01.2006 15:04:05", time.Hour, after...)...)
	r := read(t, Options{}, file)
	if !r.First.Equal(before[0].at) || !r.Newest.Equal(after[199].at) {
		t.Errorf("%v to %v; %s", r.First, r.Newest, r.Sources[0].Times)
	}
}

func TestNotALog(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, says string }{
		{"empty", "", "an empty file"},
		{"zip", "PK\x03\x04....", "unpack it first"},
		{"capture", "\xd4\xc3\xb2\xa1....", "kmsdiag capture"},
		{"binary", "abc\x00def\x01\x02", "zero bytes"},
		{"old log", "\x30\x00\x00\x00LfLe....", "Event Viewer"},
		{"prose", "nothing to see\n", "no event 12290"},
		{"other events", strings.ReplaceAll(string(xmlOf(renewal(noon, 1))), "12290", "12293"), "(1 other event"},
		{"a table", "TimeCreated  Id LevelDisplayName Message\n11/2/2026 8:15:00 AM   12290 Information An activation request ...\n", "1 without"},
		{"evtx header alone", string(evtxOf()), "no event 12290"},
	} {
		_, err := Read(t.Context(), []Input{{test.name, strings.NewReader(test.file)}}, Options{})
		var format *FormatError
		var none *NoRequestsError
		if !errors.As(err, &format) && !errors.As(err, &none) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestAgreesWithThePasteReader reads the same text as pasted text is read.
func TestAgreesWithThePasteReader(t *testing.T) {
	t.Parallel()
	reqs := fleet(30, 3)
	reqs[5].hr, reqs[9].machine = 0xC004F042, "other"
	for name, file := range map[string][]byte{"xml": xmlOf(reqs...), "text": textOf("2006-01-02T15:04:05.000", 0, reqs...)} {
		p, err := windows.Read(t.Context(), bytes.NewReader(file), "log")
		if err != nil {
			t.Fatal(err)
		}
		r := read(t, Options{}, file)
		log := p.Set.HostLogs[0]
		if log.Requests != r.Requests || log.CMIDs != int64(r.Lists[0].Clients) || log.Shared != int64(len(r.Lists[0].Clones)) ||
			log.Results["0x00000000"] != int(r.Lists[0].Served) {
			t.Errorf("%s: the paste has %+v, the log %d requests of %d clients", name, log, r.Requests, r.Lists[0].Clients)
		}
	}
}
