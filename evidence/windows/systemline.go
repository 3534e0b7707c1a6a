package windows

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// readSystemLine reads single lines about the machine: of systeminfo, winver,
// DISM, reg query, the banner of a console.
func readSystemLine(p *parser, l *line) bool {
	text, lower := l.text, l.lower()
	switch {
	case strings.HasPrefix(lower, "microsoft windows [") || strings.HasPrefix(lower, "microsoft windows, version"):
		if at := strings.Index(text, "10.0."); at > 0 {
			p.found(KindWinver, l)
			setBuild(p, l, strings.TrimRight(text[at:], "]"))
		}
		return true
	case strings.Contains(lower, "os build ") || strings.Contains(lower, "(build ") || strings.HasPrefix(lower, "os build"):
		return readOSBuild(p, l, lower)
	case strings.Contains(text, "REG_"):
		words := strings.Fields(text)
		if len(words) >= 3 && strings.HasPrefix(words[1], "REG_") {
			return registryValue(p, l, words[0], strings.Join(words[2:], " "))
		}
	case strings.HasPrefix(lower, "hkey_"):
		if strings.Contains(lower, `\policies\`) {
			p.cmd.text = "reg query policies"
		}
		return !strings.Contains(text, " ") || strings.Count(text, " ") < 3
	}
	label, value, ok := cutLabel(text)
	if !ok || value == "" || len(label) > 40 {
		return dismNoise(lower)
	}
	if registryAssigned(p, l, label, value) {
		return true
	}
	return readSystemLabel(p, l, norm(label), value) || dismNoise(lower)
}

// readSystemLabel reads a line of systeminfo, DISM or w32tm /query.
func readSystemLabel(p *parser, l *line, label, value string) bool {
	switch label {
	case "os name", "betriebssystemname", "os 名称", "nom du système d'exploitation", "nombre del sistema operativo", "название ос", "os 名", "nome sistema operativo", "nome do sistema operacional":
		p.anotherMachineWith(value)
		p.machine(l).Product = value
	case "os version", "betriebssystemversion", "os 版本", "version du système", "versión del sistema operativo", "версия ос", "os バージョン":
		setBuild(p, l, strings.Fields(value)[0])
	case "host name", "hostname", "主机名", "ホスト名":
		if strings.Contains(value, " ") {
			return false
		}
		p.anotherMachineNamed(value)
		p.machine(l).Name = value
	case "domain", "domäne", "域", "domaine", "dominio", "домен", "ドメイン":
		if strings.Contains(value, " ") || l.indent > 20 {
			return false
		}
		setDomain(p.machine(l), value)
	case "system manufacturer", "systemhersteller", "系统制造商":
		cloudByMaker(p.machine(l), value)
	case "system model", "system type", "registered owner", "registered organization", "os manufacturer", "os configuration",
		"os build type", "product id", "original install date", "system boot time", "bios version", "windows directory", "system locale":
	case "current edition", "aktuelle edition", "当前版本":
		p.found(KindDISM, l)
		p.machine(l).Edition = value
		return true
	case "image version":
		setBuild(p, l, value)
		return true
	case "target edition":
		return true
	case "edition":
		if !strings.HasPrefix(value, "Windows") {
			return false
		}
		p.machine(l).Product = value
	case "source":
		if !strings.Contains(value, "CMOS") && !strings.Contains(value, "Free-running") {
			return false
		}
		p.found(KindW32tm, l)
		p.say(evidence.ClockUnsynchronised, value, l)
		return true
	case "type", "start type", "state":
		return false
	default:
		return false
	}
	p.found(KindSystemInfo, l)
	return true
}

// anotherMachineWith begins another description when the product differs.
func (p *parser) anotherMachineWith(product string) {
	if p.system > 0 {
		if have := p.paste.Set.Systems[p.system-1].Product; have != "" && have != product {
			p.anotherMachine()
		}
	}
}

// registryAssigned reads "SkipRearm = 1", "DisableDnsPublishing: 1" and
// "<SkipRearm>1</SkipRearm>".
func registryAssigned(p *parser, l *line, label, value string) bool {
	if strings.Contains(strings.TrimSpace(value), " ") {
		return false
	}
	switch name := strings.ToLower(label); name {
	case "skiprearm", "disablednspublishing", "restrictremoteclients", "keymanagementservicename", "editionid", "productname":
		return registryValue(p, l, name, value)
	}
	return false
}

// cloudByMaker tells a cloud from the manufacturer that its virtual machines
// report. Microsoft's own name says Hyper-V as well as Azure.
func cloudByMaker(m *evidence.System, maker string) {
	lower := strings.ToLower(maker)
	switch {
	case strings.Contains(lower, "amazon"):
		m.Cloud = "aws"
	case strings.Contains(lower, "google"):
		m.Cloud = "gcp"
	case strings.Contains(lower, "oraclecloud"):
		m.Cloud = "oci"
	}
}

// readOSBuild reads "Version 22H2 (OS Build 19045.4046)" of winver.
func readOSBuild(p *parser, l *line, lower string) bool {
	at := strings.Index(lower, "build ") + len("build ")
	rest := strings.TrimLeft(lower[min(at, len(lower)):], " :\t")
	n := digits(rest)
	if n != 5 && n != 4 || len(lower) > 90 {
		return false
	}
	p.found(KindWinver, l)
	setBuild(p, l, "10.0."+strings.TrimRight(rest, ") ."))
	return true
}

// dismNoise tells whether a line only frames the output of DISM.
func dismNoise(lower string) bool {
	return strings.HasPrefix(lower, "deployment image servicing") || strings.HasPrefix(lower, "the operation completed successfully") ||
		strings.HasPrefix(lower, "editions that can be upgraded to") || strings.HasPrefix(lower, "current edition is") || strings.HasPrefix(lower, "version: 10.0.") || strings.HasPrefix(lower, "version: 6.")
}

// noise tells whether a line says nothing: a banner, a frame, a ruler.
func noise(s, lower string) bool {
	if ruler(s) || strings.HasPrefix(s, "---") && strings.HasSuffix(s, "---") {
		return true
	}
	for _, part := range []string{"windows script host", "copyright (c)", "(c) microsoft corporation", "all rights reserved", "版权所有", "保留所有权利", "skryptów systemu windows", "wszelkie prawa"} {
		if strings.Contains(lower, part) {
			return true
		}
	}
	if strings.HasSuffix(lower, " routes:") || strings.HasSuffix(lower, "route table") {
		return true
	}
	return strings.HasPrefix(s, "(c) 20") || strings.HasPrefix(s, "(C) 20")
}

// serviceSection is output of sc query and sc qc: "SERVICE_NAME: sppsvc" and
// lines whose numbers are the same in every language.
type serviceSection struct {
	first line
	s     evidence.Service
	ours  bool
}

func openService(p *parser, l *line) section {
	label, value, ok := cutLabel(l.text)
	if !ok || label != "SERVICE_NAME" && label != "[SC] QueryServiceConfig SUCCESS" {
		return nil
	}
	name := canonicalService(value)
	return &serviceSection{first: *l, ours: name != "", s: evidence.Service{Origin: p.origin(l), Name: name, Where: p.about}}
}

func (s *serviceSection) blank(*parser) {}

func (s *serviceSection) take(p *parser, l *line) bool {
	label, value, ok := cutLabel(l.text)
	if !ok {
		return strings.HasPrefix(l.text, "(") // the accepted controls
	}
	if label == "SERVICE_NAME" {
		return false
	}
	number := strings.Fields(value + " x")[0]
	switch {
	case label == "START_TYPE" || label == "STARTTYP":
		s.s.Start = startType(number)
	case strings.HasPrefix(label, "STAT") || strings.HasPrefix(label, "ÉTAT") || strings.HasPrefix(label, "ESTADO") || label == "СОСТОЯНИЕ":
		switch number {
		case "4", "2":
			s.s.State = "running"
		case "1", "3":
			s.s.State = "stopped"
		}
	case strings.ToUpper(label) != label:
		return false
	}
	return true
}

func (s *serviceSection) end(p *parser) {
	if s.ours && (s.s.State != "" || s.s.Start != "") {
		p.found(KindService, &s.first)
		put(p, &p.paste.Set.Services, s.s)
	}
}

// portRangeSection is output of netsh interface ipv4 show excludedportrange.
type portRangeSection struct{ any bool }

func openPortRange(p *parser, l *line) section {
	lower := l.lower()
	asked := l.no <= p.cmd.line.no+4 && strings.Contains(strings.ToLower(p.cmd.text), "excludedportrange")
	if !asked && !strings.Contains(lower, "port exclusion range") && !(strings.Contains(lower, "start port") && strings.Contains(lower, "end port")) {
		return nil
	}
	p.found(KindPortRange, l)
	return &portRangeSection{}
}

func (s *portRangeSection) blank(*parser) {}

func (s *portRangeSection) take(p *parser, l *line) bool {
	words := strings.Fields(strings.TrimSuffix(l.text, "*"))
	if len(words) == 2 && small(words[0], 5) && small(words[1], 5) {
		s.any = true
		if from, to := atoi(words[0]), atoi(words[1]); from <= 1688 && 1688 <= to {
			p.say(evidence.PortReserved, words[0]+"-"+words[1], l)
		}
		return true
	}
	return ruler(l.text) || strings.HasPrefix(l.text, "*") || !s.any && len(words) < 9
}

func (s *portRangeSection) end(*parser) {}
