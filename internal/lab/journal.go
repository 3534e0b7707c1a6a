package lab

import (
	"net/netip"
	"slices"
	"sync"
)

// Question is one DNS question that reached a simulated DNS server.
type Question struct {
	Resolver netip.Addr
	Network  string // "udp" or "tcp"
	Name     string // no final dot
	Type     string // "SRV", "A"
	EDNS     bool
}

// Request is one KMS request that reached a simulated host. GUIDs are canonical
// lower-case text.
type Request struct {
	Host         string
	Version      string // "6.0"
	CMID         string
	Application  string
	ActivationID string
	CountedID    string
	NPolicy      uint32
	Workstation  string
	Answered     bool // false: another client id than the probe's, so the host closed
}

// journal is what a site was asked, in the order of arrival.
type journal struct {
	mu        sync.Mutex
	questions []Question
	requests  []Request
	dials     []netip.AddrPort
}

func (j *journal) question(q Question) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.questions = append(j.questions, q)
}

func (j *journal) request(r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
}

func (j *journal) dial(to netip.AddrPort) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dials = append(j.dials, to)
}

// Questions returns the DNS questions that the site received so far.
func (s *Site) Questions() []Question {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.questions)
}

// Requests returns the KMS requests that the site's hosts received so far.
func (s *Site) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.requests)
}

// Dialled returns the addresses to which connections were opened or tried, in
// documentation addresses.
func (s *Site) Dialled() []netip.AddrPort {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.dials)
}
