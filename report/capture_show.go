package report

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// A LineRenderer also takes the lines that a capture adds to the stream of
// events; [Replay] hands them on to it. Other renderers pass over them.
type LineRenderer interface {
	Renderer
	Line(kind string, line json.RawMessage) error
}

// conversing is the text renderer with the table of conversations behind the
// summary, for a stream that holds them.
type conversing struct {
	Renderer
	w     io.Writer
	table *captureText
	names map[netip.Addr]string
}

func newConversing(w io.Writer, s Style) *conversing {
	same := func(r Renderer) Renderer { return r }
	return &conversing{Renderer: Text(w, s), w: w, table: newCaptureText(w, s, nil, same, false), names: map[netip.Addr]string{}}
}

// Line implements [LineRenderer].
func (c *conversing) Line(kind string, line json.RawMessage) error {
	var err error
	switch kind {
	case KindExchange:
		var x call
		if err = json.Unmarshal(line, &x); err == nil && c.table.room() {
			c.table.call(x)
		}
	case KindConnection:
		err = c.connection(line)
	case KindDNS:
		err = c.lookup(line)
	}
	if err != nil {
		return fmt.Errorf("%s line: %w", kind, err)
	}
	return nil
}

func (c *conversing) connection(line json.RawMessage) error {
	var k struct {
		Conn       int64      `json:"conn"`
		Client     netip.Addr `json:"client"`
		Host       netip.Addr `json:"host"`
		HostPort   uint16     `json:"host_port"`
		First      float64    `json:"t_first"`
		Last       float64    `json:"t_last"`
		Note       string     `json:"note"`
		Exchanges  int        `json:"exchanges"`
		FirstAndTo []int64    `json:"span"`
	}
	if err := json.Unmarshal(line, &k); err != nil {
		return err
	}
	if k.Note == "" {
		return nil // not of KMS
	}
	if !c.table.room() {
		c.table.more++
		return nil
	}
	it := item{at: int64(k.First * 1e9), end: int64(k.Last * 1e9), client: k.Client, host: netip.AddrPortFrom(k.Host, k.HostPort), attempt: k.Note}
	if len(k.FirstAndTo) == 2 {
		it.packets = capture.Span{First: k.FirstAndTo[0], Last: k.FirstAndTo[1]}
	}
	c.table.ended(k.Conn, k.Exchanges, it)
	return nil
}

func (c *conversing) lookup(line json.RawMessage) error {
	var l struct {
		Client    netip.Addr           `json:"client"`
		Name      string               `json:"name"`
		Type      string               `json:"type"`
		Outcome   evidence.DNSOutcome  `json:"outcome"`
		Asked     float64              `json:"t_question"`
		Answered  float64              `json:"t_answer"`
		Records   []evidence.SRVRecord `json:"records"`
		Addresses []netip.Addr         `json:"addresses"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	for _, a := range l.Addresses {
		if c.names[a] == "" {
			c.names[a] = l.Name
		}
	}
	if l.Type == "SRV" && c.table.room() {
		look := &capture.Lookup{Name: l.Name, Outcome: l.Outcome, SRV: l.Records}
		c.table.items = append(c.table.items, item{at: int64(l.Asked * 1e9), end: int64(l.Answered * 1e9), client: l.Client, dns: lookupText(look, nil)})
	}
	return nil
}

// Close prints what is still held back, and the table.
func (c *conversing) Close() error {
	if err := c.Renderer.Close(); err != nil {
		return err
	}
	var b strings.Builder
	c.table.table(&b, c.names)
	c.table.items = nil
	_, err := io.WriteString(c.w, b.String())
	return err
}
