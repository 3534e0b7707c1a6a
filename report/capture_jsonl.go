package report

import (
	"math"
	"net/netip"
	"path/filepath"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/kms"
)

// The kinds of the lines that a capture adds to the stream of events.
const (
	KindExchange   = "exchange"
	KindConnection = "connection"
	KindDNS        = "dns"
)

// AppendRecord appends a record of a capture as one line of JSON. Times are
// float seconds since 1970, and beside them RFC 3339 in UTC. It is written by
// hand because a large capture has a million of them.
func AppendRecord(dst []byte, r capture.Record) []byte { return appendRecord(dst, r, nil) }

func appendRecord(dst []byte, r capture.Record, mask *mask) []byte {
	o := object{b: dst, mask: mask}
	switch {
	case r.Exchange != nil:
		o.exchange(r.Exchange)
	case r.Connection != nil:
		o.connection(r.Connection)
	case r.Lookup != nil:
		o.lookup(r.Lookup)
	default:
		return dst
	}
	return append(o.b, '}', '\n')
}

// object writes the fields of a JSON object.
type object struct {
	b    []byte
	more bool
	mask *mask // nil: nothing is hidden
}

func (o *object) key(name string) {
	if o.more {
		o.b = append(o.b, ',')
	} else {
		o.b = append(o.b, '{')
		o.more = true
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) str(name, value string) {
	o.key(name)
	o.b = appendString(o.b, value)
}

func (o *object) null(name string) {
	o.key(name)
	o.b = append(o.b, "null"...)
}

func (o *object) num(name string, n int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *object) bool(name string, v bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, v)
}

func (o *object) addr(name string, a netip.AddrPort) {
	o.key(name)
	o.b = append(o.b, '"')
	o.b = o.mask.addr(a.Addr()).AppendTo(o.b)
	o.b = append(o.b, '"')
	o.num(name+"_port", int64(a.Port()))
}

func (o *object) guid(name string, g kms.GUID) {
	o.key(name)
	o.b = append(o.b, '"')
	o.b, _ = g.AppendText(o.b)
	o.b = append(o.b, '"')
}

const upperHex = "0123456789ABCDEF"

// code writes "0xC004F042".
func (o *object) code(name string, n uint32) {
	o.key(name)
	o.b = append(o.b, `"0x`...)
	for shift := 28; shift >= 0; shift -= 4 {
		o.b = append(o.b, upperHex[n>>shift&15])
	}
	o.b = append(o.b, '"')
}

func (o *object) version(name string, v kms.Version) {
	o.key(name)
	o.b = append(o.b, '"')
	o.b = strconv.AppendUint(o.b, uint64(v.Major()), 10)
	o.b = append(o.b, '.')
	o.b = strconv.AppendUint(o.b, uint64(v.Minor()), 10)
	o.b = append(o.b, '"')
}

// seconds writes a capture time as float seconds, or null for none.
func (o *object) seconds(name string, ns int64) {
	if ns == 0 {
		o.null(name)
		return
	}
	o.key(name)
	o.b = strconv.AppendInt(o.b, ns/1e9, 10)
	o.b = appendFraction(o.b, ns%1e9)
}

// appendFraction writes nanoseconds as a fraction without zeros at its end.
func appendFraction(b []byte, ns int64) []byte {
	if ns <= 0 {
		return append(b, '.', '0')
	}
	b = append(b, '.')
	for div := int64(1e8); ns > 0; div /= 10 {
		b = append(b, byte('0'+ns/div))
		ns %= div
	}
	return b
}

// instant writes a capture time as RFC 3339, or null for none.
func (o *object) instant(name string, ns int64) {
	if ns == 0 {
		o.null(name)
		return
	}
	o.key(name)
	o.b = append(o.b, '"')
	o.b = time.Unix(0, ns).UTC().AppendFormat(o.b, time.RFC3339Nano)
	o.b = append(o.b, '"')
}

// filetime writes a time of a message in microseconds, or null for one that RFC
// 3339 cannot express.
func (o *object) filetime(name string, ft kms.Filetime) {
	t := ft.Time()
	if y := t.Year(); y < 1 || y > 9999 || ft > math.MaxInt64 {
		o.null(name)
		return
	}
	o.key(name)
	layout := "2006-01-02T15:04:05.000000Z"
	if t.Nanosecond()/1000 == 0 {
		layout = "2006-01-02T15:04:05Z"
	}
	o.b = append(o.b, '"')
	o.b = t.AppendFormat(o.b, layout)
	o.b = append(o.b, '"')
}

func (o *object) strings(name string, list []string) {
	o.key(name)
	o.b = append(o.b, '[')
	for i, s := range list {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendString(o.b, s)
	}
	o.b = append(o.b, ']')
}

func (o *object) file(name string) { o.str("file", filepath.Base(name)) }

// appendString writes a JSON string in which nothing is invisible.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				b = append(b, '\\', c)
			case c < ' ' || c == 0x7f:
				b = appendEscape(b, rune(c))
			default:
				b = append(b, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			r -= 0x10000
			b = appendEscape(appendEscape(b, 0xd800+(r>>10)), 0xdc00+(r&0x3ff))
		default:
			b = appendEscape(b, r)
		}
		i += n
	}
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
