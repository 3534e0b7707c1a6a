package checks

import (
	"fmt"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// settle writes the end of a request into its row.
func (a *matrixAsker) settle(row *run.MatrixRow, e evidence.Exchange) {
	row.Took, row.EPID = e.Took, evidence.Clean(e.EPID)
	a.deaf++
	switch e.Outcome {
	case evidence.Served:
		row.Status, a.deaf = run.MatrixServed, 0
		countRow(row, e)
	case evidence.HostRefused:
		row.Status, a.deaf = run.MatrixRefused, 0
		row.HRESULT, row.Code, row.Why = e.HRESULT, kmserr.Code(e.HRESULT).String(), whyRefused(row, e.HRESULT)
	case evidence.Unverified:
		row.Status, a.deaf = run.MatrixInvalid, 0
		row.Why = "the answer fails verification: " + evidence.Clean(e.Detail)
	case evidence.ExchangeFault:
		row.Status, row.Why = run.MatrixInvalid, colon("RPC fault", evidence.Clean(e.Detail))
	case evidence.ExchangeGarbled:
		row.Status, row.Why = run.MatrixInvalid, colon("a malformed answer", evidence.Clean(e.Detail))
	case evidence.ExchangeSilent:
		row.Status, row.Why = run.MatrixNoAnswer, colon(fmt.Sprintf("no answer within %s", roundLimit(a.limit())), evidence.Clean(e.Detail))
	case evidence.ExchangeClosed:
		row.Status, row.Why = run.MatrixNoAnswer, colon("the connection was closed after the request", evidence.Clean(e.Detail))
	case evidence.ExchangeReset:
		row.Status, row.Why = run.MatrixNoAnswer, colon("the connection was reset after the request", evidence.Clean(e.Detail))
	default:
		row.Status, row.Why = run.MatrixNoAnswer, colon("the request failed", evidence.Clean(e.Detail))
	}
	a.countSame(row)
	a.noteKey(row)
}

func roundLimit(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// countRow notes what the count of an answer means for the row's products.
func countRow(row *run.MatrixRow, e evidence.Exchange) {
	t := catalog.JudgeCount(int(e.Count), catalog.Class(row.Class), e.Probe)
	if t.Unset {
		row.Why = "the host states no count (-1)"
		return
	}
	row.Count, row.Others = &t.Count, &t.Others
	row.Missing = max(0, row.Needs-t.Others)
}

// whyRefused says what a verdict means, in a clause.
func whyRefused(row *run.MatrixRow, code uint32) string {
	switch kms.HRESULT(code) {
	case kms.ErrKeyMismatch:
		return "no host key there covers it"
	case kms.ErrInvalidData:
		return "the host does not take V" + row.Protocol[:1]
	case kms.ErrTimestamp:
		return "the clocks of this machine and the host are more than four hours apart"
	case kms.ErrHostNotActivated:
		return "the KMS host itself is not activated"
	}
	if e, ok := kmserr.Lookup(kmserr.Code(code)); ok {
		return e.Title()
	}
	return "a code that is not in the catalogue"
}

// countSame counts refusals in a row that are not about the product.
func (a *matrixAsker) countSame(row *run.MatrixRow) {
	about := row.HRESULT == uint32(kms.ErrKeyMismatch) || row.HRESULT == uint32(kms.ErrInvalidData)
	switch {
	case row.Status != run.MatrixRefused || about:
		a.same = 0
	case row.HRESULT == a.sameCode:
		a.same++
	default:
		a.same, a.sameCode = 1, row.HRESULT
	}
}
