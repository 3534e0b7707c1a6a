package windows

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// mapSystem reads Get-ComputerInfo, Win32_OperatingSystem and the version values
// of the registry.
func mapSystem(p *parser, r *record) {
	p.found(KindSystemInfo, &r.first)
	m := p.machine(&r.first)
	if v := r.get("osname", "windowsproductname", "caption", "productname"); v != "" {
		m.Product = v
	}
	if v := r.get("windowseditionid", "editionid"); v != "" {
		m.Edition = v
	}
	if v := r.get("osbuildnumber", "buildnumber", "currentbuildnumber", "currentbuild"); small(v, 5) {
		m.Build = atoi(v)
	}
	if v := r.get("ubr"); small(v, 6) {
		m.Revision = atoi(v)
	}
	if v := r.get("csdnshostname", "csname"); v != "" {
		m.Name = v
	}
	if v := r.get("cspartofdomain"); v != "" {
		m.DomainJoined = ptr(truth(v))
	}
	if v := r.get("csdomain"); v != "" {
		setDomain(m, v)
	}
	readRegistryNames(p, &r.first, r)
}

// readRegistryNames reads the licensing values that Get-ItemProperty prints.
func readRegistryNames(p *parser, l *line, r *record) {
	for _, name := range []string{"skiprearm", "disablednspublishing", "restrictremoteclients"} {
		if v := r.get(name); v != "" {
			registryValue(p, l, name, v)
		}
	}
}

// registryValue reads one value of the licensing keys of the registry.
func registryValue(p *parser, l *line, name, value string) bool {
	n, _, isHex := hexValue(value)
	if !isHex && small(value, 6) {
		n = uint32(atoi(value))
	}
	switch strings.ToLower(name) {
	case "skiprearm":
		if n == 1 {
			p.say(evidence.SkipRearm, "registry", l)
		}
	case "disablednspublishing":
		if n == 1 {
			p.say(evidence.PublishingDisabled, "registry", l)
		}
	case "restrictremoteclients":
		if n == 2 {
			p.say(evidence.AnonymousRPCDenied, "RestrictRemoteClients = 2", l)
		}
	case "keymanagementservicename":
		setBy := "registry"
		if strings.Contains(strings.ToLower(p.cmd.text), "policies") {
			setBy = "policy"
		}
		put(p, &p.paste.Set.Licenses, evidence.License{Origin: p.origin(l), Tool: "registry", RegisteredHost: value, HostSetBy: setBy})
	case "keymanagementservicelookupdomain":
		put(p, &p.paste.Set.Licenses, evidence.License{Origin: p.origin(l), Tool: "registry", LookupDomain: value})
	case "editionid":
		p.machine(l).Edition = value
	case "productname":
		p.machine(l).Product = value
	case "currentbuild", "currentbuildnumber":
		if small(value, 5) {
			p.machine(l).Build = atoi(value)
		}
	case "ubr":
		if isHex {
			p.machine(l).Revision = int(n & 0xFFFFF)
		}
	default:
		return false
	}
	p.found(KindRegistry, l)
	return true
}

func setDomain(m *evidence.System, name string) {
	if strings.EqualFold(name, "WORKGROUP") || !strings.Contains(name, ".") && (m.DomainJoined == nil || !*m.DomainJoined) {
		m.Workgroup = true
		return
	}
	m.Domain = strings.ToLower(strings.TrimSuffix(name, "."))
}

// mapService reads Get-Service and Win32_Service objects of the services that
// matter here. Others are taken and left.
func mapService(p *parser, r *record) bool {
	name := r.get("name", "servicename")
	if canonicalService(name) == "" {
		return r.has("displayname", "starttype", "startmode") && name != ""
	}
	s := evidence.Service{Origin: p.origin(&r.first), Name: canonicalService(name), Where: p.about}
	switch strings.ToLower(r.get("status", "state")) {
	case "running", "4", "startpending", "2":
		s.State = "running"
	case "stopped", "1", "stoppending", "3":
		s.State = "stopped"
	}
	s.Start = startType(r.get("starttype", "startmode"))
	p.found(KindService, &r.first)
	put(p, &p.paste.Set.Services, s)
	return true
}

// canonicalService spells the name of a service that matters to activation, ""
// for another.
func canonicalService(name string) string {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "sppsvc":
		return "sppsvc"
	case "osppsvc":
		return "osppsvc"
	case "slsvc":
		return "slsvc"
	case "w32time":
		return "W32Time"
	case "dnscache":
		return "Dnscache"
	case "clipsvc":
		return "ClipSVC"
	case "licensemanager":
		return "LicenseManager"
	}
	return ""
}

func startType(s string) string {
	lower := strings.ToLower(s)
	switch {
	case strings.HasPrefix(lower, "auto"), strings.HasPrefix(lower, "delayed"), s == "2":
		return "auto"
	case strings.HasPrefix(lower, "manual"), strings.HasPrefix(lower, "demand"), s == "3":
		return "manual"
	case strings.HasPrefix(lower, "disabled"), s == "4":
		return "disabled"
	}
	return ""
}

// mapListener reads a row of Get-NetTCPConnection.
func mapListener(p *parser, r *record) {
	if r.get("localport") == "1688" && (strings.EqualFold(r.get("state"), "Listen") || r.get("state") == "2") {
		p.found(KindNetstat, &r.first)
		p.say(evidence.PortListening, r.get("localaddress"), &r.first)
	}
}
