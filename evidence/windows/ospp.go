package windows

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// osppLabels are the labels of ospp.vbs, which prints English on every system.
var osppLabels = map[string]bool{
	"PRODUCT ID": true, "SKU ID": true, "LICENSE NAME": true, "LICENSE DESCRIPTION": true, "BETA EXPIRATION": true,
	"LICENSE STATUS": true, "ERROR CODE": true, "ERROR DESCRIPTION": true, "REMAINING GRACE": true,
	"LAST 5 CHARACTERS OF INSTALLED PRODUCT KEY": true, "ACTIVATION TYPE CONFIGURATION": true,
	"KMS MACHINE NAME FROM DNS": true, "DNS AUTO-DISCOVERY": true, "KMS MACHINE REGISTRY OVERRIDE DEFINED": true,
	"ACTIVATION INTERVAL": true, "RENEWAL INTERVAL": true, "KMS HOST CACHING": true, "KMS LOOKUP DOMAIN": true,
	"NOTICE": true, "FOR MORE INFORMATION PLEASE VISIT": true, "TO VIEW THE ACTIVATION EVENT HISTORY RUN": true,
	"ACTIVATION OBJECT NAME": true, "AO DN": true, "AO EXTENDED PID": true, "AO ACTIVATION ID": true,
	"MOST RECENT SUCCESSFUL ACTIVATION CLIENT INFORMATION": true, "CLIENT MACHINE ID (CMID)": true,
}

// osppOnly are the labels that no other program prints. Product ID and Error
// Code are ospp's own only in capital letters.
var osppOnly = map[string]bool{
	"SKU ID": true, "LICENSE NAME": true, "LICENSE DESCRIPTION": true, "BETA EXPIRATION": true, "ERROR DESCRIPTION": true,
	"REMAINING GRACE": true, "LAST 5 CHARACTERS OF INSTALLED PRODUCT KEY": true, "ACTIVATION TYPE CONFIGURATION": true,
	"KMS MACHINE REGISTRY OVERRIDE DEFINED": true,
}

const (
	osppAttempt = "Installed product key detected"
	osppSuccess = "<Product activation successful>"
	osppNoKey   = "<No installed product keys detected>"
)

// osppSection is output of ospp.vbs: blocks of labelled lines divided by
// rulers, one for each Office product.
type osppSection struct {
	first line
	lic   evidence.License
	kind  Kind
	any   bool
	prose bool // within the text of an error description
	code  line // of the error code
}

func openOSPP(p *parser, l *line) section {
	label, value, ok := cutLabel(l.text)
	upper := strings.ToUpper(label)
	switch {
	case hasPrefixFold(l.text, "---Processing---"), hasPrefixFold(l.text, osppAttempt),
		strings.EqualFold(l.text, osppSuccess), strings.EqualFold(l.text, osppNoKey):
	case ok && osppOnly[upper] && value != "":
	case ok && (label == "PRODUCT ID" || label == "ERROR CODE"):
	case ok && upper == "LICENSE STATUS" && strings.HasPrefix(value, "---"):
	default:
		return nil
	}
	s := &osppSection{kind: KindDStatus}
	if p.cmd.name == "ospp" && p.cmd.option == "/act" {
		s.kind = KindAct
	}
	s.reset(p, l)
	s.take(p, l)
	return s
}

func (s *osppSection) reset(p *parser, l *line) {
	s.first, s.any, s.prose = *l, false, false
	s.code = line{}
	s.lic = evidence.License{Origin: p.origin(l), Tool: "ospp"}
}

func (s *osppSection) blank(*parser) { s.prose = false }

func (s *osppSection) take(p *parser, l *line) bool {
	text := l.text
	switch {
	case strings.HasPrefix(text, "---"):
		s.emit(p)
		s.reset(p, l)
		return true
	case hasPrefixFold(text, osppAttempt):
		s.emit(p)
		s.reset(p, l)
		s.kind = KindAct
		return true
	case hasPrefixFold(text, osppSuccess):
		s.lic.Status = ptr(1)
		s.kind, s.any = KindAct, true
		put(p, &p.paste.Set.Actions, evidence.Action{Origin: p.origin(l), Command: "/act", Success: true, Product: s.lic.Name})
		return true
	case hasPrefixFold(text, osppNoKey):
		p.found(s.kind, l)
		p.say(evidence.OfficeNoKeyInstalled, "", l)
		return true
	case hasPrefixFold(text, "Successfully applied setting"), hasPrefixFold(text, "<Product key installation successful>"):
		command := "/sethst"
		if strings.HasPrefix(text, "<") {
			command = "/inpkey"
		}
		if p.cmd.name == "ospp" && p.cmd.option != "" {
			command = p.cmd.option
		}
		put(p, &p.paste.Set.Actions, evidence.Action{Origin: p.origin(l), Command: command, Success: true})
		return true
	}
	label, value, ok := cutLabel(text)
	label = strings.ToUpper(label)
	if ok && strings.HasSuffix(label, " ID") && strings.HasPrefix(label, "***") { // SKU masked by its owner
		s.begin(p, l)
		return true
	}
	if !ok || !osppLabels[label] {
		if s.prose && !ok || s.prose && len(label) > 40 {
			return true
		}
		return strings.HasPrefix(text, "See the following") || strings.HasPrefix(text, "http://support.microsoft.com/kb/2870357")
	}
	if label == "PRODUCT ID" || label == "SKU ID" && s.lic.ActivationID != "" || label == "LICENSE NAME" && s.lic.Name != "" {
		s.begin(p, l)
	}
	s.prose = label == "ERROR DESCRIPTION"
	s.start(p, l)
	s.set(p, l, label, value)
	return true
}

