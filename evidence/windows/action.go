package windows

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// command is a command line that was seen in the paste.
type command struct {
	name   string // in lower case, without path and ending: "slmgr", "ospp", "nslookup"
	option string // the first option of slmgr and ospp: "/dlv"
	text   string // the whole, as written
	line   line

	product string // what an answer named as being activated
	active  bool   // an "Activating ..." line came
	failed  int    // line of the error it ended with
}

// commandNames are the programs whose command lines are told from prose by
// their first word.
var commandNames = map[string]bool{
	"slmgr": true, "cscript": true, "wscript": true, "ospp": true, "nslookup": true, "resolve-dnsname": true,
	"test-netconnection": true, "tnc": true, "portqry": true, "telnet": true, "nc": true, "ncat": true, "psping": true,
	"psping64": true, "ping": true, "w32tm": true, "route": true, "netstat": true, "ipconfig": true, "dsregcmd": true,
	"get-netconnectionprofile": true, "systeminfo": true, "winver": true, "dism": true, "sc": true, "sc.exe": true,
	"get-service": true, "netsh": true, "wevtutil": true, "get-winevent": true, "vlmcs": true, "slui": true, "dig": true,
	"host": true, "reg": true, "net": true, "get-ciminstance": true, "get-wmiobject": true, "tcping": true, "ip": true,
}

// run notes a command line behind a prompt.
func (p *parser) run(text string, l *line) {
	p.cmd = parseCommand(text)
	p.cmd.line = *l
	p.askedOf(text)
	if p.cmd.name == "ospp" && strings.HasPrefix(p.cmd.option, "/dhistory") {
		p.found(KindHistory, l)
	}
	readSlui(p, l)
	p.emul.command(p, l)
	if p.cmd.name == "slmgr" || p.cmd.name == "ospp" {
		if c, ok := codeIn(text); ok && c&0x80000000 != 0 { // "slmgr /ato -> 0x8007232B"
			p.fail(l, c)
		}
	}
}

// askedOf notes of whom a command asks: "sc \\kms01 query sppsvc".
func (p *parser) askedOf(text string) {
	remote := strings.Contains(text, ` \\`) || strings.Contains(strings.ToLower(text), "-computername ")
	switch {
	case remote && !strings.HasPrefix(strings.ToLower(text), "test-netconnection"):
		p.about, p.remote = "host", true
	case p.remote:
		p.about, p.remote = "", false
	}
}

// bareCommand reads a line that is nothing but a command, without a prompt.
func (p *parser) bareCommand(l *line) bool {
	if len(l.text) > 160 || !commandWord(l.text) {
		return false
	}
	c := parseCommand(l.text)
	if _, _, ok := cutLabel(l.text); ok && c.name != "cscript" {
		return false
	}
	words := strings.Fields(l.text)
	if _, has := codeIn(l.text); !has && (strings.Contains(l.text, "->") || strings.Contains(l.text, "=>")) { // a result in words
		return false
	}
	switch c.name {
	case "slmgr", "ospp", "cscript", "wscript":
		if c.option == "" || len(words) > 6 || prosaic(words) {
			return false
		}
	default:
		if len(words) < 2 || len(words) > 9 || prosaic(words) || !isASCII(l.text) || !strings.ContainsAny(l.text, ".-/1") || strings.HasSuffix(l.text, ".") {
			return false
		}
	}
	p.close()
	p.words.flush(p)
	p.run(l.text, l)
	return true
}

// commandWord tells whether a line begins with the name of a known program.
func commandWord(s string) bool {
	if !alnum(s[0]) && s[0] != '"' && s[0] != '.' && s[0] != '%' {
		return false
	}
	w := s
	if at := strings.IndexByte(w, ' '); at > 0 {
		w = w[:at]
	}
	if at := strings.LastIndexAny(w, `\/`); at >= 0 {
		w = w[at+1:]
	}
	if len(w) < 2 || len(w) > 28 {
		return false
	}
	w = strings.ToLower(strings.Trim(w, `"`))
	return commandNames[strings.TrimSuffix(strings.TrimSuffix(w, ".exe"), ".vbs")]
}

