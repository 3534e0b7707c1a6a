package tape

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// fields collects adjacent fields of a PDU.
type fields struct {
	list []Field
	at   int // offset of the next field
	end  int // bytes of the PDU
	big  bool
}

// add names the next bytes. What would reach beyond the PDU is cut.
func (l *fields) add(length int, name, format string, args ...any) {
	to := min(l.at+length, l.end)
	l.list = append(l.list, Field{Name: name, Value: fmt.Sprintf(format, args...), From: min(l.at, l.end), To: to})
	l.at = to
}

// skip passes over bytes without a meaning, to an offset.
func (l *fields) skip(to int, name string) {
	if to > l.at && to <= l.end {
		l.add(to-l.at, name, "%d bytes", to-l.at)
	}
}

// rest names what is left.
func (l *fields) rest(name string) { l.skip(l.end, name) }

// header names the fields that every PDU begins with (C706, section 12.6.3.1).
func (l *fields) header(h dcerpc.Header) {
	order := "little-endian"
	if h.BigEndian() {
		order = "big-endian"
	}
	l.add(2, "RPC version", "%d.%d", h.Major, h.Minor)
	l.add(1, "packet type", "%d (%s)", uint8(h.Type), h.Type)
	l.add(1, "flags", "%s", flags(h.Flags))
	l.add(4, "data representation", "%s", order)
	l.add(2, "fragment length", "%d", h.FragLen)
	l.add(2, "authentication length", "%d", h.AuthLen)
	l.add(4, "call id", "%d", h.CallID)
}

func flags(f dcerpc.Flags) string {
	words := []string{}
	for _, w := range []struct {
		flag dcerpc.Flags
		name string
	}{
		{dcerpc.FlagFirst, "first"},
		{dcerpc.FlagLast, "last"},
		{dcerpc.FlagPendingCancel, "cancel pending"},
		{dcerpc.FlagMultiplex, "multiplex"},
		{dcerpc.FlagDidNotExecute, "did not execute"},
		{dcerpc.FlagMaybe, "maybe"},
		{dcerpc.FlagObject, "object"},
	} {
		if f&w.flag != 0 {
			words = append(words, w.name)
		}
	}
	return fmt.Sprintf("0x%02X (%s)", uint8(f), strings.Join(words, ", "))
}

func (l *fields) syntax(name string, s dcerpc.Syntax) {
	text := s.String()
	if s.UUID == kms.Interface.UUID {
		text = "KMS, " + text
	}
	l.add(20, name, "%s", text)
}

// message names the fields of a KMS message that begins at an offset.
func (l *fields) message(at int, list []kms.Field) {
	for _, f := range list {
		from, to := at+f.Offset, at+f.Offset+f.Length
		if at < 0 || from > l.end || to > l.end {
			from, to = l.end, l.end
		}
		l.list = append(l.list, Field{Name: f.Name, Value: f.Value + named(f), From: from, To: to, Sealed: f.Sealed})
		l.at = max(l.at, to)
	}
}

// named is what an id stands for, behind it; nothing where nobody knows.
func named(f kms.Field) string {
	name := ""
	switch f.Name {
	case "application id":
		name = catalog.ApplicationName(f.Value)
	case "activation id":
		if p, ok := catalog.ProductByActivationID(f.Value); ok {
			name = p.Name
		}
	case "KMS counted id":
		if g, ok := catalog.GroupByCountedID(f.Value); ok {
			name = g.Name
		}
	case "client machine id":
		if f.Value == kms.ProbeCMID.String() {
			name = "that of every kmsdiag"
		}
	}
	if name == "" {
		return ""
	}
	return "  " + name
}

func upper(name string) string { return strings.ToUpper(name) }
