package kms

import (
	"fmt"
	"strconv"
)

// A Field is one field of an opened message.
type Field struct {
	Name   string // "client machine id"
	Offset int    // in the message, in bytes
	Length int    // bytes
	Sealed bool   // whether the field is encrypted on the wire
	Value  string // for display; a peer's text is not cleaned of control characters
}

// A fieldList collects adjacent fields.
type fieldList struct {
	fields []Field
	offset int
	sealed bool
}

func (l *fieldList) add(length int, name, format string, args ...any) {
	l.fields = append(l.fields, Field{name, l.offset, length, l.sealed, fmt.Sprintf(format, args...)})
	l.offset += length
}

// outer adds what precedes the base of a V5 or V6 message.
func (l *fieldList) outer(v Version, iv [16]byte) {
	l.add(4, "version", "%s", v)
	l.add(16, "IV", "%x", iv)
	l.sealed = true
}

// rest adds the bytes of b from the current offset on.
func (l *fieldList) rest(b []byte, name string) {
	if l.offset < len(b) {
		l.add(len(b)-l.offset, name, "%x", b[l.offset:])
	}
}

// Fields returns the fields of the message in order and without gaps. If the
// encrypted part could not be read it is one field.
func (o *OpenedRequest) Fields() []Field {
	l := fieldList{fields: make([]Field, 0, 20)}
	if len(o.Clear) != RequestSizeV4 {
		l.outer(o.Outer, o.IV)
	}
	if !o.Decoded {
		l.rest(o.Clear, "unreadable")
		return l.fields
	}
	l.add(4, "version", "%s", o.Version)
	l.add(4, "virtual machine", "%s", yesNo(o.VMInfo))
	l.add(4, "license status", "%d (%s)", uint32(o.LicenseStatus), o.LicenseStatus)
	l.add(4, "minutes remaining", "%d", o.RemainingMinutes)
	l.add(16, "application id", "%s", o.AppID)
	l.add(16, "activation id", "%s", o.SKUID)
	l.add(16, "KMS counted id", "%s", o.CountedID)
	l.add(16, "client machine id", "%s", o.CMID)
	l.add(4, "N policy", "%d", o.NPolicy)
	l.add(8, "client time", "%s", o.ClientTime)
	l.add(16, "previous client machine id", "%s", o.PreviousCMID)
	l.add(2*(maxText+1), "workstation name", "%s", o.Workstation)
	if len(o.Clear) == RequestSizeV4 {
		l.rest(o.Clear, "MAC")
	} else {
		l.rest(o.Clear, "padding")
	}
	return l.fields
}

// Fields returns the fields of the message in order and without gaps. If the
// encrypted part could not be read it is one field.
func (o *OpenedResponse) Fields() []Field {
	l := fieldList{fields: make([]Field, 0, 20)}
	if o.Outer.Major() != 4 {
		l.outer(o.Outer, o.IV)
	}
	if !o.Decoded {
		l.rest(o.Clear, "unreadable")
		return l.fields
	}
	l.add(4, "version", "%s", o.Version)
	l.add(4, "ePID length", "%d", o.epidLen())
	l.add(int(o.epidLen()), "ePID", "%s", o.EPID)
	l.add(16, "client machine id", "%s", o.CMID)
	l.add(8, "client time", "%s", o.ClientTime)
	l.add(4, "count", "%d", o.Count)
	l.add(4, "activation interval", "%d min", o.ActivationInterval)
	l.add(4, "renewal interval", "%d min", o.RenewalInterval)
	if o.Outer.Major() == 4 {
		l.add(16, "MAC", "%x", o.MAC)
	} else {
		l.add(16, "random field", "%x", o.Random)
		l.add(32, "random hash", "%x", o.RandomHash)
	}
	if o.Outer.Major() == 6 {
		l.add(8, "hardware id", "%s", o.HwID)
		l.add(16, "decrypted request IV", "%x", o.Salts)
		l.add(16, "HMAC", "%x", o.HMAC)
	}
	l.rest(o.Clear, "padding")
	return l.fields
}

func yesNo(n uint32) string {
	switch n {
	case 0:
		return "no"
	case 1:
		return "yes"
	}
	return strconv.FormatUint(uint64(n), 10)
}
