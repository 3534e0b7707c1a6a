package tui

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

var countDay = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// answered is an exchange in which a host stated a count.
func answered(host string, count uint32, after time.Duration, app string) evidence.Exchange {
	return evidence.Exchange{
		Host: host, Address: netip.MustParseAddrPort("10.0.0.5:1688"), Outcome: evidence.Served, Count: count,
		Application: app, Probe: true, SentAt: countDay.Add(after), NPolicy: 25,
	}
}

// counting is a program whose count view shows samples.
func counting(t testing.TB, name string, set evidence.Set) *Model {
	m := modelOf(t, recordedRun(t, name))
	m.counts.give(set)
	press(m, "u")
	return m
}

func courseOfWeeks() (set evidence.Set) {
	for i, n := range []uint32{2, 2, 4, 9, 17, 24, 25, 31, 30} {
		set.Exchanges = append(set.Exchanges, answered("kms09", n, time.Duration(i)*72*time.Hour, catalog.WindowsAppID))
	}
	return set
}

func TestCountFrames(t *testing.T) {
	status := int64(12)
	for name, make := range map[string]func() *Model{
		"full":    func() *Model { return counting(t, "healthy", evidence.Set{}) },
		"low":     func() *Model { return counting(t, "count-too-low", evidence.Set{}) },
		"unknown": func() *Model { return counting(t, "port-silent", evidence.Set{}) },
		"course":  func() *Model { return counting(t, "port-silent", courseOfWeeks()) },
		"pasted": func() *Model {
			return counting(t, "port-silent", evidence.Set{Hosts: []evidence.HostStatus{{Count: &status}}})
		},
	} {
		t.Run(name, func(t *testing.T) { frames(t, make) })
	}
}

func TestCountSaysWhatIsCountedWithoutTheProbe(t *testing.T) {
	for _, c := range []struct {
		count uint32
		app   string
		want  []string
	}{
		{25, catalog.WindowsAppID, []string{"25 with this probe, 24 without", "one short once the probe leaves", "Windows servers    need 5   served"}},
		{5, catalog.WindowsAppID, []string{"0xC004F038: 21 more must ask", "one short once the probe leaves"}},
		{24, catalog.WindowsAppID, []string{"23 without", "0xC004F038: 2 more must ask"}},
		{10, catalog.OfficeAppID, []string{"Office list", "Office             need 5   served", "The list is full"}},
		{50, catalog.WindowsAppID, []string{"The list is full"}},
		{700, catalog.WindowsAppID, []string{"more than a Microsoft host keeps"}},
		{1, catalog.OfficeAppID, []string{"1 with this probe, 0 without", "5 more must ask"}},
	} {
		t.Run(fmt.Sprint(c.count, c.app[:4]), func(t *testing.T) {
			m := counting(t, "port-silent", evidence.Set{Exchanges: []evidence.Exchange{answered("kms01", c.count, 0, c.app)}})
			frame := ansi.Strip(m.frame())
			for _, want := range c.want {
				if !strings.Contains(frame, want) {
					t.Errorf("no %q in\n%s", want, frame)
				}
			}
			if strings.Contains(frame, "Office  ") && c.app == catalog.WindowsAppID {
				t.Errorf("Office is judged by the Windows list:\n%s", frame)
			}
		})
	}
}

// TestRunsKeepTheCourse runs twice: both answers are in the course.
func TestRunsKeepTheCourse(t *testing.T) {
	m := modelOf(t, recordedRun(t, "count-too-low"))
	first := len(m.counts.series())
	var again []run.Event
	for _, e := range recordedRun(t, "count-too-low") {
		if e.Finished != nil {
			r := *e.Finished
			r.Evidence.Exchanges = append([]evidence.Exchange(nil), r.Evidence.Exchanges...)
			for i := range r.Evidence.Exchanges {
				r.Evidence.Exchanges[i].SentAt = r.Evidence.Exchanges[i].SentAt.Add(time.Minute)
				r.Evidence.Exchanges[i].Count++
			}
			e.Finished = &r
		}
		again = append(again, e)
	}
	feed(m, again)
	s := m.counts.series()
	if first == 0 || len(s) != first || len(s[0].samples) != 2 || s[0].last().count != s[0].samples[0].count+1 {
		t.Errorf("%d series, then %+v", first, s)
	}
}

func TestNoCountSaysWhy(t *testing.T) {
	m := counting(t, "port-silent", evidence.Set{})
	m.ask.NoRequest = true
	if frame := ansi.Strip(m.frame()); !strings.Contains(frame, "stops at the bind") {
		t.Errorf("no reason in\n%s", frame)
	}
}

