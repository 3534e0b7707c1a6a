package capture

import (
	"sync"

	"github.com/kmsdiag/kmsdiag/kms"
)

// A Record is one thing that was found. Exactly one field is set; what it
// points to is valid only while it is being handed on.
type Record struct {
	Exchange   *Exchange
	Connection *Connection
	Lookup     *Lookup
	Step       *Step // with [Options.Steps] alone
}

// batchSize is how many records travel together.
const batchSize = 128

// A batch is a stretch of the records of a run.
type batch struct {
	seq     int
	records []Record
	xs      [batchSize]Exchange
	cs      [batchSize]Connection
	ls      [batchSize]Lookup
	ss      []Step // made when the first is needed
	nx, nc  int
	nl, ns  int
	encoded []byte // see Options.Encode
	store   []byte // messages of the exchanges
	reqs    [batchSize]kms.OpenedRequest
	resps   [batchSize]kms.OpenedResponse
}

// A pipeline opens the messages of exchanges on all processors and hands the
// records on in order. Where no worker is free the reader itself does the work:
// so neither waits for the other.
type pipeline struct {
	cur    *batch
	jobs   chan *batch
	encode func([]Record, []byte) []byte // may be nil; called by several goroutines
	sink   func([]Record, []byte)
	work   sync.WaitGroup
	free   sync.Pool

	mu   sync.Mutex
	all  *sync.Cond // next has grown
	seq  int        // of the next batch to submit
	next int        // of the next batch to hand on
	done map[int]*batch
}

func newPipeline(workers int, encode func([]Record, []byte) []byte, sink func([]Record, []byte)) *pipeline {
	p := &pipeline{jobs: make(chan *batch, 2*workers), encode: encode, sink: sink, done: map[int]*batch{}}
	p.all = sync.NewCond(&p.mu)
	p.free.New = func() any { return &batch{records: make([]Record, 0, batchSize)} }
	p.cur = p.free.Get().(*batch)
	for range workers {
		p.work.Go(func() {
			for b := range p.jobs {
				p.process(b)
			}
		})
	}
	return p
}

func (p *pipeline) exchange() *Exchange {
	x := &p.cur.xs[p.cur.nx]
	p.cur.nx++
	p.cur.records = append(p.cur.records, Record{Exchange: x})
	return x
}

// keep copies a message into the current batch.
func (p *pipeline) keep(b []byte) []byte {
	if b == nil {
		return nil
	}
	s := p.cur.store
	if len(s)+len(b) > cap(s) {
		s = make([]byte, 0, max(batchSize*2*maxStored, len(b)))
	}
	at := len(s)
	p.cur.store = append(s, b...)
	return p.cur.store[at:len(p.cur.store):len(p.cur.store)]
}

func (p *pipeline) connection() *Connection {
	c := &p.cur.cs[p.cur.nc]
	p.cur.nc++
	p.cur.records = append(p.cur.records, Record{Connection: c})
	return c
}

func (p *pipeline) lookup() *Lookup {
	l := &p.cur.ls[p.cur.nl]
	p.cur.nl++
	p.cur.records = append(p.cur.records, Record{Lookup: l})
	return l
}

func (p *pipeline) step() *Step {
	if p.cur.ss == nil {
		p.cur.ss = make([]Step, batchSize)
	}
	s := &p.cur.ss[p.cur.ns]
	p.cur.ns++
	p.cur.records = append(p.cur.records, Record{Step: s})
	return s
}

// full submits the current batch if it is full. It is called after a record was
// filled.
func (p *pipeline) full(*engine) {
	if len(p.cur.records) == batchSize {
		p.flush()
	}
}

// flush submits what there is.
func (p *pipeline) flush() {
	if len(p.cur.records) == 0 {
		return
	}
	b := p.cur
	b.seq = p.seq
	p.seq++
	p.cur = p.free.Get().(*batch)
	select {
	case p.jobs <- b:
	default:
		p.process(b)
	}
}

// settle waits until what there is was handed on, and returns with mu held. The
// reader must not submit meanwhile.
func (p *pipeline) settle() {
	p.flush()
	p.mu.Lock()
	for p.next < p.seq {
		p.all.Wait()
	}
}

// close waits until everything is handed on.
func (p *pipeline) close() {
	p.flush()
	close(p.jobs)
	p.work.Wait()
}

func (p *pipeline) process(b *batch) {
	for i := range b.nx {
		b.xs[i].open(&b.reqs[i], &b.resps[i])
	}
	if p.encode != nil {
		b.encoded = p.encode(b.records, b.encoded[:0])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[b.seq] = b
	for {
		b := p.done[p.next]
		if b == nil {
			return
		}
		delete(p.done, p.next)
		p.next++
		p.sink(b.records, b.encoded)
		p.all.Broadcast()
		b.reset()
		p.free.Put(b)
	}
}

func (b *batch) reset() {
	clear(b.xs[:b.nx])
	clear(b.cs[:b.nc])
	clear(b.ls[:b.nl])
	clear(b.ss[:b.ns])
	b.records, b.nx, b.nc, b.nl, b.ns, b.store = b.records[:0], 0, 0, 0, 0, b.store[:0]
}
