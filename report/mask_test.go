package report

import (
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/run"
)

func TestMaskCoversWhatNobodyUnderstood(t *testing.T) {
	m := NewMask()
	m.LearnTargets("corp.example, kms01.corp.example:1688", "10.0.0.5")
	for text, want := range map[string]string{
		"已注册的 KMS 计算机名称: kms.vircloud.net:1688":                  "已注册的 KMS 计算机名称: hidden:1688",
		"名称：kms.vircloud.net。":                                   "名称：hidden。",
		"Nom du client : DESKTOP-3F2K1":                          "Nom du client : hidden",
		"PID: 03612-00206-566-184365-03-1033-17763.0000-123":     "PID: hidden",
		"CMID: 7f3e004c-8a55-1b40-9c12-77aa031ed0c1":             "CMID: hidden",
		"73111121-5638-40f6-bc11-f1d7b0d64300 of Windows 10":     "73111121-5638-40f6-bc11-f1d7b0d64300 of Windows 10",
		"am 2026-11-23 um 12:04, slmgr.vbs, 0xC004F074, V6.0":    "am 2026-11-23 um 12:04, slmgr.vbs, 0xC004F074, V6.0",
		"azkms.core.windows.net, kms01.corp.example, pc.corp.de": "azkms.core.windows.net, name-2, hidden",
		"": "",
	} {
		if got := m.Cover(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// One mask serves what is shown, saved and printed: a name keeps its pseudonym,
// whatever was masked before.
func TestMaskIsTheSameThroughout(t *testing.T) {
	m := NewMask()
	first := m.Text("192.0.2.99 is open") // taken before the run's own addresses
	var b strings.Builder
	feed(t, RedactBy(m, Text(&b, Style{})), sampleRun())
	known := m.Known()
	list := m.Events(sampleRun())
	if m.Known() != known || known == 0 {
		t.Errorf("%d names after the same events, %d before", m.Known(), known)
	}
	host := ""
	for _, e := range list {
		if e.Plan != nil && !strings.HasSuffix(e.Plan.Title, " (redacted)") {
			t.Errorf("title %q", e.Plan.Title)
		}
		if e.Found != nil && e.Found.Subject.Kind == run.Endpoint {
			host = e.Found.Subject.Addr.String()
		}
	}
	if host == "" || !strings.Contains(b.String(), host) || first != "198.51.100.1 is open" || strings.Contains(b.String(), "198.51.100.1 ") {
		t.Errorf("an endpoint is %s, and the text has\n%s", host, b.String())
	}
}

func TestShowMatrix(t *testing.T) {
	var last *run.Matrix
	for _, e := range sampleMatrix() {
		if e.Matrix != nil {
			last = e.Matrix
		}
	}
	var b strings.Builder
	r, err := NewMatrix("text", &b, Style{})
	if err != nil {
		t.Fatal(err)
	}
	if err := ShowMatrix(r, last); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.HasPrefix(text, "What ") || !strings.Contains(text, last.Sent[0]) || strings.Contains(text, "cut off") {
		t.Errorf("%s", text)
	}
}
