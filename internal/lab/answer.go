package lab

import (
	"errors"
	"fmt"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
)

// Intervals that hosts hand out unless told otherwise, in minutes.
const (
	activationInterval = 120
	renewalInterval    = 10080
)

// clockLimit is how far a client's clock may be from the host's.
const clockLimit = 4 * time.Hour

// errStranger ends a connection on which anybody but the probe asks.
var errStranger = errors.New("the lab answers the probe's client id alone")

// answer judges a request message and returns the sealed answer, or none with
// the HRESULT of a refusal. An error ends the connection.
func (s *session) answer(message []byte) ([]byte, kms.HRESULT, error) {
	q, err := kms.OpenRequest(message)
	if err != nil || q.Verification.Err() != nil {
		return nil, kms.ErrInvalidData, nil //nolint:nilerr // a host says so in its answer
	}
	known := q.CMID == kms.ProbeCMID
	s.log.request(Request{
		Host: s.name, Version: q.Version.String(), CMID: q.CMID.String(), Application: q.AppID.String(),
		ActivationID: q.SKUID.String(), CountedID: q.CountedID.String(), NPolicy: q.NPolicy,
		Workstation: q.Workstation, Answered: known,
	})
	if !known {
		return nil, 0, errStranger
	}
	if refusal := s.judge(q.Request); refusal != kms.OK {
		return nil, refusal, nil
	}
	r := kms.Response{
		Version: q.Version, EPID: s.EPID, CMID: q.CMID, ClientTime: q.ClientTime,
		Count:              s.count(q.AppID, q.NPolicy),
		ActivationInterval: activationInterval, RenewalInterval: renewalInterval, HwID: s.HwID,
	}
	switch s.Fault {
	case WrongCMID:
		r.CMID[15] ^= 0x01
	case WrongTime:
		r.ClientTime = kms.FiletimeOf(q.ClientTime.Time().Add(-time.Hour))
	}
	base, err := r.AppendBase(nil)
	if err != nil {
		return nil, 0, fmt.Errorf("lab: %s: %w", s.name, err)
	}
	if s.Fault == OddEPID {
		base = oddEPID(base)
	}
	sealed := seal(r, base, q.IV, s.Manner.SameIV)
	if s.Fault == FlippedBit {
		sealed[len(sealed)/2] ^= 0x10
	}
	return sealed, kms.OK, nil
}

// judge decides whether a request is served.
func (h *kmsHost) judge(q kms.Request) kms.HRESULT {
	newest := h.Version
	if newest == 0 {
		newest = kms.V6
	}
	off := h.now().Sub(q.ClientTime.Time())
	switch {
	case q.Version > newest:
		return kms.ErrInvalidData
	case h.HRESULT != kms.OK:
		return h.HRESULT
	case !h.Manner.AnyTime && off.Abs() > clockLimit:
		return kms.ErrTimestamp
	case !h.Manner.AnyProduct && !h.covered[q.CountedID]:
		return kms.ErrKeyMismatch
	}
	return kms.OK
}
