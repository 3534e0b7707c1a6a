package capture_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// through reads a capture through a transform.
func through(t *testing.T, name string, change transform) *capture.Report {
	t.Helper()
	packets, err := readAll(t, name, load(t, name))
	if err != nil {
		t.Fatal(err)
	}
	a := capture.New(capture.Options{})
	a.Begin(name)
	n := int64(0)
	for i, p := range packets {
		for _, q := range change(i, p) {
			n++
			q.Number = n
			a.Feed(&q)
		}
	}
	return a.Close()
}

func result(t *testing.T, r *capture.Report, check string) run.Result {
	t.Helper()
	i := slices.IndexFunc(r.Results, func(res run.Result) bool { return res.Check == check })
	if i < 0 {
		t.Fatalf("no result of %s", check)
	}
	return r.Results[i]
}

// failed names the results that fail.
func failed(r *capture.Report) (out []string) {
	for _, res := range r.Results {
		if res.Status == run.Fail {
			out = append(out, fmt.Sprintf("%s: %s %+v", res.Check, res.Summary, res.Notes))
		}
	}
	return out
}

// TestCaptureThatEndsEarly ends a capture at every packet: what was still open
// is no failure.
func TestCaptureThatEndsEarly(t *testing.T) {
	for _, name := range []string{"v6_loopback.pcap", "reuse_v6_ndr64_n12.pcap"} {
		for n := 1; n < 30; n++ {
			r := through(t, name, func(i int, p capture.Packet) []capture.Packet {
				if i >= n {
					return nil
				}
				return []capture.Packet{p}
			})
			if bad := failed(r); bad != nil {
				t.Errorf("%s, the first %d packets: %q", name, n, bad)
			}
			if s := r.Events(time.Unix(0, 0), 0, false); len(s[len(s)-1].Summary.Causes) > 0 {
				t.Errorf("%s, the first %d packets: causes %+v", name, n, s[len(s)-1].Summary.Causes)
			}
		}
	}
}

// TestSilenceBeforeTheEnd holds that a capture that goes on long enough shows
// the silence: its last packet is moved.
func TestSilenceBeforeTheEnd(t *testing.T) {
	for n, want := range map[int]string{1: "capture.connect", 4: "capture.bind", 10: "capture.answers"} {
		r := through(t, "v6_loopback.pcap", func(i int, p capture.Packet) []capture.Packet {
			switch {
			case i < n:
				return []capture.Packet{p}
			case i == 20:
				p.Time += int64(time.Minute)
				p.Data = p.Data[:14] // of no connection
				return []capture.Packet{p}
			}
			return nil
		})
		if res := result(t, r, want); res.Status != run.Fail {
			t.Errorf("%d packets, then silence: %s is %s, %q", n, want, res.Status, res.Summary)
		}
	}
}

// TestOneDirection holds that a capture of one side accuses nobody.
func TestOneDirection(t *testing.T) {
	for _, client := range []bool{true, false} {
		for _, name := range []string{"v6_loopback.pcap", "reuse_v6_ndr64_n12.pcap"} {
			r := through(t, name, direction(client))
			if bad := failed(r); bad != nil {
				t.Errorf("%s, client %v: %q", name, client, bad)
			}
			for _, x := range r.Evidence.Exchanges {
				if x.Outcome != evidence.ExchangeUnseen || x.Answered() == client {
					t.Errorf("%s, client %v: %+v", name, client, x)
				}
			}
			if text := result(t, r, "capture.answers").Summary; strings.Contains(text, "0 of") || !strings.Contains(text, "not captured") {
				t.Errorf("%s, client %v: %q", name, client, text)
			}
		}
	}
}

// TestAnswerRecordedFirst swaps each request with its answer, as several queues
// of a network card do.
func TestAnswerRecordedFirst(t *testing.T) {
	const name = "v6_loopback.pcap"
	same := func(_ int, p capture.Packet) []capture.Packet { return []capture.Packet{p} }
	want := messages(t, name, same)
	var before capture.Packet
	got := messages(t, name, func(i int, p capture.Packet) []capture.Packet {
		switch i {
		case 9:
			before = p
			return nil
		case 10:
			before.Time, p.Time = p.Time, before.Time
			return []capture.Packet{p, before}
		}
		return []capture.Packet{p}
	})
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestCountThatGrew holds that a count is judged by its newest value.
func TestCountThatGrew(t *testing.T) {
	for _, name := range []string{"fleet40_count_growth.pcap", "timeline_5weeks.pcap"} {
		_, r := analyze(t, corpus+"/"+name)
		res := result(t, r, "capture.count")
		if res.Status != run.Warn || !strings.Contains(res.Summary+fmt.Sprint(res.Notes), "since") {
			t.Errorf("%s: %s, %q, %+v", name, res.Status, res.Summary, res.Notes)
		}
	}
	_, r := analyze(t, corpus+"/cloned_cmids.pcap")
	if res := result(t, r, "capture.count"); res.Status != run.Fail {
		t.Errorf("a count that stays low: %s, %q", res.Status, res.Summary)
	}
}

// TestOtherInterfaces holds that binds for other interfaces are not told as if
// they were for KMS.
func TestOtherInterfaces(t *testing.T) {
	_, r := analyze(t, corpus+"/wrong_interface.pcap")
	if res := result(t, r, "capture.bind"); !strings.Contains(res.Summary+fmt.Sprint(res.Notes), "2 binds for another interface were refused") {
		t.Errorf("%s, %q, %+v", res.Status, res.Summary, res.Notes)
	}
}

// TestEachFailedCheckIsNamed holds that no failed answer is left out.
func TestEachFailedCheckIsNamed(t *testing.T) {
	_, r := analyze(t, corpus+"/bad_responses.pcap")
	res := result(t, r, "capture.verify")
	text := fmt.Sprint(res.Notes)
	if len(res.Notes) < 5 || strings.Count(text, "resp.mac") < 2 {
		t.Errorf("%q: %s", res.Summary, text)
	}
}

// TestOfficeGenerationsHaveTheirOwnIdentity holds that the keys of several
// generations of Office are not one identity.
func TestOfficeGenerationsHaveTheirOwnIdentity(t *testing.T) {
	for name, want := range map[string]bool{"epid_variety.pcap": false} {
		_, r := analyze(t, corpus+"/"+name)
		res := result(t, r, "capture.identity")
		if got := slices.ContainsFunc(res.Notes, func(n run.Note) bool { return n.ID == "several-identities" }); got != want {
			t.Errorf("%s: %+v", name, res.Notes)
		}
	}
}
