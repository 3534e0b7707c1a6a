package machine

import (
	"context"
	"errors"

	"github.com/kmsdiag/kmsdiag/catalog"
)

// Source answers questions about one machine. Each method heeds its context;
// an error is of the one question alone.
type Source interface {
	// Computer is the machine's name.
	Computer() string
	// Service returns the licensing service's object.
	Service(ctx context.Context) (*Service, error)
	// OfficeService returns the object of Office's own licensing service, nil
	// where the machine has none.
	OfficeService(ctx context.Context) (*Service, error)
	// Products returns the products of an application that have a key. Without
	// that filter Windows takes tens of seconds.
	Products(ctx context.Context, applicationID string) ([]Product, error)
	// Registry returns the values of the licensing keys that [Wanted] names.
	Registry(ctx context.Context) ([]Value, error)
	// Services returns the state of those of the named services that exist.
	Services(ctx context.Context, names []string) ([]ServiceState, error)
	// Events returns the newest events of a log that have one of the ids.
	Events(ctx context.Context, q EventQuery) ([]Event, error)
	// Listeners returns the TCP sockets that listen on a port.
	Listeners(ctx context.Context, port uint16) ([]Listener, error)
	// Firewall returns the text of the firewall's rules with an id, from the
	// machine's own and from policy.
	Firewall(ctx context.Context, id string) ([]string, error)
}

// EventQuery says which events to return.
type EventQuery struct {
	Log      string // "Application", "Key Management Service"
	Provider string // "" for any
	IDs      []int
	Max      int // how many, the newest
}

// ErrNotWindows is returned by every question to [Absent].
var ErrNotWindows = errors.New("this machine is not Windows")

// Absent is the source of a machine without Windows licensing.
type Absent struct{}

var _ Source = Absent{}

// Computer implements [Source].
func (Absent) Computer() string { return "" }

// Service implements [Source].
func (Absent) Service(context.Context) (*Service, error) { return nil, ErrNotWindows }

// OfficeService implements [Source].
func (Absent) OfficeService(context.Context) (*Service, error) { return nil, ErrNotWindows }

// Products implements [Source].
func (Absent) Products(context.Context, string) ([]Product, error) { return nil, ErrNotWindows }

// Registry implements [Source].
func (Absent) Registry(context.Context) ([]Value, error) { return nil, ErrNotWindows }

// Services implements [Source].
func (Absent) Services(context.Context, []string) ([]ServiceState, error) { return nil, ErrNotWindows }

// Events implements [Source].
func (Absent) Events(context.Context, EventQuery) ([]Event, error) { return nil, ErrNotWindows }

// Listeners implements [Source].
func (Absent) Listeners(context.Context, uint16) ([]Listener, error) { return nil, ErrNotWindows }

// Firewall implements [Source].
func (Absent) Firewall(context.Context, string) ([]string, error) { return nil, ErrNotWindows }

// Here tells whether a source has a machine behind it.
func Here(s Source) bool {
	_, absent := s.(Absent)
	return s != nil && !absent
}

// applications are those whose products are asked for: Windows, and Office in
// both its ids.
var applications = []string{catalog.WindowsAppID, catalog.OfficeAppID, catalog.Office2010AppID}
