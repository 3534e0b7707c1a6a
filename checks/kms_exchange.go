package checks

import (
	"context"
	"errors"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// fillRequest notes what was asked.
func fillRequest(e *evidence.Exchange, q kms.Request) {
	e.Version = q.Version.String()
	e.Application, e.ActivationID, e.CountedID = q.AppID.String(), q.SKUID.String(), q.CountedID.String()
	e.CMID, e.Workstation, e.NPolicy = q.CMID.String(), q.Workstation, q.NPolicy
	if !q.PreviousCMID.IsZero() {
		e.PreviousCMID = q.PreviousCMID.String()
	}
	e.VM, e.LicenseStatus, e.MinutesLeft = q.VMInfo != 0, uint32(q.LicenseStatus), q.RemainingMinutes
	e.ClientTime = q.ClientTime.Time()
}

// fillAnswer notes what came back, as far as it could be read.
func fillAnswer(e *evidence.Exchange, x kms.Exchange) {
	for _, t := range x.Timings {
		if t.Phase == kms.SendRequest || t.Phase == kms.AwaitResponse {
			e.Took += t.Took
		}
	}
	if x.Answered {
		e.HRESULT = uint32(x.HRESULT)
	}
	if x.Fault != nil {
		e.Status = uint32(*x.Fault)
	}
	for _, c := range x.Verification() {
		switch {
		case c.Status == kms.Passed:
			e.Verified = append(e.Verified, string(c.ID))
		case c.Status == kms.Failed:
			e.Failed = append(e.Failed, (&kms.VerifyError{Check: c}).Error())
		case c.Status == kms.Noted && c.ID == kms.CheckIVDiffers:
			e.SameIV = true
		}
	}
	r := x.Response
	if r == nil || !r.Decoded {
		return
	}
	e.Count, e.ActivationInterval, e.RenewalInterval, e.EPID = r.Count, r.ActivationInterval, r.RenewalInterval, r.EPID
	if r.Outer.Major() == 6 {
		e.HwID = r.HwID.String()
	}
}

// explainExchange sorts the end of a request into the evidence.
func explainExchange(e *evidence.Exchange, x kms.Exchange, err error) {
	var (
		gaveUp    *kms.GaveUpError
		transport *kms.TransportError
		reply     *kms.ReplyError
	)
	if err != nil {
		e.Detail = err.Error()
	}
	switch {
	case err == nil:
		e.Outcome = evidence.Served
	case x.Fault != nil:
		e.Outcome, e.Detail = evidence.ExchangeFault, x.Fault.String()
	case x.Answered && x.HRESULT != kms.OK:
		e.Outcome, e.Detail = evidence.HostRefused, ""
	case len(e.Failed) > 0:
		e.Outcome, e.Detail = evidence.Unverified, failedFields(x.Verification())
	case errors.As(err, &reply):
		e.Outcome, e.Detail = evidence.ExchangeGarbled, reply.Err.Error()
	case errors.As(err, &gaveUp) && !errors.Is(gaveUp, context.Canceled):
		e.Outcome, e.Detail = evidence.ExchangeSilent, partly(x.Received)
	case errors.As(err, &transport) && transport.Reset():
		e.Outcome, e.Detail = evidence.ExchangeReset, partly(x.Received)
	case errors.As(err, &transport) && transport.Closed():
		e.Outcome, e.Detail = evidence.ExchangeClosed, partly(x.Received)
	default:
		e.Outcome = evidence.ExchangeOther
	}
}

// failedFields names the fields whose checks failed, each once.
func failedFields(v kms.Verification) string {
	var fields []string
	seen := map[string]bool{}
	for _, c := range v {
		if c.Status == kms.Failed && !seen[c.Field] {
			seen[c.Field] = true
			fields = append(fields, c.Field)
		}
	}
	return strings.Join(fields, ", ")
}
