package machine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ParseRecord reads a record in JSON as [Record] writes it.
func ParseRecord(text []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return Record{}, fmt.Errorf("machine record: %w", err)
	}
	if r.Kind != recordKind {
		return Record{}, fmt.Errorf("machine record: \"kmsdiag\" is %.40q, want %q", r.Kind, recordKind)
	}
	return r, nil
}

// Recorded returns a source that answers from a record. A part that the record
// lists among its problems fails with that text.
func Recorded(r Record) Source { return Replay(func() Record { return r }) }

// Replay is [Recorded] for a record that changes: it is asked for anew with each
// question.
func Replay(record func() Record) Source { return recorded{record} }

type recorded struct{ record func() Record }

// problem is the error of a part.
func (s recorded) problem(part string) error {
	for _, p := range s.record().Problems {
		if p.Part == part {
			return fmt.Errorf("%s", p.Text)
		}
	}
	return nil
}

func (s recorded) Computer() string { return s.record().Computer }

func (s recorded) Service(context.Context) (*Service, error) {
	return s.record().Service, s.problem(partService)
}

func (s recorded) OfficeService(context.Context) (*Service, error) {
	return s.record().OfficeService, s.problem(partOffice)
}

func (s recorded) Products(_ context.Context, applicationID string) ([]Product, error) {
	var out []Product
	for _, p := range s.record().Products {
		if p.ApplicationID != nil && strings.EqualFold(*p.ApplicationID, applicationID) {
			out = append(out, p)
		}
	}
	return out, s.problem(partProducts)
}

func (s recorded) Registry(context.Context) ([]Value, error) {
	return s.record().Registry, s.problem(partRegistry)
}

func (s recorded) Services(_ context.Context, names []string) ([]ServiceState, error) {
	var out []ServiceState
	for _, v := range s.record().Services {
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, v.Name) }) {
			out = append(out, v)
		}
	}
	return out, s.problem(partServices)
}

func (s recorded) Events(_ context.Context, q EventQuery) ([]Event, error) {
	var out []Event
	for _, e := range s.record().Events {
		if slices.Contains(q.IDs, e.ID) && len(out) < q.Max {
			out = append(out, e)
		}
	}
	return out, s.problem(partEvents)
}

func (s recorded) Listeners(_ context.Context, port uint16) ([]Listener, error) {
	var out []Listener
	for _, l := range s.record().Listeners {
		if l.LocalPort == port {
			out = append(out, l)
		}
	}
	return out, s.problem(partListeners + " " + strconv.Itoa(int(port)))
}

func (s recorded) Firewall(context.Context, string) ([]string, error) {
	return s.record().Firewall, s.problem(partFirewall)
}
