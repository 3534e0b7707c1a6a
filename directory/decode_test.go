package directory

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/kmsdiag/kmsdiag/evidence"
)

func TestDecode(t *testing.T) {
	const straight2019 = "\x2e\x7a\x9a\xd1\xa8\x49\x4b\x56\xba\xbe\x17\xd5\xa2\x9f\xe4\xb4"
	for _, tt := range []struct {
		name       string
		attributes map[string][]string
		want       evidence.ActivationObject
		problem    string
	}{
		{"nothing", nil, evidence.ActivationObject{}, ""},
		{"names in another case", map[string][]string{"MSSPP-CSVLKPID": {"pid"}, "DISPLAYNAME": {"d"}}, evidence.ActivationObject{EPID: "pid", DisplayName: "d"}, ""},
		{"an id in the order of the text", map[string][]string{attrKey: {straight2019}}, evidence.ActivationObject{ActivationID: "2e7a9ad1-a849-4b56-babe-17d5a29fe4b4"}, ""},
		{"an id that nobody knows", map[string][]string{attrKey: {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"}}, evidence.ActivationObject{ActivationID: "04030201-0605-0807-090a-0b0c0d0e0f10"}, ""},
		{"short id", map[string][]string{attrKey: {"\x01"}, attrCountedIDs: {"", "x"}}, evidence.ActivationObject{}, "msSPP-CSVLKSkuId has 1 bytes, not 16; msSPP-KMSIds has a value of 0 bytes, not 16"},
		{"ids of zeros", map[string][]string{attrKey: {strings.Repeat("\x00", 16)}, attrCountedIDs: {strings.Repeat("\x00", 16)}}, evidence.ActivationObject{}, "msSPP-CSVLKSkuId is all zeros; msSPP-KMSIds has a value that is all zeros"},
		{"a whole key where its end belongs", map[string][]string{attrPartialKey: {"AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"}}, evidence.ActivationObject{}, "msSPP-CSVLKPartialProductKey has 29 characters, not 5"},
		{"odd times", map[string][]string{attrCreated: {"yesterday"}, attrChanged: {"20261123120405Z"}}, evidence.ActivationObject{Changed: time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC)}, "whenCreated is no time"},
		{"too many ids", map[string][]string{attrCountedIDs: make([]string, maxIDs+1)}, evidence.ActivationObject{}, "0 bytes"},
		{"long text", map[string][]string{attrName: {strings.Repeat("ä", 400)}}, evidence.ActivationObject{Name: strings.Repeat("ä", 256)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := decode(ldap.NewEntry("", tt.attributes))
			problem := o.Problem
			o.Problem = ""
			if o.Name != tt.want.Name || o.DisplayName != tt.want.DisplayName || o.EPID != tt.want.EPID || o.ActivationID != tt.want.ActivationID ||
				o.PartialKey != tt.want.PartialKey || !o.Created.Equal(tt.want.Created) || !o.Changed.Equal(tt.want.Changed) || len(o.CountedIDs) != 0 {
				t.Errorf("%+v", o)
			}
			if !strings.Contains(problem, tt.problem) || tt.problem == "" && problem != "" {
				t.Errorf("problem %q, want %q", problem, tt.problem)
			}
		})
	}
}

// FuzzDecode reads objects with any value in one of the attributes.
func FuzzDecode(f *testing.F) {
	for i, v := range []string{"Server 2019", "x", key2019, key2019, "06401-00206-551-000001-03-1033-17763.0000-0022024", "ABCDE", "20240102030405.0Z", "20240102030405Z"} {
		f.Add("CN=x", uint8(i), []byte(v))
	}
	f.Fuzz(func(t *testing.T, dn string, which uint8, value []byte) {
		name := wanted[int(which)%len(wanted)]
		o := decode(&ldap.Entry{DN: dn, Attributes: []*ldap.EntryAttribute{{Name: name, Values: []string{string(value)}, ByteValues: [][]byte{value, value}}}})
		for _, s := range []string{o.DN, o.Name, o.DisplayName, o.ActivationID, o.EPID, o.PartialKey, o.Problem} {
			if len(s) > 3*maxText || !utf8.ValidString(s) {
				t.Errorf("%q from %q", s, value)
			}
		}
		if len(o.PartialKey) > 5 {
			t.Errorf("partial key %q", o.PartialKey)
		}
	})
}

// FuzzServer lets a server send anything, from its first byte on.
func FuzzServer(f *testing.F) {
	say := func(id int64, op *ber.Packet) []byte {
		p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
		p.AppendChild(op)
		return p.Bytes()
	}
	root := append(say(1, entry("", map[string][]string{"configurationNamingContext": {fakeConfig}})), say(1, result(ldap.ApplicationSearchResultDone, 0, ""))...)
	there := append(say(2, entry(container+fakeConfig, nil)), say(2, result(ldap.ApplicationSearchResultDone, 0, ""))...)
	f.Add(root, there, append(say(3, object("One", nil)), say(3, result(ldap.ApplicationSearchResultDone, 0, ""))...))
	f.Add(root, there, say(3, reference("ldap://a/", "::", "")))
	f.Add(root, say(2, result(ldap.ApplicationSearchResultDone, 10, "", "ldap://a/")), []byte{})
	f.Add([]byte("\x30\x84\x7f\xff\xff\xff"), []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, first, second, third []byte) {
		r := Read(t.Context(), scripted{first, second, third}, Server{Address: netip.MustParseAddrPort("127.0.0.1:389")}, Access{Step: 10 * time.Second})
		if r.Outcome == "" || len(r.Found) > MaxObjects || len(r.Detail) > 3*maxText {
			t.Errorf("%+v", r.DirectoryRead)
		}
	})
}

// scripted dials a peer that answers each of three requests with bytes, and hangs up.
type scripted [3][]byte

// DialContext implements [Dialer].
func (s scripted) DialContext(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() {
		defer there.Close() //nolint:errcheck // a test
		request := make([]byte, 4096)
		for _, answer := range s {
			// Who asks for nothing more, and waits, gets nothing more.
			_ = there.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
			if _, err := there.Read(request); err != nil {
				return
			}
			if _, err := there.Write(answer); err != nil {
				return
			}
		}
	}()
	return here, nil
}