func TestSamplesAreBounded(t *testing.T) {
	var c counts
	for i := range 3 * maxSamples {
		c.take(evidence.Set{Exchanges: []evidence.Exchange{answered("kms01", 7, time.Duration(i)*time.Second, "")}})
	}
	if len(c.seen) != maxSamples || cap(c.seen) > 4*maxSamples {
		t.Errorf("%d samples, room for %d", len(c.seen), cap(c.seen))
	}
	if got := c.seen[0].at; !got.Equal(countDay.Add(2 * maxSamples * time.Second)) {
		t.Errorf("the oldest is of %v", got)
	}
}

// TestLogCountsDistinctClients follows a log: a client counts once, for 30 days.
func TestLogCountsDistinctClients(t *testing.T) {
	var events []evidence.HostRequestEvent
	for _, v := range []struct {
		cmid string
		day  int
	}{{"a", 0}, {"b", 1}, {"a", 7}, {"c", 32}, {"c", 33}, {"d", 90}} {
		events = append(events, evidence.HostRequestEvent{CMID: v.cmid, Time: countDay.AddDate(0, 0, v.day)})
	}
	var got []int
	for _, s := range logSamples(events) {
		got = append(got, s.count)
	}
	if fmt.Sprint(got) != "[1 2 2 2 2 1]" {
		t.Errorf("%v", got)
	}
}

func TestWithoutACountThereIsNoSample(t *testing.T) {
	none := int64(-1)
	set := evidence.Set{
		Exchanges:     []evidence.Exchange{{Outcome: evidence.HostRefused, Count: 7}, {Outcome: evidence.Served, Count: 1<<32 - 1}},
		Hosts:         []evidence.HostStatus{{}, {Count: &none}},
		ClientAnswers: []evidence.ClientAnswerEvent{{HRESULT: 0xC004F042, Count: 3}},
	}
	if list := samplesIn(set); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

func TestCourse(t *testing.T) {
	samples := []countSample{{at: countDay, count: 1}, {at: countDay.Add(5 * time.Hour), count: 4}, {at: countDay.Add(10 * time.Hour), count: 2}}
	columns, top := courseOf(samples, 11)
	if fmt.Sprint(columns) != "[1 1 1 1 1 4 4 4 4 4 2]" || top != catalog.ServerN {
		t.Errorf("%v, top %d", columns, top)
	}
}

func TestHostileCountNames(t *testing.T) {
	attack := "\x1b[2J\u202e日本" + strings.Repeat("x", 64<<10)
	var set evidence.Set
	for i := range 100 {
		set.Exchanges = append(set.Exchanges, answered(attack+fmt.Sprint(i%60), uint32(i*i*i), time.Duration(i)*time.Hour, ""))
	}
	m := counting(t, "healthy", set)
	for w := 40; w <= 170; w += 13 {
		for h := 10; h <= 50; h += 8 {
			m.handle(tea.WindowSizeMsg{Width: w, Height: h})
			whole(t, m)
		}
	}
}

func BenchmarkCountFrame(b *testing.B) {
	m := counting(b, "healthy", courseOfWeeks())
	for i := range 2 * maxSamples {
		m.counts.seen = append(m.counts.seen, countSample{host: "kms01", at: countDay.Add(time.Duration(i) * time.Second), count: i % 50})
	}
	m.handle(tea.WindowSizeMsg{Width: 160, Height: 50})
	for b.Loop() {
		m.Update(keyPress("down"))
		_ = m.frame()
	}
}

func TestCaptureGivesCounts(t *testing.T) {
	m := capturedModel(t, nil, "products_mix.pcap")
	list := m.counts.series()
	if len(list) == 0 || list[0].from != fromCaptured || list[0].last().at.IsZero() || list[0].last().count == 0 {
		t.Errorf("%+v", list)
	}
}

func TestListOfACountIsNotGuessed(t *testing.T) {
	for _, c := range []struct {
		hostKey string
		count   int
		want    countList
	}{{"", 7, unknownList}, {"", 11, windowsList}, {"Office 2019 KMS host", 7, officeList}, {"Windows Server 2022 KMS host", 7, windowsList}} {
		if got := listLike(c.hostKey, c.count); got != c.want {
			t.Errorf("%q with %d: %v, want %v", c.hostKey, c.count, got, c.want)
		}
	}
	seven := int64(7)
	m := counting(t, "port-silent", evidence.Set{Hosts: []evidence.HostStatus{{Count: &seven}}})
	if frame := ansi.Strip(m.frame()); strings.Count(frame, "if it is their list") != 3 {
		t.Errorf("a list is guessed:\n%s", frame)
	}
}
