package windows

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// xprSection is output of slmgr /xpr: a product and a sentence, on two lines or
// one.
type xprSection struct {
	first line
	name  string
}

// xprSays are the parts by which the sentences of /xpr are known.
var xprSays = []struct {
	text      string
	status    int
	channel   string
	permanent bool
}{
	{"volume activation will expire", 1, "GVLK", false},
	{"timebased activation will expire", 1, "EVAL", false},
	{"automatic vm activation will expire", 1, "AVMA", false},
	{"permanently activated", 1, "", true},
	{"initial grace period ends", 2, "", false},
	{"additional grace period ends", 3, "", false},
	{"non-genuine grace period ends", 4, "", false},
	{"notification mode", 5, "", false},
	{"extended grace period ends", 6, "", false},
	{"批量激活将于", 1, "GVLK", false},
	{"永久激活", 1, "", true},
	{"处于通知模式", 5, "", false},
	{"大量啟用將於", 1, "GVLK", false},
	{"已永久啟用", 1, "", true},
	{"volumenaktivierung läuft", 1, "GVLK", false},
	{"dauerhaft aktiviert", 1, "", true},
	{"benachrichtigungsmodus", 5, "", false},
	{"activación por volumen expirará", 1, "GVLK", false},
	{"activado de forma permanente", 1, "", true},
	{"modo de notificación", 5, "", false},
	{"activation en volume expirera", 1, "GVLK", false},
	{"activé de façon permanente", 1, "", true},
	{"activé de manière permanente", 1, "", true},
	{"mode de notification", 5, "", false},
	{"активация выполнена", 1, "", true},
	{"активирован навсегда", 1, "", true},
	{"режиме уведомления", 5, "", false},
	{"срок многопользовательской активации", 1, "GVLK", false},
	{"永続的にライセンス認証", 1, "", true},
	{"ボリューム ライセンス認証の有効期限", 1, "GVLK", false},
	{"通知モード", 5, "", false},
	{"attivato in modo permanente", 1, "", true},
	{"ativado permanentemente", 1, "", true},
	{"trwale aktywowany", 1, "", true},
}

func openXPR(p *parser, l *line) section {
	at := strings.Index(l.text, " edition:")
	if at < 0 || at > 160 {
		return nil
	}
	s := &xprSection{first: *l, name: strings.TrimSpace(l.text[:at+len(" edition")])}
	rest := strings.TrimSpace(l.text[at+len(" edition:"):])
	if rest == "" {
		return s
	}
	if !s.read(p, l, rest) {
		return nil
	}
	return s
}

func (s *xprSection) take(p *parser, l *line) bool {
	if s.name == "" {
		return false
	}
	return s.read(p, l, l.text)
}

func (s *xprSection) read(p *parser, l *line, text string) bool {
	lower := strings.ToLower(text)
	status := -1
	lic := evidence.License{Origin: p.origin(l), Tool: "slmgr", Name: s.name}
	for _, say := range xprSays {
		if strings.Contains(lower, say.text) {
			status, lic.Channel, lic.Permanent = say.status, say.channel, say.permanent
			break
		}
	}
	if status < 0 && norm(text) == "unlicensed" {
		status = 0
	}
	if status < 0 {
		return false
	}
	lic.Status = &status
	if at := strings.IndexAny(text, "0123456789"); at >= 0 && status > 0 && !lic.Permanent {
		lic.EndDate = strings.TrimSpace(text[at:])
	}
	if lic.Channel == "" && strings.Contains(s.name, "Eval") {
		lic.Channel = "EVAL"
	}
	p.found(KindXPR, &s.first)
	put(p, &p.paste.Set.Licenses, lic)
	s.name = ""
	return true
}

func (s *xprSection) blank(*parser) {}
func (s *xprSection) end(*parser)   {}
