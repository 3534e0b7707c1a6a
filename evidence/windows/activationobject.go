package windows

import (
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// KindActivationObject is an activation object of Active Directory, as the line
// that kmsdiag adba prints shows it.
const KindActivationObject Kind = "activation object"

// maxCountedIDs bounds the counted ids of one object; there are about 40 in the world.
const maxCountedIDs = 64

func mapActivationObject(p *parser, r *record) {
	p.found(KindActivationObject, &r.first)
	o := evidence.ActivationObject{
		Origin: p.origin(&r.first), DN: r.get("activationobject"), Name: r.get("name"), DisplayName: r.get("displayname"),
		ActivationID: strings.ToLower(r.get("keyactivationid")), EPID: r.get("pid"),
	}
	// Of a key never more than its last five characters.
	if key := r.get("partialkey"); len(key) == 5 {
		o.PartialKey = key
	}
	for id := range strings.FieldsSeq(r.get("countedids")) {
		if len(o.CountedIDs) < maxCountedIDs {
			o.CountedIDs = append(o.CountedIDs, strings.ToLower(id))
		}
	}
	if at, err := time.Parse("2006-01-02T15:04:05", r.get("created")); err == nil {
		o.Created = at.UTC()
	}
	put(p, &p.paste.Set.ActivationObjects, o)
}