// prosaic tells whether words are part of a sentence.
func prosaic(words []string) bool {
	for _, w := range words[1:] {
		switch strings.ToLower(strings.Trim(w, ",.;:()")) {
		case "works", "work", "fails", "failed", "says", "shows", "returns", "gives", "the", "is", "and", "does", "from", "of",
			"with", "but", "then", "or", "to", "on", "in", "a", "was", "are", "succeeds", "ok", "times", "activates", "cures", "helps",
			"und", "nicht", "geht", "auf", "fehlgeschlagen", "der", "die", "das", "ist", "et", "le", "la", "no", "y", "el", "not", "also", "for", "answers":
			return true
		}
	}
	return false
}

func parseCommand(text string) command {
	c := command{text: text}
	words := strings.Fields(text)
	for i, w := range words {
		base := strings.ToLower(strings.Trim(w, `"'&`))
		if at := strings.LastIndexAny(base, `\/`); at > 0 {
			base = base[at+1:]
		}
		base = strings.TrimSuffix(strings.TrimSuffix(base, ".exe"), ".vbs")
		if i == 0 {
			c.name = base
		}
		if base == "slmgr" || base == "ospp" {
			c.name = base
		}
		if c.option == "" && i > 0 && len(base) > 1 && (base[0] == '/' || base[0] == '-') && !strings.HasPrefix(base, "//") && base != "/nologo" {
			c.option = "/" + base[1:]
			if at := strings.IndexByte(c.option, ':'); at > 0 {
				c.option = c.option[:at]
			}
		}
	}
	return c
}

// errorLabels begin the line with which slmgr reports a failure.
var errorLabels = map[string]bool{
	"error": true, "错误": true, "錯誤": true, "fehler": true, "erreur": true, "ошибка": true, "エラー": true,
	"errore": true, "erro": true, "błąd": true, "오류": true,
}

// confirmations are the sentences with which slmgr confirms a command.
var confirmations = []struct {
	text    string
	command string
}{
	{"product activated successfully", "/ato"},
	{"成功地激活了产品", "/ato"},
	{"已成功啟用產品", "/ato"},
	{"produkt wurde erfolgreich aktiviert", "/ato"},
	{"produit activé avec succès", "/ato"},
	{"le produit a été activé", "/ato"},
	{"producto se activó correctamente", "/ato"},
	{"producto activado correctamente", "/ato"},
	{"активация выполнена успешно", "/ato"},
	{"製品は正常にライセンス認証されました", "/ato"},
	{"prodotto attivato correttamente", "/ato"},
	{"produto ativado com êxito", "/ato"},
	{"installed product key", "/ipk"},
	{"成功地安装了产品密钥", "/ipk"},
	{"product key wurde erfolgreich installiert", "/ipk"},
	{"la clé de produit", "/ipk"},
	{"key management service machine name set to", "/skms"},
	{"密钥管理服务计算机名成功地设置为", "/skms"},
	{"key management service machine name cleared", "/ckms"},
	{"key management service lookup domain set to", "/skms-domain"},
	{"uninstalled product key successfully", "/upk"},
	{"command completed successfully", "/rearm"},
	{"kms host caching is enabled successfully", "/skhc"},
}

// codeOfProduct reads "Office LTSC Professional Plus 2024: ERROR CODE: 0xC004F042".
func codeOfProduct(p *parser, l *line, lower string) bool {
	at := strings.Index(lower, ": error code:")
	if at < 3 || at > 120 {
		return false
	}
	c, ok := codeIn(l.text[min(at, len(l.text)):])
	if !ok {
		return false
	}
	p.code(c, "stated", strings.TrimSpace(l.text[:at]), p.origin(l))
	p.found(KindCode, l)
	return true
}

