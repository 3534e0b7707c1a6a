package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/kms"
)

// Exchange writes one exchange field by field: offsets in the message, the
// bytes after decryption, and what they mean. With redact what identifies
// somebody is replaced, and the bytes are left out, for they would tell it.
func Exchange(w io.Writer, s Style, redact bool, x *capture.Exchange) error {
	s = s.normal()
	var m *mask
	if redact {
		m = &mask{newPseudonyms()}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", s.paint(sgrBold, fmt.Sprintf("exchange %d: %s -> %s, call %d, context %d, %s", x.Number, m.addrPort(x.Client), m.addrPort(x.Host), x.CallID, x.Context, x.Syntax)))
	fmt.Fprintf(&b, "outcome   %s\n", callText(x))
	if x.Requested > 0 {
		fmt.Fprintf(&b, "request   %s, packets %d to %d, %d fragment(s)\n", rfc3339(x.Requested), x.Request.First, x.Request.Last, x.ReqFrags)
	}
	if x.Answered > 0 {
		fmt.Fprintf(&b, "answer    %s, packets %d to %d, %d fragment(s)\n", rfc3339(x.Answered), x.Answer.First, x.Answer.Last, x.RespFrags)
	}
	if x.HasHRESULT() {
		fmt.Fprintf(&b, "HRESULT   %s\n", kms.HRESULT(x.HRESULT))
	}
	if x.Req != nil {
		m.learn(x)
		section(&b, s, "request", x.ReqMessage, x.ReqOffset, x.Req.Clear, x.Req.Fields(), x.Req.Verification, m)
	}
	if x.Resp != nil {
		section(&b, s, "answer", x.RespMessage, x.RespOffset, x.Resp.Clear, x.Resp.Fields(), x.Resp.Verification, m)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// learn meets the names in an exchange, so that free text with them is masked.
func (m *mask) learn(x *capture.Exchange) {
	if m == nil {
		return
	}
	m.machine(x.Req.Workstation)
	m.id("CMID", x.Req.CMID.String())
	if x.Resp != nil {
		m.id("EPID", x.Resp.EPID)
		m.id("HwID", x.Resp.HwID.String())
	}
}

// identifying are the fields whose value is replaced as a whole.
var identifying = map[string]string{
	"client machine id": "CMID", "previous client machine id": "CMID", "ePID": "EPID", "hardware id": "HwID", "workstation name": "Workstation",
}

func section(b *strings.Builder, s Style, title string, wire []byte, offset int, clear []byte, fields []kms.Field, checks kms.Verification, m *mask) {
	fmt.Fprintf(b, "\n%s\n", s.paint(sgrBold, fmt.Sprintf("%s: %d bytes at offset %d of its PDU", strings.ToUpper(title), len(wire), offset)))
	for _, f := range fields {
		value := printable(f.Value)
		class, secret := identifying[f.Name]
		if m != nil && secret && strings.Trim(f.Value, "0-") != "" {
			value = m.field(class, f.Value)
		}
		where := "clear    "
		if f.Sealed {
			where = "decrypted"
		}
		fmt.Fprintf(b, "%4d..%-4d %s  %s  %s\n", f.Offset, f.Offset+f.Length, where, pad(f.Name, 26), value)
		if m != nil {
			continue
		}
		for at := f.Offset; at < f.Offset+f.Length && at < len(clear); at += 16 {
			end := min(at+16, f.Offset+f.Length, len(clear))
			fmt.Fprintf(b, "     %04x  %-47s  %s\n", at, fmt.Sprintf("% x", clear[at:end]), ascii(clear[at:end]))
		}
	}
	if m == nil && len(fields) > 0 && fields[len(fields)-1].Sealed {
		b.WriteString("  as captured:\n")
		for at := 0; at < len(wire); at += 16 {
			end := min(at+16, len(wire))
			fmt.Fprintf(b, "     %04x  %-47s  %s\n", at, fmt.Sprintf("% x", wire[at:end]), ascii(wire[at:end]))
		}
	}
	for _, c := range checks {
		line := fmt.Sprintf("  %-8s %s", c.Status, c.ID.Title())
		if c.Detail != "" && m == nil {
			line += ": " + printable(c.Detail)
		}
		b.WriteString(line + "\n")
	}
}

func ascii(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		if c < ' ' || c > '~' {
			c = '.'
		}
		out[i] = c
	}
	return string(out)
}
