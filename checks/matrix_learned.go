package checks

import (
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// matrixOrigin is the check that the observations of a matrix name as theirs.
const matrixOrigin = "products"

// learned is what the matrix tells of the host itself, for a diagnosis: how it was
// reached, the first count of each of its lists, and the first of each other way
// in which it answered. That it refuses a product or a protocol version is left
// out: a host that nobody's clients ask for that product has no fault, and whoever
// does ask sees the refusal.
func (a *matrixAsker) learned() evidence.Set {
	type list struct {
		application string
		needs       uint32
	}
	type ending struct {
		outcome evidence.ExchangeOutcome
		code    uint32
	}
	var set evidence.Set
	lists, endings := map[list]bool{}, map[ending]bool{}
	for _, seen := range a.observed {
		set.Dials = append(set.Dials, seen.Dials...)
		set.Binds = append(set.Binds, seen.Binds...)
		for _, x := range seen.Exchanges {
			var known bool
			switch l, e := (list{x.Application, x.NPolicy}), (ending{x.Outcome, x.HRESULT}); {
			case x.Outcome == evidence.Served:
				known, lists[l] = lists[l], true
			case x.Outcome == evidence.HostRefused && (x.HRESULT == uint32(kms.ErrKeyMismatch) || x.HRESULT == uint32(kms.ErrInvalidData)):
				known = true
			default:
				known, endings[e] = endings[e], true
			}
			if !known {
				set.Exchanges = append(set.Exchanges, x)
			}
		}
	}
	for i := range set.Dials {
		set.Dials[i].Origin.Check = matrixOrigin
	}
	for i := range set.Binds {
		set.Binds[i].Origin.Check = matrixOrigin
	}
	for i := range set.Exchanges {
		set.Exchanges[i].Origin.Check = matrixOrigin
	}
	return set
}
