package windows

import (
	"strings"
	"sync"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// ipSection is output of ipconfig: lines with a label, dots and a value, below
// unindented lines that name adapters.
type ipSection struct {
	first   line
	adapter evidence.Adapter
	in      bool   // an adapter has facts
	full    bool   // ipconfig /all: it lists DNS servers where there are any
	last    string // what a line without a label goes on with
	primary *string
	list    []string
	suffix  bool // some adapter has a connection suffix
}

// ipLabels maps the labels of ipconfig to what they stand for.
var ipLabels = sync.OnceValue(func() map[string]string {
	table := map[string]string{}
	for what, names := range map[string]string{
		"host":    "Host Name|主机名|主機名稱|Hostname|Nom de l'hôte|Nombre de host|Имя компьютера|ホスト名|Nome host|Nome do host|Nazwa hosta",
		"primary": "Primary Dns Suffix|主 DNS 后缀|主要 DNS 尾碼|Primäres DNS-Suffix|Suffixe DNS principal|Sufijo DNS principal|Основной DNS-суффикс|プライマリ DNS サフィックス|Suffisso DNS primario|Sufixo DNS primário|Sufiks podstawowej domeny DNS",
		"search":  "DNS Suffix Search List|DNS 后缀搜索列表|DNS 尾碼搜尋清單|DNS-Suffixsuchliste|Liste de recherche du suffixe DNS|Lista de búsqueda de sufijos DNS|Порядок просмотра суффиксов DNS|DNS サフィックス検索一覧|Elenco di ricerca suffissi DNS|Lista de pesquisa de sufixo DNS",
		"suffix":  "Connection-specific DNS Suffix|连接特定的 DNS 后缀|連線特定 DNS 尾碼|Verbindungsspezifisches DNS-Suffix|Suffixe DNS propre à la connexion|Sufijo DNS específico para la conexión|DNS-суффикс подключения|接続固有の DNS サフィックス|Suffisso DNS specifico per connessione|Sufixo DNS específico de conexão",
		"servers": "DNS Servers|DNS 服务器|DNS 伺服器|DNS-Server|Serveurs DNS|Servidores DNS|DNS-серверы|DNS サーバー|Server DNS|Serwery DNS",
		"address": "IPv4 Address|IP Address|IPv6 Address|IPv4 地址|IPv4 位址|IPv4-Adresse|IPv6-Adresse|Adresse IPv4|Dirección IPv4|IPv4-адрес|IPv4 アドレス|Indirizzo IPv4|Endereço IPv4|Adres IPv4|Autoconfiguration IPv4 Address|自动配置 IPv4 地址",
		"gateway": "Default Gateway|默认网关|預設閘道|Standardgateway|Passerelle par défaut|Puerta de enlace predeterminada|Основной шлюз|デフォルト ゲートウェイ|Gateway predefinito|Gateway padrão|Brama domyślna",
	} {
		for name := range strings.SplitSeq(names, "|") {
			table[norm(name)] = what
		}
	}
	return table
})

func ipLabel(label string) string { return ipLabels()[norm(label)] }

// dotted splits "DNS Servers . . . . . . : 10.0.0.53".
func dotted(s string) (label, value string, ok bool) {
	at := strings.Index(s, " :")
	colon := at + 1
	if at < 0 {
		at = strings.Index(s, ".:")
		colon = at + 1
	}
	if at < 0 || !strings.Contains(s[:colon], " .") && !strings.Contains(s[:colon], "..") {
		return "", "", false
	}
	return strings.TrimRight(s[:at], " ."), strings.TrimSpace(s[colon+1:]), true
}

func openIPConfig(p *parser, l *line) section {
	_, _, ok := dotted(l.text)
	lower := l.lower()
	banner := strings.HasPrefix(lower, "windows ip ") && len(lower) < 40 || lower == "windows-ip-konfiguration" || lower == "настройка протокола ip для windows" || lower == "configuration ip de windows" || lower == "configuración ip de windows"
	if !ok && !banner {
		return nil
	}
	p.found(KindIPConfig, l)
	s := &ipSection{first: *l}
	s.reset(p, l)
	if ok {
		s.take(p, l)
	}
	return s
}

func (s *ipSection) reset(p *parser, l *line) {
	s.adapter = evidence.Adapter{Origin: p.origin(l)}
	s.in, s.last = false, ""
}

func (s *ipSection) blank(*parser) {}

func (s *ipSection) take(p *parser, l *line) bool {
	label, value, ok := dotted(l.text)
	if !ok {
		return s.further(p, l)
	}
	what := ipLabel(label)
	if what == "" {
		what = ipByForm(label, value)
	}
	s.last = what
	if what == "host" || what == "primary" || what == "search" {
		s.full = true
		s.host(p, l, what, value)
		return true
	}
	s.in = true
	s.set(what, value)
	if what == "suffix" && value != "" {
		s.suffix = true
	}
	switch what { // what only ipconfig /all prints
	case "address":
		s.full = s.full || strings.HasSuffix(value, ")")
	case "other":
		s.full = s.full || strings.Contains(label, "DHCP") || strings.Contains(label, "NetBIOS") || strings.Contains(value, "-") && len(value) == 17
	}
	return true
}

// ipByForm guesses what an unknown label stands for.
func ipByForm(label, value string) string {
	_, isAddr := address(strings.TrimRight(strings.Split(value, "(")[0], " "))
	switch {
	case isAddr && strings.Contains(label, "DNS"):
		return "servers"
	case isAddr && (strings.Contains(label, "IPv4") || strings.Contains(label, "IPv6")) && !strings.Contains(strings.ToLower(label), "dhcp"):
		return "address"
	}
	return "other"
}

// further reads a line without a label: an adapter's name, or one more value.
func (s *ipSection) further(p *parser, l *line) bool {
	if strings.HasSuffix(l.text, ":") && len(l.text) < 120 && (l.indent < 3 || !strings.Contains(l.text, ".")) {
		s.flush(p)
		s.reset(p, l)
		s.adapter.Name = strings.TrimSuffix(l.text, ":")
		return true
	}
	word := strings.TrimSpace(l.text)
	if strings.Contains(word, " ") && !strings.HasSuffix(word, ")") {
		return false
	}
	switch s.last {
	case "search":
		s.list = append(s.list, word)
		return true
	case "servers", "gateway", "address":
		if _, ok := address(strings.Split(word, "(")[0]); ok {
			s.set(s.last, word)
			return true
		}
	}
	return false
}

func (s *ipSection) host(p *parser, l *line, what, value string) {
	switch what {
	case "host":
		p.anotherMachineNamed(value)
		p.machine(l).Name = value
	case "primary":
		s.primary = &value
	case "search":
		if value != "" {
			s.list = append(s.list, value)
		}
	}
}

// anotherMachineNamed begins another description when the name differs.
func (p *parser) anotherMachineNamed(name string) {
	if p.system > 0 {
		if have := p.paste.Set.Systems[p.system-1].Name; have != "" && !strings.EqualFold(have, name) {
			p.anotherMachine()
		}
	}
}

func (s *ipSection) set(what, value string) {
	plain := strings.TrimSpace(strings.Split(value, "(")[0])
	plain, _, _ = strings.Cut(plain, "%")
	a := &s.adapter
	switch what {
	case "suffix":
		a.Suffix = value
	case "address":
		if _, ok := address(plain); ok && len(a.Addresses) < 16 {
			a.Addresses = append(a.Addresses, plain)
		}
	case "gateway":
		if _, ok := address(plain); ok && len(a.Gateways) < 16 {
			a.Gateways = append(a.Gateways, plain)
		}
	case "servers":
		if _, ok := address(plain); ok && len(a.Servers) < 16 {
			a.Servers = append(a.Servers, plain)
		}
	}
}

func (s *ipSection) flush(p *parser) {
	if !s.in {
		return
	}
	a := s.adapter
	a.NoServers = s.full && len(a.Servers) == 0 && len(a.Addresses) > 0
	if a.Suffix != "" || len(a.Addresses)+len(a.Servers)+len(a.Gateways) > 0 {
		put(p, &p.paste.Set.Adapters, a)
	}
}

func (s *ipSection) end(p *parser) {
	s.flush(p)
	if s.primary == nil && s.list == nil {
		return
	}
	m := p.machine(&s.first)
	m.SearchList = s.list
	if s.primary != nil {
		if *s.primary != "" {
			m.Domain = strings.ToLower(*s.primary)
		} else {
			m.NoPrimarySuffix = true
			if len(s.list) == 0 && !s.suffix {
				p.say(evidence.SuffixEmpty, "ipconfig", &s.first)
			}
		}
	}
}
