package directory

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// Attributes of msSPP-ActivationObject (MS-ADA2) whose values are read.
const (
	attrName       = "name"
	attrDisplay    = "displayName"
	attrKey        = "msSPP-CSVLKSkuId"
	attrCountedIDs = "msSPP-KMSIds"
	attrPID        = "msSPP-CSVLKPid"
	attrPartialKey = "msSPP-CSVLKPartialProductKey"
	attrCreated    = "whenCreated"
	attrChanged    = "whenChanged"
)

var wanted = []string{attrName, attrDisplay, attrKey, attrCountedIDs, attrPID, attrPartialKey, attrCreated, attrChanged}

// held are the attributes of which only the presence is asked: licences of up to
// 5 MiB, and the ids of the activation by telephone.
var held = []struct{ attribute, name string }{
	{"msSPP-IssuanceLicense", "issuance-license"},
	{"msSPP-ConfigLicense", "config-license"},
	{"msSPP-OnlineLicense", "online-license"},
	{"msSPP-PhoneLicense", "phone-license"},
	{"msSPP-InstallationId", "installation-id"},
	{"msSPP-ConfirmationId", "confirmation-id"},
}

func heldAttributes() []string {
	var list []string
	for _, h := range held {
		list = append(list, h.attribute)
	}
	return list
}

func holds(e *ldap.Entry) []string {
	var list []string
	for _, h := range held {
		for _, a := range e.Attributes {
			if strings.EqualFold(a.Name, h.attribute) {
				list = append(list, h.name)
				break
			}
		}
	}
	return list
}

// Bounds of one object.
const (
	maxText = 512 // bytes; the schema's own limit of msSPP-CSVLKPid
	maxIDs  = 64  // counted ids; there are about 40 in the world
)

// noID is the id that stands for none.
const noID = "00000000-0000-0000-0000-000000000000"

// decode reads one activation object. An attribute that cannot be read is named
// in Problem; the others are kept.
func decode(e *ldap.Entry) evidence.ActivationObject {
	o := evidence.ActivationObject{
		DN: bounded(e.DN), Name: bounded(e.GetEqualFoldAttributeValue(attrName)), DisplayName: bounded(e.GetEqualFoldAttributeValue(attrDisplay)),
		EPID: bounded(e.GetEqualFoldAttributeValue(attrPID)),
	}
	var problems []string
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if v := e.GetEqualFoldRawAttributeValue(attrKey); len(v) > 0 {
		known := func(id string) bool { _, ok := hostKeyOf(id); return ok }
		switch id, ok := guid(v, known); {
		case !ok:
			bad("%s has %d bytes, not 16", attrKey, len(v))
		case id == noID:
			bad("%s is all zeros", attrKey)
		default:
			o.ActivationID = id
		}
	}
	known := func(id string) bool { _, ok := catalog.GroupByCountedID(id); return ok }
	for i, v := range e.GetEqualFoldRawAttributeValues(attrCountedIDs) {
		if i == maxIDs {
			bad("%s has more than %d values", attrCountedIDs, maxIDs)
			break
		}
		id, ok := guid(v, known)
		if !ok {
			bad("%s has a value of %d bytes, not 16", attrCountedIDs, len(v))
			break
		}
		if id == noID {
			bad("%s has a value that is all zeros", attrCountedIDs)
			break
		}
		o.CountedIDs = append(o.CountedIDs, id)
	}
	// Of a key never more than its last five characters, whatever the attribute holds.
	if v := e.GetEqualFoldAttributeValue(attrPartialKey); len(v) == 5 {
		o.PartialKey = bounded(v)
	} else if v != "" {
		bad("%s has %d characters, not 5", attrPartialKey, len(v))
	}
	for _, t := range []struct {
		attribute string
		to        *time.Time
	}{{attrCreated, &o.Created}, {attrChanged, &o.Changed}} {
		v := e.GetEqualFoldAttributeValue(t.attribute)
		if v == "" {
			continue
		}
		at, err := generalizedTime(v)
		if err != nil {
			bad("%s is no time", t.attribute)
			continue
		}
		*t.to = at
	}
	o.Problem = strings.Join(problems, "; ")
	return o
}

// generalizedTime reads a time as Active Directory writes it, 20261123120405.0Z
// (MS-ADTS 3.1.1.2.2.2), with or without the fraction.
func generalizedTime(s string) (time.Time, error) {
	at, err := time.Parse("20060102150405.0Z", s)
	if err != nil {
		at, err = time.Parse("20060102150405Z", s)
	}
	if err != nil || at.Year() < 1 {
		return time.Time{}, errMalformed
	}
	return at.UTC(), nil
}

// guid reads the 16 bytes of an id: its first three fields least byte first, as
// Windows stores them (MS-DTYP 2.3.4.2). An id that is known only when its bytes
// are read in the order of the text is taken so.
func guid(b []byte, known func(id string) bool) (string, bool) {
	if len(b) != 16 {
		return "", false
	}
	swapped := []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]}
	id, straight := guidText(append(swapped, b[8:]...)), guidText(b)
	if !known(id) && known(straight) {
		return straight, true
	}
	return id, true
}

func guidText(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// hostKeyOf returns the generation of host keys with an activation id.
func hostKeyOf(activationID string) (catalog.HostKey, bool) {
	for _, k := range catalog.HostKeys() {
		for _, id := range k.ActivationIDs {
			if strings.EqualFold(id, activationID) {
				return k, true
			}
		}
	}
	return catalog.HostKey{}, false
}

// bounded cuts a text of a server and makes it UTF-8; control characters are the
// business of whoever shows it.
func bounded(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "?")
	}
	return s
}