// readAction reads what slmgr prints of a command's outcome.
func readAction(p *parser, l *line) bool {
	lower := l.lower()
	if codeOfProduct(p, l, lower) {
		return true
	}
	if product, ok := activating(l.text); ok {
		p.cmd.active, p.cmd.product = true, product
		p.cmd.line = *l
		p.found(KindATO, l)
		if c, ok := codeIn(l.text); ok { // the error on the same line
			p.fail(l, c)
		}
		return true
	}
	for _, c := range confirmations {
		if !strings.Contains(lower, c.text) || len(lower) > len(c.text)+120 {
			continue
		}
		if c.command == "/ipk" && !strings.Contains(lower, "success") && isASCII(lower) {
			continue
		}
		a := evidence.Action{Origin: p.origin(l), Command: c.command, Success: true}
		if c.command == "/ato" {
			a.Product = p.cmd.product
			if name, _, ok := cutLabel(l.text); ok && a.Product == "" && strings.HasPrefix(name, "Windows") { // on one line
				a.Product = name
			}
		}
		put(p, &p.paste.Set.Actions, a)
		p.found(actionKind(c.command), l)
		p.cmd.active = false
		return true
	}
	if p.cmd.active && l.no == p.cmd.line.no+1 && strings.HasPrefix(l.text, "(") {
		return true
	}
	if p.cmd.failed > 0 && l.no > p.cmd.failed && l.no <= p.cmd.failed+3 && messageRest(lower) {
		return true
	}
	label, value, ok := cutLabel(l.text)
	isError := ok && errorLabels[norm(label)]
	c, has := codeIn(l.text)
	switch {
	case isError && has:
		p.fail(l, c)
		return true
	case isError && strings.HasPrefix(strings.ToLower(value), "product"): // "product not found", "product activation failed"
		p.fail(l, 0)
		return true
	case has && p.cmd.active && l.no <= p.cmd.line.no+3:
		p.fail(l, c)
		return true
	}
	return false
}

// fail notes a failed command: the one whose answer is being read, or only a
// code where no command is known.
func (p *parser) fail(l *line, c uint32) {
	p.cmd.failed = l.no
	option := ""
	switch {
	case p.cmd.active:
		option = "/ato"
	case p.cmd.name == "slmgr" || p.cmd.name == "ospp":
		option = p.cmd.option
	}
	if option == "" {
		p.code(c, "slmgr", "", p.origin(l))
		p.found(KindCode, l)
		return
	}
	put(p, &p.paste.Set.Actions, evidence.Action{Origin: p.origin(l), Command: option, Code: c, Product: p.cmd.product})
	p.found(actionKind(option), l)
	p.cmd.active, p.cmd.product = false, ""
}

// messageRest tells whether a line below an error goes on with its message.
func messageRest(lower string) bool {
	for _, m := range messageTexts {
		if strings.Contains(lower, m.text) {
			return true
		}
	}
	return strings.Contains(lower, "event log for additional") || strings.Contains(lower, "contact your system administrator")
}

func actionKind(option string) Kind {
	switch option {
	case "/ato", "/ipk", "/skms":
		return Kind("slmgr " + option)
	case "/act", "/dstatus", "/dstatusall":
		return Kind("ospp " + strings.TrimSuffix(option, "all"))
	}
	return Kind("slmgr " + option)
}

// activating reads "Activating NAME (GUID) ..." in any language: a product
// name, its activation id, and dots.
func activating(s string) (product string, ok bool) {
	open := strings.LastIndexByte(s, '(')
	for open >= 0 {
		if shut := strings.IndexByte(s[open:], ')'); shut > 0 {
			inner := s[open+1 : open+shut]
			_, isID := guid(inner)
			if isID || strings.HasPrefix(inner, "*") || strings.Count(inner, "-") == 4 {
				break
			}
		}
		open = strings.LastIndexByte(s[:open], '(')
	}
	if open < 0 {
		open = len(s)
		if !strings.HasSuffix(s, "edition") || strings.Contains(s, ":") {
			return "", false
		}
	}
	head := s[:open]
	at := strings.Index(head, "Windows")
	if at < 0 {
		at = strings.Index(head, "Office")
	}
	if at < 0 || at > 60 || len(head) > 200 || !strings.Contains(head, "edition") || at == 0 && !strings.Contains(s[open:], ").") ||
		open == len(s) && at == 0 {
		return "", false
	}
	return strings.TrimSpace(head[at:]), true
}

// readSlui reads the command that shows the text of a code: "slui.exe 0x2a
// 0xC004F074".
func readSlui(p *parser, l *line) bool {
	lower := l.lower()
	at := strings.Index(lower, "slui")
	if at < 0 {
		return false
	}
	rest := lower[at:]
	x := strings.Index(rest, "0x2a")
	if x < 0 || x > 12 {
		return false
	}
	c, ok := codeIn(l.text[at+x+4:])
	if !ok {
		return false
	}
	p.found(KindSlui, l)
	p.code(c, "slui", p.cmd.product, p.origin(l))
	return true
}
