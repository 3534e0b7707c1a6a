package report

import (
	"fmt"
	"net/netip"
	"reflect"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// Redact returns a renderer that replaces names, addresses and ids by
// pseudonyms before r sees an event. One value gets one pseudonym throughout:
// host-1.domain-1, machine-1, cmid-1. Addresses become addresses of
// documentation (198.51.100.0/24 and on, 2001:db8::/32), so that every
// format stays valid; loopback, link-local and the addresses and names that
// cloud providers publish stay, for they identify nobody and matter to the
// diagnosis. Ports, times, counts and codes stay.
//
// What peers sent in place of RPC is dropped. Free text is searched for every
// name met so far, for addresses, and for names below domains met so far; a
// name that occurs in free text alone cannot be known. Sets are evidence that a
// run is judged by and that its events do not carry, such as pasted text.
func Redact(r Renderer, sets ...evidence.Set) Renderer { return RedactBy(NewMask(sets...), r) }

// RedactBy is [Redact] with the pseudonyms of a mask, which learns from the events.
func RedactBy(m *Mask, r Renderer) Renderer { return &redacting{r, m} }

type redacting struct {
	next Renderer
	mask *Mask
}

// Event implements [Renderer].
func (r *redacting) Event(e run.Event) error { return r.next.Event(r.mask.Event(e)) }

// Close implements [Renderer].
func (r *redacting) Close() error { return r.next.Close() }

// replace returns a deep copy of a value with pseudonyms in it. Names are
// learned from the whole value first, so that text at its beginning may speak
// of what is found at its end.
func (p *pseudonyms) replace(v any) any {
	src := reflect.ValueOf(v)
	p.learn(src, "")
	dst := reflect.New(src.Type()).Elem()
	p.copyTo(dst, src, "")
	return dst.Interface()
}

var (
	typeAddr     = reflect.TypeFor[netip.Addr]()
	typeAddrPort = reflect.TypeFor[netip.AddrPort]()
	typeBytes    = reflect.TypeFor[[]byte]()
)

// learn walks a value and gives every identifying field a pseudonym.
func (p *pseudonyms) learn(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			p.learn(v.Elem(), field)
		}
	case reflect.Slice, reflect.Array:
		if v.Type() == typeBytes {
			return
		}
		for i := range v.Len() {
			p.learn(v.Index(i), field)
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			p.learn(it.Value(), it.Key().String())
		}
	case reflect.Struct:
		t := v.Type()
		for i := range v.NumField() {
			if t.Field(i).IsExported() {
				p.learn(v.Field(i), qualified(t, i))
			}
		}
	case reflect.String:
		p.meet(field, v.String())
	}
}

// qualified names a field for [classes]: with its struct where the name alone
// would be ambiguous.
func qualified(t reflect.Type, i int) string {
	name := t.Field(i).Name
	if full := t.Name() + "." + name; classes[full] != classNone {
		return full
	}
	return name
}

// copyTo fills dst, which is addressable, from src.
func (p *pseudonyms) copyTo(dst, src reflect.Value, field string) {
	switch {
	case src.Type() == typeAddr:
		dst.Set(reflect.ValueOf(p.addr(src.Interface().(netip.Addr))))
		return
	case src.Type() == typeAddrPort:
		ap := src.Interface().(netip.AddrPort)
		if ap.IsValid() {
			ap = netip.AddrPortFrom(p.addr(ap.Addr()), ap.Port())
		}
		dst.Set(reflect.ValueOf(ap))
		return
	case src.Type() == typeBytes:
		return
	}
	switch src.Kind() {
	case reflect.Pointer:
		if !src.IsNil() {
			dst.Set(reflect.New(src.Type().Elem()))
			p.copyTo(dst.Elem(), src.Elem(), field)
		}
	case reflect.Slice:
		if !src.IsNil() {
			dst.Set(reflect.MakeSlice(src.Type(), src.Len(), src.Len()))
			for i := range src.Len() {
				p.copyTo(dst.Index(i), src.Index(i), field)
			}
		}
	case reflect.Map:
		if !src.IsNil() {
			dst.Set(reflect.MakeMapWithSize(src.Type(), src.Len()))
			for it := src.MapRange(); it.Next(); {
				val := reflect.New(src.Type().Elem()).Elem()
				p.copyTo(val, it.Value(), it.Key().String())
				dst.SetMapIndex(it.Key(), val)
			}
		}
	case reflect.Struct:
		dst.Set(src) // unexported fields, such as those of time.Time
		t := src.Type()
		for i := range src.NumField() {
			if t.Field(i).IsExported() {
				dst.Field(i).SetZero()
				p.copyTo(dst.Field(i), src.Field(i), qualified(t, i))
			}
		}
	case reflect.String:
		dst.SetString(p.show(field, src.String()))
	default:
		dst.Set(src)
	}
}

// show returns what stands in a field instead of its value.
func (p *pseudonyms) show(field, value string) string {
	switch classes[field] {
	case classPlain:
		return value
	case classKey:
		if value != "" {
			return "XXXXX"
		}
	case classID:
		return p.id(field, value)
	}
	return p.text(value)
}

// pseudonym numbers names of one kind: "host-3".
func (p *pseudonyms) next(kind string) string {
	p.count[kind]++
	return fmt.Sprintf("%s-%d", kind, p.count[kind])
}