// begin starts the block of another product.
func (s *osppSection) begin(p *parser, l *line) {
	if s.any {
		s.emit(p)
		s.reset(p, l)
	}
	s.start(p, l)
}

// start notes the first labelled line of a block.
func (s *osppSection) start(p *parser, l *line) {
	if !s.any {
		s.any, s.first = true, *l
		s.lic.Origin = p.origin(l)
	}
}

func (s *osppSection) set(p *parser, l *line, label, value string) {
	lic := &s.lic
	switch label {
	case "SKU ID":
		lic.ActivationID, _ = guid(value)
	case "LICENSE NAME":
		lic.Name = value
	case "LICENSE DESCRIPTION":
		lic.Description = value
		lic.Channel, lic.RawChannel = channelOf(value)
	case "LICENSE STATUS":
		if n, ok := statusOf(value); ok {
			lic.Status = &n
		} else {
			p.unread(l.no, l.src)
		}
	case "ERROR CODE":
		if c, ok := codeIn(value); ok {
			lic.Reason = c
			s.code = *l
		}
		lic.Informational = strings.Contains(strings.ToLower(value), "for information purposes only")
	case "REMAINING GRACE":
		if _, inside, ok := strings.Cut(value, "("); ok {
			if n, ok := leadingInt(inside); ok {
				lic.MinutesLeft = &n
			}
		}
	case "LAST 5 CHARACTERS OF INSTALLED PRODUCT KEY":
		if lastFive(value) {
			lic.PartialKey = strings.ToUpper(value)
		}
	case "ACTIVATION TYPE CONFIGURATION":
		lic.TypeSetting = activationType(value)
	case "KMS MACHINE NAME FROM DNS":
		lic.DNSHost = value
	case "DNS AUTO-DISCOVERY":
		lic.DiscoveryFailed = true
	case "KMS MACHINE REGISTRY OVERRIDE DEFINED":
		lic.RegisteredHost, lic.HostSetBy = value, "registry"
	case "ACTIVATION INTERVAL":
		lic.ActivationInterval = minutesOf(value)
	case "RENEWAL INTERVAL":
		lic.RenewalInterval = minutesOf(value)
	case "KMS HOST CACHING":
		lic.Caching = strings.ToLower(value)
	case "KMS LOOKUP DOMAIN":
		lic.LookupDomain = value
	case "ACTIVATION OBJECT NAME", "AO DN":
		lic.ActivatedBy = "AD"
		if lic.ADObject == "" {
			lic.ADObject = value
		}
	case "CLIENT MACHINE ID (CMID)":
		lic.CMID, _ = guid(value)
		p.found(KindDCMID, l)
	}
}

// hasPrefixFold is strings.HasPrefix whatever the case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func (s *osppSection) end(p *parser) { s.emit(p) }

func (s *osppSection) emit(p *parser) {
	if !s.any {
		return
	}
	s.any = false
	lic := s.lic
	if !licenseSays(&lic) {
		return
	}
	named := lic.Name != "" || lic.Description != "" || lic.ActivationID != ""
	kind := s.kind
	if lic.Reason != 0 && lic.Status == nil { // only /act leaves the status out
		kind = KindAct
	}
	if kind == KindAct || !named {
		command := "/act"
		if p.cmd.name == "ospp" && p.cmd.option != "" {
			command = p.cmd.option
		}
		if lic.Reason != 0 {
			put(p, &p.paste.Set.Actions, evidence.Action{Origin: p.origin(&s.code), Command: command, Code: lic.Reason, Product: lic.Name})
		}
	}
	if named || lic.CMID == "" {
		p.found(kind, &s.first)
	}
	if named || lic.CMID != "" || lic.PartialKey != "" || lic.RegisteredHost != "" || lic.DNSHost != "" || lic.Status != nil {
		put(p, &p.paste.Set.Licenses, lic)
	}
}
