package machine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The parts of a record, as its problems name them.
const (
	partService   = "licensing service"
	partProducts  = "products"
	partOffice    = "licensing service of Office"
	partRegistry  = "registry"
	partServices  = "service states"
	partEvents    = "events"
	partRequests  = "KMS host log"
	partListeners = "listeners on port"
	partFirewall  = "firewall rule"
)

// Limits of one reading.
const (
	limitWMI   = 15 * time.Second // of one query; the licensing service may have to start first
	limitOther = 5 * time.Second  // of any other part
	maxEvents  = 10               // of one id in the Application log: a storm of one must not push out the others
	maxRequest = 30               // of a host's requests
)

const defaultPort = 1688

// FirewallRule is the id of the rule that Windows has for KMS, off by default.
const FirewallRule = "SPPSVC-In-TCP"

const provider = "Microsoft-Windows-Security-SPP"

var (
	serviceNames = []string{"sppsvc", "osppsvc"}
	clientEvents = []int{12288, 12289, 8198}
	hostEvents   = []int{12291, 12292, 12293, 12294}
	requestEvent = []int{12290}
)

// ErrGaveUp is the error of a question that was not answered within its limit.
// Whoever was asked may be at work still.
var ErrGaveUp = errors.New("gave up waiting")

// Read asks a source everything and returns what it said. What it could not
// say is in the record's problems; the record is worth as much as the rest. It
// returns within about half a minute, or soon after ctx ends.
func Read(ctx context.Context, s Source) Record {
	b := &builder{source: s, record: Record{Kind: recordKind, Computer: s.Computer()}}
	var parts sync.WaitGroup
	parts.Go(func() { b.licensing(ctx) })
	parts.Go(func() {
		values, err := within(ctx, limitOther, s.Registry)
		b.set(partRegistry, err, func(r *Record) { r.Registry = values })
	})
	parts.Go(func() {
		states, err := within(ctx, limitOther, func(ctx context.Context) ([]ServiceState, error) { return s.Services(ctx, serviceNames) })
		b.set(partServices, err, func(r *Record) { r.Services = states })
	})
	parts.Go(func() { b.newest(ctx, clientEvents) })
	parts.Wait()
	if b.record.KMSHost() {
		b.host(ctx)
	}
	slices.SortStableFunc(b.record.Events, func(x, y Event) int { return y.TimeCreated.Compare(x.TimeCreated) })
	slices.SortFunc(b.record.Problems, func(x, y Problem) int { return cmp.Compare(x.Part, y.Part) })
	return b.record
}

// builder puts the parts of a record together. Parts come side by side.
type builder struct {
	source Source
	mu     sync.Mutex
	record Record
}

// set takes a part, and its problem where it has one.
func (b *builder) set(part string, err error, take func(*Record)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.record.Problems = append(b.record.Problems, Problem{part, err.Error()})
	}
	take(&b.record)
}

// licensing asks the licensing service, one question after the other: WMI
// answers them one by one. Where it did not answer the first in time it is not
// asked again.
func (b *builder) licensing(ctx context.Context) {
	service, err := within(ctx, limitWMI, b.source.Service)
	b.set(partService, err, func(r *Record) { r.Service = service })
	if errors.Is(err, ErrGaveUp) {
		b.set(partProducts, errors.New("not asked: the licensing service did not answer"), func(*Record) {})
		return
	}
	for _, application := range applications {
		products, err := within(ctx, limitWMI, func(ctx context.Context) ([]Product, error) {
			return b.source.Products(ctx, application)
		})
		slices.SortStableFunc(products, func(x, y Product) int { return cmp.Compare(text(x.Name), text(y.Name)) })
		b.set(partProducts, err, func(r *Record) { r.Products = append(r.Products, products...) })
		if err != nil {
			return
		}
	}
	office, err := within(ctx, limitWMI, b.source.OfficeService)
	b.set(partOffice, err, func(r *Record) { r.OfficeService = office })
}

// newest adds the newest events of each id in the Application log, until one
// cannot be read.
func (b *builder) newest(ctx context.Context, ids []int) {
	for _, id := range ids {
		if !b.events(ctx, partEvents, EventQuery{"Application", provider, []int{id}, maxEvents}) {
			return
		}
	}
}

// events adds the newest events of a log and tells whether it could be read.
func (b *builder) events(ctx context.Context, part string, q EventQuery) bool {
	events, err := within(ctx, limitOther, func(ctx context.Context) ([]Event, error) { return b.source.Events(ctx, q) })
	b.set(part, err, func(r *Record) { r.Events = append(r.Events, events...) })
	return err == nil
}

// host asks what matters on a KMS host alone.
func (b *builder) host(ctx context.Context) {
	port := uint16(defaultPort)
	if s := b.record.Service; s != nil && s.KeyManagementServiceListeningPort != nil {
		if n := *s.KeyManagementServiceListeningPort; n > 0 && n < 1<<16 {
			port = uint16(n)
		}
	}
	var parts sync.WaitGroup
	parts.Go(func() {
		listeners, err := within(ctx, limitOther, func(ctx context.Context) ([]Listener, error) { return b.source.Listeners(ctx, port) })
		b.set(partListeners+" "+strconv.Itoa(int(port)), err, func(r *Record) {
			if err == nil {
				r.Listeners = append([]Listener{}, listeners...) // asked, and maybe none
			}
		})
	})
	parts.Go(func() {
		rules, err := within(ctx, limitOther, func(ctx context.Context) ([]string, error) { return b.source.Firewall(ctx, FirewallRule) })
		b.set(partFirewall, err, func(r *Record) { r.Firewall = rules })
	})
	parts.Go(func() { b.newest(ctx, hostEvents) })
	parts.Go(func() {
		b.events(ctx, partRequests, EventQuery{"Key Management Service", "", requestEvent, maxRequest})
	})
	parts.Wait()
}

// within asks a question and waits for its answer at most so long. Calls into
// Windows cannot be interrupted: one that hangs keeps its goroutine until it
// returns, and its answer is dropped.
func within[T any](ctx context.Context, limit time.Duration, ask func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	answers := make(chan answer, 1)
	go func() {
		value, err := ask(ctx)
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("%w after %s", ErrGaveUp, time.Since(start).Round(100*time.Millisecond))
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
