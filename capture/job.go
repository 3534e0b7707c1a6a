package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// A Job is what the user wants captured or read.
type Job struct {
	Files     []string // "-" is standard input
	Stdin     *os.File
	Follow    bool // wait for a file to grow
	Interface string
	Ports     []uint16
	AllTCP    bool
	Duration  time.Duration // of a live capture; 0: until stopped
	Count     int64         // packets, then it ends; 0: no limit
	Write     string        // file to write packets to
	WriteAll  bool          // all packets, not KMS alone
	Tap       *Tap          // may write packets too; the caller stops it

	Options Options
	// Progress is called now and then while reading.
	Progress func(Progress)
	// Interim is called about once a second with what was found so far, if there
	// is more than before; see [Analyzer.Interim]. It is called by a goroutine of
	// its own, which has ended when Run returns.
	Interim func(*Report)
}

// Progress says how far a job is.
type Progress struct {
	Source   string
	Read     int64 // bytes of the source, as stored
	Size     int64 // bytes that there are; 0: not known
	Started  time.Time
	Counters Counters
}

// errEnough ends a job that reached its count.
var errEnough = errors.New("enough packets")

// Run reads or captures until the end, the limits of the job, or the end of the
// context. The report is there even with an error, unless nothing could be
// opened. Files that break are in the report and no error.
func (j *Job) Run(ctx context.Context) (r *Report, err error) {
	opts := j.Options
	opts.Ports = append(opts.Ports, j.Ports...)
	var out *fileWriter
	var failed error
	if j.Write != "" {
		if err = apart(j.Write, j.Files, j.Stdin); err != nil {
			return nil, err
		}
		if out, err = createFile(j.Write); err != nil {
			return nil, fmt.Errorf("--write: %w", err)
		}
		defer func() {
			end := out.close
			// What a live capture took cannot be had again.
			if failed != nil || err != nil && j.Interface == "" {
				end = out.discard
			}
			err = errors.Join(err, failed, end())
		}()
		write := func(p *Packet) {
			if failed == nil {
				failed = out.write(p)
			}
		}
		if !j.WriteAll {
			opts.Matched = write
		}
	}
	if j.Tap != nil {
		other := opts.Matched
		opts.Matched = func(p *Packet) {
			if other != nil {
				other(p)
			}
			j.Tap.write(p)
		}
	}
	opts.Interim = opts.Interim || j.Interim != nil
	a := New(opts)
	defer func() { r = a.Close() }()
	defer j.interims(ctx, a)()
	every := func(p *Packet) error {
		a.Feed(p)
		if out != nil && j.WriteAll && failed == nil {
			failed = out.write(p)
		}
		switch {
		case failed != nil:
			return fmt.Errorf("--write: %w", failed)
		case j.Count > 0 && a.e.count.Packets >= j.Count:
			return errEnough
		}
		return nil
	}
	if j.Interface != "" {
		err = j.live(ctx, a, every)
	} else {
		for _, name := range j.Files {
			if err = j.file(ctx, a, name, every); err != nil {
				break
			}
		}
	}
	if errors.Is(err, errEnough) || failed != nil && errors.Is(err, failed) {
		err = nil
	}
	return nil, err
}

// file reads one file.
func (j *Job) file(ctx context.Context, a *Analyzer, name string, every func(*Packet) error) error {
	h, size, err := OpenFile(name, j.Stdin)
	if err != nil {
		return err
	}
	if name != "-" {
		defer h.Close() //nolint:errcheck // only read
	} else {
		name = "standard input"
	}
	counted := &countingReader{r: h}
	var r io.Reader = counted
	if j.Follow {
		r = &follower{ctx: ctx, r: counted}
	}
	f, err := NewFile(name, r)
	if err != nil {
		var b *BrokenError
		if errors.As(err, &b) || errors.Is(err, ErrEmpty) {
			a.Begin(name)
			a.broke(err)
			return nil
		}
		return err
	}
	defer f.Close()
	defer context.AfterFunc(ctx, f.Close)()
	tell := j.teller(name, size, counted)
	err = a.read(ctx, f, func(p *Packet) error {
		tell(a)
		return every(p)
	})
	var b *BrokenError
	if errors.As(err, &b) {
		return nil // in the report
	}
	return err
}

// teller returns what calls Progress at most four times a second.
func (j *Job) teller(name string, size int64, counted *countingReader) func(*Analyzer) {
	if j.Progress == nil {
		return func(*Analyzer) {}
	}
	started := time.Now()
	last, n := started, 0
	return func(a *Analyzer) {
		if n++; n&4095 != 0 {
			return
		}
		if now := time.Now(); now.Sub(last) > 250*time.Millisecond {
			last = now
			j.Progress(Progress{Source: name, Read: counted.n.Load(), Size: size, Started: started, Counters: a.Counters()})
		}
	}
}

// live captures from an interface.
func (j *Job) live(ctx context.Context, a *Analyzer, every func(*Packet) error) error {
	o := LiveOptions{Interface: j.Interface, Ports: a.Ports(), AllTCP: j.AllTCP}
	l, err := OpenLive(o)
	if err != nil {
		return err
	}
	defer func() {
		l.Close()
		a.Lost(l.Dropped())
	}()
	if j.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, j.Duration)
		defer cancel()
	}
	defer context.AfterFunc(ctx, l.Close)()
	a.Begin(j.Interface)
	started := time.Now()
	flushed := started
	var p Packet
	for {
		switch err := l.Next(&p); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := every(&p); err != nil {
			return err
		}
		if len(a.e.ports) != len(o.Ports) {
			o.Ports = a.Ports()
			if err := l.Allow(o); err != nil {
				return err
			}
		}
		// A live reader wants to see an answer when it comes.
		if now := time.Now(); now.Sub(flushed) > 100*time.Millisecond || a.e.matched {
			flushed = now
			a.Flush()
			if j.Progress != nil {
				j.Progress(Progress{Source: j.Interface, Started: started, Counters: a.Counters()})
			}
		}
	}
}

// countingReader counts what was read.
type countingReader struct {
	r io.Reader
	n atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// follower waits at the end of a file until more is written.
type follower struct {
	ctx context.Context //nolint:containedctx // Read has no context
	r   io.Reader
}

const followPause = 200 * time.Millisecond

func (f *follower) Read(p []byte) (int, error) {
	for {
		n, err := f.r.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		t := time.NewTimer(followPause)
		select {
		case <-f.ctx.Done():
			t.Stop()
			return 0, io.EOF
		case <-t.C:
		}
	}
}
