package machine

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// xpath is the query in the language of the event log.
func (q EventQuery) xpath() string {
	var ids []string
	for _, id := range q.IDs {
		ids = append(ids, fmt.Sprintf("EventID=%d", id))
	}
	which := "(" + strings.Join(ids, " or ") + ")"
	if q.Provider != "" {
		which = "Provider[@Name='" + q.Provider + "'] and " + which
	}
	return "*[System[" + which + "]]"
}

type xmlEvent struct {
	ID   int `xml:"System>EventID"`
	Time struct {
		System string `xml:"SystemTime,attr"`
	} `xml:"System>TimeCreated"`
	Computer string   `xml:"System>Computer"`
	Data     []string `xml:"EventData>Data"`
}

// parseEvents reads events in XML, one after the other without an element
// around them, as wevtutil prints them; at most max of them. With an error come
// the events before it.
func parseEvents(text string, max int) ([]Event, error) {
	d := xml.NewDecoder(strings.NewReader(strings.ToValidUTF8(text, "?")))
	d.Strict = false
	var out []Event
	for len(out) < max {
		var e xmlEvent
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, fmt.Errorf("event %d at byte %d: %w", len(out)+1, d.InputOffset(), err)
		}
		at, err := time.Parse(time.RFC3339Nano, e.Time.System)
		if err != nil {
			return out, fmt.Errorf("event %d: time: %w", len(out)+1, err)
		}
		out = append(out, Event{ID: e.ID & 0xFFFF, TimeCreated: at.UTC(), MachineName: e.Computer, Data: e.Data})
	}
	return out, nil
}
