package hostlog

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// entry is what a reader found of one event 12290. Its slices hold until the
// reader goes on.
type entry struct {
	list   []byte    // Info list; trailing text is tolerated
	stamp  []byte    // its time as text
	at     time.Time // its time in UTC, where the form has it
	host   []byte    // the computer that logged it
	place  int64     // line or record number, from 1
	number int64     // EventRecordID, counted by Windows; 0: not shown
}

// source is one file while it is read.
type source struct {
	number  int
	tally   *tally
	clock   clockwork
	numbers numbers
	host    int32 // that the entries name; noName so far
	mixed   bool  // they name several, whose numbers do not belong together
	place   int64
	request Request
	info    Source
}

// Source says what was read of one file.
type Source struct {
	Name      string `json:"name"`
	Format    string `json:"format"`             // "evtx", "xml", "csv", "text"
	Encoding  string `json:"encoding,omitempty"` // "UTF-16LE", "gzip, UTF-8"; empty for evtx
	Bytes     int64  `json:"bytes"`              // read, decompressed
	Requests  int64  `json:"requests"`           // events 12290 read
	Unread    int64  `json:"unread,omitempty"`   // events 12290 whose list could not be read
	FirstBad  string `json:"first_bad,omitempty"`
	Others    int64  `json:"others,omitempty"` // other events
	Times     string `json:"times"`            // by which clock the entries' times are, and how that is known
	Damage    []Gap  `json:"damage,omitempty"` // what is missing, the first hundred
	MoreGaps  int    `json:"more_damage,omitempty"`
	LostBytes int64  `json:"lost_bytes,omitempty"` // of all gaps whose size is known
	Complete  bool   `json:"complete"`             // read to its end, without a gap
}

// Gap is a part of a file that could not be read.
type Gap struct {
	What   string `json:"what"`   // "chunk 3 of 160"
	Why    string `json:"why"`    // "its checksum is wrong"
	Offset int64  `json:"offset"` // of its first byte in the decompressed file
	Bytes  int64  `json:"bytes,omitempty"`
}

const maxGaps = 100

func (s *source) gap(g Gap) {
	s.info.LostBytes += g.Bytes
	if len(s.info.Damage) >= maxGaps {
		s.info.MoreGaps++
		return
	}
	s.info.Damage = append(s.info.Damage, g)
}

// take reads an entry's list and passes the request on, now or when the source
// knows what its times mean.
func (s *source) take(e *entry) {
	r := &s.request
	s.place = e.place
	if !parseList(e.list, r) {
		s.bad(e)
		return
	}
	s.info.Requests++
	r.Record = e.number
	if !e.at.IsZero() {
		r.Time = e.at
		s.clock.utc++
		s.tally.add(s, e.host, r, baseHost)
		return
	}
	stamp := parseStamp(e.stamp)
	if len(s.clock.waiting) == 0 && !s.clock.doubtful(r, stamp) {
		if base, ok := s.clock.set(r, stamp); ok {
			s.tally.add(s, e.host, r, base)
			return
		}
	}
	w := waitingRequest{Request: *r, host: string(e.host), stamp: stamp, place: e.place}
	w.Machine = append([]byte(nil), r.Machine...)
	s.clock.waiting = append(s.clock.waiting, w)
	switch {
	case s.clock.decided:
		s.linger(false)
	case len(s.clock.waiting) >= maxWaiting:
		s.settle(false)
	}
}

func (s *source) bad(e *entry) {
	s.info.Unread++
	if s.info.FirstBad == "" {
		s.info.FirstBad = fmt.Sprintf("%s: %.120s", s.at(e.place), evidence.Clean(string(e.list[:min(len(e.list), 200)])))
	}
}

// settle decides about times and lets go of what waited for it.
func (s *source) settle(end bool) {
	if !s.clock.decided {
		s.clock.decide()
	}
	s.linger(end)
}

// end closes the source.
func (s *source) end() {
	s.settle(true)
	s.info.Times = s.clock.text()
	s.tally.number(s)
}

// at names a place in the source.
func (s *source) at(place int64) string {
	if s.info.Format == "evtx" {
		return fmt.Sprintf("record %d", place)
	}
	return fmt.Sprintf("line %d", place)
}

// origin is where the current entry stands.
func (s *source) origin() evidence.Origin {
	if s.info.Format == "evtx" {
		return evidence.Origin{Paste: s.info.Name + " " + s.at(s.place)}
	}
	return evidence.Origin{Paste: s.info.Name, Line: int(s.place)}
}

// event is a request as evidence.
func (s *source) event(host []byte, r *Request) evidence.HostRequestEvent {
	e := evidence.HostRequestEvent{
		Origin: s.origin(), Time: r.Time, Host: string(host), HRESULT: r.HRESULT, NPolicy: r.N, Machine: string(r.Machine),
		CMID: r.CMID.String(), ClientTime: r.ClientTime, VM: r.VM, LicenseStatus: int(r.Status), MinutesLeft: r.Minutes,
	}
	if r.SKU != (kms.GUID{}) {
		e.ActivationID = r.SKU.String()
	}
	return e
}

// text says by which clock the times are, and how that is known.
func (c *clockwork) text() string {
	var parts []string
	if c.utc > 0 {
		parts = append(parts, "times of the host, in UTC")
	}
	if c.local > 0 {
		how := "local times of the host; the clients' times (UTC), if right, put its zone at " + c.zoneList()
		switch {
		case c.byClients > 0:
			how += "; " + c.orderText() + ", since so they agree with the clients' dates"
		case c.byNumber > 0:
			how += "; " + c.orderText() + ", by days above 12"
		case c.byMonotony:
			how += "; " + c.orderText() + ", since only so the entries follow each other"
		}
		if c.against > 0 {
			how += fmt.Sprintf("; %d read the other way round, being no dates otherwise", c.against)
		}
		parts = append(parts, how)
	}
	if c.borrow > 0 {
		parts = append(parts, fmt.Sprintf("%d without a readable time of their own: the client's is taken", c.borrow))
	}
	return strings.Join(parts, "; ")
}

func (c *clockwork) orderText() string {
	if c.monthFirst {
		return "dates are month/day"
	}
	return "dates are day/month"
}

// zoneList names the zones of local times.
func (c *clockwork) zoneList() string {
	var list []string
	for _, z := range c.zones {
		list = append(list, "UTC"+zoneText(-z))
	}
	return strings.Join(list, " and ")
}

func zoneText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	sign := "+"
	if d < 0 {
		sign, d = "-", -d
	}
	return fmt.Sprintf("%s%d:%02d", sign, int(d.Hours()), int(d.Minutes())%60)
}
