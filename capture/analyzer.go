package capture

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// Options say how a capture is read. The zero value reads it on all processors
// and tells nobody.
type Options struct {
	Ports []uint16 // of KMS, beside 1688 and those that SRV answers name

	// Records is called with what was found, in order, while reading. It is
	// called by one goroutine at a time. What it gets is valid during the call:
	// see [Exchange.Clone].
	Records func(records []Record, encoded []byte)
	// Encode is called before Records for the same records, by several
	// goroutines at once; what it appends is handed to Records.
	Encode func(records []Record, dst []byte) []byte
	// Matched is called with each packet that belongs to KMS: to a connection
	// on a KMS port or with the KMS interface, or to its look-ups.
	Matched func(p *Packet)
	// Steps asks for records of what happens on connections while they are open,
	// with the bytes of their PDUs.
	Steps bool
	// Interim lets [Analyzer.Interim] be called while packets are fed.
	Interim bool
	// Workers is how many goroutines open messages beside the reader; 0 takes
	// the number of processors minus one, at least one.
	Workers int
}

// An Analyzer reads packets and reports what they say of KMS. It is used by one
// goroutine.
type Analyzer struct {
	opts Options
	e    *engine
	p    *pipeline
	sum  *tally

	early early
	mu    sync.Mutex // held while packets are taken in, with Options.Interim
}

// New returns an Analyzer. It must be closed.
func New(o Options) *Analyzer {
	a := &Analyzer{opts: o, sum: newTally()}
	workers := o.Workers
	if workers <= 0 {
		workers = max(runtime.GOMAXPROCS(0)-1, 1)
	}
	a.p = newPipeline(workers, o.Encode, func(records []Record, encoded []byte) {
		for i := range records {
			a.sum.add(&records[i])
		}
		if o.Records != nil {
			o.Records(records, encoded)
		}
	})
	a.e = newEngine(a.p, o.Ports)
	a.e.steps = o.Steps
	return a
}

// Begin says which file or interface the packets that follow come from.
// Connections go on across files. Directories are left out of what is reported.
func (a *Analyzer) Begin(name string) {
	defer a.lock()()
	name = filepath.Base(name)
	a.e.file = name
	a.sum.files = append(a.sum.files, name)
}

// Feed takes a packet. Its data need not stay valid.
func (a *Analyzer) Feed(p *Packet) {
	defer a.lock()()
	a.e.feed(p)
	if a.opts.Matched == nil {
		return
	}
	switch conn, packets := a.e.touched(); {
	case a.e.matched:
		for _, k := range a.early.take(conn) {
			a.opts.Matched(&k)
		}
		a.opts.Matched(p)
	case conn != 0 && packets <= maxEarly:
		a.early.keep(conn, p)
	}
}

// Flush hands on what was found so far.
func (a *Analyzer) Flush() {
	defer a.lock()()
	a.p.flush()
}

// lock keeps [Analyzer.Interim] away, where it may be called, until unlock.
func (a *Analyzer) lock() (unlock func()) {
	if !a.opts.Interim {
		return func() {}
	}
	a.mu.Lock()
	return a.mu.Unlock
}

// broke notes where a file broke.
func (a *Analyzer) broke(err error) {
	defer a.lock()()
	a.sum.broken = append(a.sum.broken, err)
}

// Lost adds packets that were dropped before they could be read.
func (a *Analyzer) Lost(n int64) {
	defer a.lock()()
	a.e.count.Dropped += n
}

// Read reads a file to its end. It returns a [*BrokenError] where the file
// breaks, and nil at the end or when the context is done.
func (a *Analyzer) Read(ctx context.Context, f *File) error {
	return a.read(ctx, f, func(p *Packet) error {
		a.Feed(p)
		return nil
	})
}

func (a *Analyzer) read(ctx context.Context, f *File, every func(*Packet) error) error {
	a.Begin(f.Name)
	f.onIdle(a.Flush)
	defer func() { a.Lost(int64(f.Dropped())) }()
	var p Packet
	for i := 0; ; i++ {
		if i&1023 == 0 && ctx.Err() != nil {
			return nil
		}
		switch err := f.Next(&p); {
		case errors.Is(err, io.EOF) && !isBroken(err):
			return nil
		case err != nil && ctx.Err() != nil:
			return nil // the stream was ended in the middle of a packet
		case err != nil:
			a.broke(err)
			return err
		}
		if err := every(&p); err != nil {
			return err
		}
	}
}

func isBroken(err error) bool {
	var b *BrokenError
	return errors.As(err, &b)
}

// Ports returns how many ports of KMS are known: SRV answers add to them.
func (a *Analyzer) Ports() []uint16 {
	out := make([]uint16, 0, len(a.e.ports))
	for p := range a.e.ports {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// Counters returns what was read so far.
func (a *Analyzer) Counters() Counters { return a.e.count }

// Close ends all connections and returns what the capture adds up to.
func (a *Analyzer) Close() *Report {
	a.e.close()
	a.p.close()
	return a.sum.report(a.e.count)
}

// Describe names what was read, in a line: packets, connections, exchanges.
func (c Counters) Describe() string {
	return plural(c.Packets, "packet") + ", " + plural(c.Connections, "TCP connection") + ", " + plural(c.Exchanges, "KMS exchange")
}
