package kms

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestFiletime(t *testing.T) {
	for _, tc := range []struct {
		ft   Filetime
		want string
	}{
		{0, "1601-01-01T00:00:00Z"},
		{116444736000000000, "1970-01-01T00:00:00Z"},
		{134398978077044704, "2026-11-23T08:56:47.7044704Z"},
	} {
		if got := tc.ft.String(); got != tc.want {
			t.Errorf("%d = %s, want %s", tc.ft, got, tc.want)
		}
		if got := FiletimeOf(tc.ft.Time()); got != tc.ft {
			t.Errorf("%d comes back as %d", tc.ft, got)
		}
	}
	if got := FiletimeOf(time.Date(1600, 12, 31, 0, 0, 0, 0, time.UTC)); got != 0 {
		t.Errorf("before the epoch: %d", got)
	}
	if got := FiletimeOf(time.Date(70000, 1, 1, 0, 0, 0, 0, time.UTC)); got != math.MaxUint64 {
		t.Errorf("after the last tick: %d", got)
	}
	if y := Filetime(math.MaxUint64).Time().Year(); y != 60056 {
		t.Errorf("last year = %d", y)
	}
}

func TestVersionText(t *testing.T) {
	for text, want := range map[string]Version{"6.0": V6, "5": V5, "4.0": V4, "65535.1": 0xffff0001} {
		var v Version
		if err := v.UnmarshalText([]byte(text)); err != nil || v != want {
			t.Errorf("%q = %s, %v", text, v, err)
		}
	}
	for _, text := range []string{"", "6.", "x", "6.0.0", "-1", "65536"} {
		var v Version
		if err := v.UnmarshalText([]byte(text)); !errors.Is(err, ErrVersion) {
			t.Errorf("%q = %s, %v", text, v, err)
		}
	}
	if b, err := json.Marshal(V6); err != nil || string(b) != `"6.0"` {
		t.Errorf("%s, %v", b, err)
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		OOBGrace.String():              "OOB grace",
		LicenseStatus(7).String():      "status 7",
		ErrTimestamp.String():          "0xC004F06C (SL_E_VL_INVALID_TIMESTAMP)",
		HRESULT(1).String():            "0x00000001",
		HwID{0xab, 7: 1}.String():      "AB00000000000001",
		ProbeCMID.String():             "6b6d7364-6961-4767-a070-726f62653031",
		V6.String():                    "6.0",
		yesNo(0) + yesNo(1):            "noyes",
		yesNo(7):                       "7",
		Interface.String():             "51c82175-844e-4750-b0d8-ec255555bc06 v1.0",
		CheckHMAC.Title():              "the keyed hash over the V6 answer matches",
		(&EPIDError{"x", "y"}).Error(): `ePID: x: "y"`,
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWorkstationText(t *testing.T) {
	long := strings.Repeat("x", 63)
	for _, name := range []string{"", "ws-001", "büro", "机器", "a😀b", long} {
		base, err := Request{Workstation: name}.AppendBase([]byte("before"))
		if err != nil || len(base) != 6+RequestBaseSize {
			t.Fatalf("%q: %d bytes, %v", name, len(base), err)
		}
		if r, err := ParseRequestBase(base[6:]); err != nil || r.Workstation != name {
			t.Errorf("%q comes back as %q, %v", name, r.Workstation, err)
		}
	}
	for _, name := range []string{long + "x", strings.Repeat("😀", 32), "a\x00b"} {
		if _, err := (Request{Version: V4, Workstation: name}).Seal([16]byte{}); err == nil {
			t.Errorf("%q was accepted", name)
		}
		if cut := NewProbe(name, time.Time{}).Workstation; !strings.HasPrefix(name, cut) || cut == "" || cut == name {
			t.Errorf("%q is cut to %q", name, cut)
		}
		if _, err := (Response{EPID: name}).AppendBase(nil); err == nil {
			t.Errorf("ePID %q was accepted", name)
		}
	}
	// Bytes after the first NUL mean nothing; lone surrogates are replaced.
	if got := decodeText([]byte("a\x00\x3d\xd8b\x00\x00\xdc\x00\x00c\x00")); got != "a\ufffdb\ufffd" {
		t.Errorf("%q", got)
	}
}

func TestParseEPID(t *testing.T) {
	const text = "03612-00206-557-318840-03-1033-17763.0000-0842021"
	e, err := ParseEPID(text)
	want := EPID{Platform: 3612, Group: 206, KeyID: 557318840, Channel: 3, LCID: 1033, Build: 17763, Day: 84, Year: 2021}
	if err != nil || e != want {
		t.Errorf("%+v, %v", e, err)
	}
	if e.String() != text {
		t.Errorf("written as %s", e)
	}
	if day, ok := e.Activated(); !ok || day.Format(time.DateOnly) != "2021-03-25" {
		t.Errorf("activated %s, %v", day, ok)
	}
	for text, part := range map[string]string{
		"":                                  "parts",
		"hello":                             "parts",
		text + "-1":                         "parts",
		"x3612" + text[5:]:                  "platform id",
		"03612-+0206" + text[11:]:           "group id",
		"03612-00206-557-31884" + text[22:]: "key id",
		strings.Replace(text, "0842021", "842021", 1):   "date",
		strings.Replace(text, ".0000", ".", 1):          "revision",
		strings.Replace(text, "-1033-", "-1033333-", 1): "language",
	} {
		var ee *EPIDError
		if _, err := ParseEPID(text); !errors.As(err, &ee) || ee.Part != part {
			t.Errorf("%q: %v, want a complaint about %s", text, err, part)
		}
	}
	// What can be read is returned beside the error.
	if e, err := ParseEPID("03612-00206-557-318840-xx-1033-17763.0000-0002021"); err == nil || e.KeyID != 557318840 || e.Year != 2021 {
		t.Errorf("%+v, %v", e, err)
	}
	for _, date := range []EPID{{Day: 0, Year: 2021}, {Day: 366, Year: 2021}, {Day: 1}} {
		if day, ok := date.Activated(); ok {
			t.Errorf("day %d of %d is %s", date.Day, date.Year, day)
		}
	}
	if _, ok := (EPID{Day: 366, Year: 2020}).Activated(); !ok {
		t.Error("2020 was a leap year")
	}
}

// The fields cover a message without gap or overlap, and say what it says.
func TestFields(t *testing.T) {
	for _, v := range vectors(t).Vectors {
		req := openRequest(t, v.RequestMessage)
		resp, err := OpenResponse(v.ResponseMessage, req)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]string{}
		for _, m := range []struct {
			clear  []byte
			fields []Field
		}{{req.Clear, req.Fields()}, {resp.Clear, resp.Fields()}} {
			at := 0
			for _, f := range m.fields {
				if f.Offset != at || f.Length <= 0 || f.Name == "" || f.Sealed != (v.Version != V4 && at >= 20) {
					t.Errorf("%s: %+v at %d", v.ID, f, at)
				}
				at += f.Length
				values[f.Name] = f.Value
			}
			if at != len(m.clear) {
				t.Errorf("%s: fields end at %d of %d", v.ID, at, len(m.clear))
			}
		}
		if values["ePID"] != v.Fields.EPID || values["workstation name"] != v.Fields.Workstation ||
			values["client machine id"] != v.Fields.CMID.String() || values["license status"] != "2 (OOB grace)" {
			t.Errorf("%s: %v", v.ID, values)
		}
	}
	bad := append([]byte(nil), vectorOf(t, V5).RequestMessage...)
	bad[259] ^= 1
	f := openRequest(t, bad).Fields()
	if len(f) != 3 || f[2].Name != "unreadable" || f[2].Length != 240 {
		t.Errorf("%+v", f)
	}
}

func TestProbe(t *testing.T) {
	if text := ProbeCMID.String(); text[14] != '4' || !strings.ContainsRune("89ab", rune(text[19])) {
		t.Errorf("%s is no version 4 GUID", text)
	}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	p := NewProbe("ws-001.corp.test", now)
	if p.CMID != ProbeCMID || p.ClientTime.Time() != now || p.Workstation != "ws-001.corp.test" || !p.PreviousCMID.IsZero() {
		t.Errorf("%+v", p)
	}
}
