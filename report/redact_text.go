package report

import (
	"net/netip"
	"strings"
	"unicode"
)

// text replaces what is known in free text.
func (p *pseudonyms) text(s string) string {
	return p.words(s, func(w string) string { return w })
}

// words cuts a text into words that could be a name, an address or an id, and
// looks each up; those that are not known are replaced by what unknown returns.
func (p *pseudonyms) words(s string, unknown func(string) string) string {
	var b strings.Builder
	for s != "" {
		n := strings.IndexFunc(s, func(r rune) bool { return nameRune(r) || r == ':' || r == '[' })
		if n < 0 {
			break
		}
		b.WriteString(s[:n])
		s = s[n:]
		n = strings.IndexFunc(s, func(r rune) bool { return !nameRune(r) && !strings.ContainsRune(":[]%", r) })
		if n < 0 {
			n = len(s)
		}
		b.WriteString(p.word(s[:n], unknown))
		s = s[n:]
	}
	return b.String() + s
}

func nameRune(r rune) bool {
	return r == '.' || r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// word replaces one word. Punctuation at its ends stays.
func (p *pseudonyms) word(w string, unknown func(string) string) string {
	if to, ok := p.whole(w); ok {
		return to
	}
	if trimmed := strings.TrimRight(w, ".:]-"); trimmed != w && trimmed != "" {
		return p.word(trimmed, unknown) + w[len(trimmed):]
	}
	if trimmed := strings.TrimLeft(w, ".:[-"); trimmed != w && trimmed != "" {
		return w[:len(w)-len(trimmed)] + p.word(trimmed, unknown)
	}
	if head, tail, ok := strings.Cut(w, ":"); ok && head != "" && tail != "" {
		return p.word(head, unknown) + ":" + p.word(tail, unknown)
	}
	return unknown(w)
}

// whole replaces a word that is known as it stands.
func (p *pseudonyms) whole(w string) (string, bool) {
	if a, err := netip.ParseAddr(w); err == nil {
		return p.addr(a).String(), true
	}
	if ap, err := netip.ParseAddrPort(w); err == nil {
		return netip.AddrPortFrom(p.addr(ap.Addr()), ap.Port()).String(), true
	}
	if to, ok := p.short[w]; ok {
		return to, true
	}
	key := strings.ToLower(w)
	if to, ok := p.names[key]; ok {
		return to, true
	}
	return p.below(w, key)
}

// below replaces a name below a known domain: service labels such as
// _vlmcs._tcp stay, anything else is a host.
func (p *pseudonyms) below(w, key string) (string, bool) {
	for i := 0; i < len(key); i++ {
		if key[i] != '.' {
			continue
		}
		domain, ok := p.names[key[i+1:]]
		if !ok {
			domain, ok = p.lower[key[i+1:]]
		}
		if !ok {
			continue
		}
		if service(key[:i]) {
			return w[:i+1] + domain, true
		}
		p.host(w)
		to, ok := p.names[key]
		return to, ok
	}
	return "", false
}

// service tells whether labels name a service and no host.
func service(labels string) bool {
	for l := range strings.SplitSeq(labels, ".") {
		if !strings.HasPrefix(l, "_") && l != "dc" {
			return false
		}
	}
	return true
}
