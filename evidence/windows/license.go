package windows

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// licenseSection is output of slmgr /dli or /dlv: blocks of labelled lines, a
// block for each product, the last of which may be followed by the block of a
// KMS host. Where a label is in an unknown language, the form of the value
// tells what it is.
type licenseSection struct {
	first  line
	lic    evidence.License
	host   evidence.HostStatus
	any    bool  // the block holds a fact
	onHost bool  // host has facts
	dlv    bool  // has what only /dlv prints
	empty  field // a label whose value is expected on the next line
	last   field // of the line before
	cold   bool  // a foreign line came: only known labels count
}

func openLicense(p *parser, l *line) section {
	s := &licenseSection{}
	if !s.opens(l) {
		return nil
	}
	s.reset(p, l)
	s.take(p, l)
	return s
}

// opens tells whether a line by itself shows that slmgr printed it.
func (s *licenseSection) opens(l *line) bool {
	f, value, ok := readLabel(l.text)
	if !ok {
		label, value, cut := cutLabel(l.text)
		return cut && len(label) < 60 && (productName(value) || describes(value))
	}
	switch f {
	case fName:
		return productName(value)
	case fDescription:
		return describes(value)
	case fStatus:
		_, ok := statusOf(value)
		return ok
	case fActivationID, fApplicationID, fCMID:
		_, ok := guid(value)
		return ok || f == fCMID && value != "" || strings.HasPrefix(value, "*") || strings.Contains(value, "XXX")
	case fPartialKey:
		return len(value) <= 30
	case fCount, fPort, fTotal, fFailed, fRearms, fSKURearms, fActivation, fRenewal, fMinutes:
		_, ok := leadingInt(value)
		return ok
	case fReason:
		_, ok := codeIn(value)
		return ok
	case fVersion, fEPID, fKeyChannel, fType, fLookupDomain, fRegisteredHost, fDNSHost, fHostAddress, fHostEPID:
		return value != "" && len(value) < 120
	case fKMSEnabled, fNoDNSHost, fKMSClient, fPleaseATO, fNotInUse, fRecent, fADClient, fPublishOff, fPublishOn:
		return true
	}
	return false
}

// readLabel finds the field of a line: of its label, or of the whole line.
func readLabel(s string) (f field, value string, ok bool) {
	if f, ok := labelled(s); ok && f.slmgr() {
		return f, "", true
	}
	label, value, cut := cutLabel(s)
	if !cut {
		return "", "", false
	}
	f, ok = labelled(label)
	if ok && f.slmgr() {
		return f, value, true
	}
	return "", "", false
}

// productName tells whether a value is the name of a licensed product.
func productName(s string) bool {
	if len(s) > 200 || !strings.Contains(s, "Windows") && !strings.Contains(s, "Office") {
		return false
	}
	return strings.HasSuffix(s, "edition") || strings.HasPrefix(s, "Windows(R)") || strings.HasPrefix(s, "Windows Server(R)")
}

// describes tells whether a value is a description that ends in a channel.
func describes(s string) bool {
	at := strings.LastIndexByte(s, ',')
	if at < 0 || !strings.Contains(s[at:], "channel") {
		return false
	}
	name, _ := channelOf(s)
	return name != ""
}

func (s *licenseSection) reset(p *parser, l *line) {
	*s = licenseSection{first: *l}
	s.lic = evidence.License{Origin: p.origin(l), Tool: "slmgr"}
}

func (s *licenseSection) blank(*parser) { s.empty = "" }

func (s *licenseSection) take(p *parser, l *line) bool {
	if label, _, ok := cutLabel(l.text); ok && osppOnly[strings.ToUpper(label)] {
		return false
	}
	f, value, ok := readLabel(l.text)
	if !ok {
		return s.unlabelled(p, l)
	}
	if !s.fits(f, value) {
		return false
	}
	if s.begins(f) {
		s.emit(p)
		s.reset(p, l)
	}
	s.cold = false
	s.set(p, l, f, value)
	s.last = f
	return true
}

// fits keeps lines of other programs out that have the same label.
func (s *licenseSection) fits(f field, value string) bool {
	switch f {
	case fName:
		return productName(value) || value == "" && !s.cold
	case fDescription:
		return !s.cold || describes(value)
	case fStatus:
		_, ok := statusOf(value)
		return ok || s.lic.Status == nil
	}
	return true
}

// begins tells whether a field is the first of another block: a second name,
// or what stands before a name when the block has facts.
func (s *licenseSection) begins(f field) bool {
	switch f {
	case fVersion:
		return s.any
	case fName:
		return s.lic.Name != "" || s.lic.Description != "" || s.lic.Status != nil || s.onHost
	case fDescription:
		return s.lic.Description != "" || s.lic.Status != nil
	case fStatus:
		return s.lic.Status != nil
	}
	return false
}

// unlabelled reads a line without a known label: the value of a label before
// it, the rest of a description, or a value whose form tells what it is.
func (s *licenseSection) unlabelled(p *parser, l *line) bool {
	label, value, cut := cutLabel(l.text)
	switch {
	case s.empty != "" && !cut:
		f := s.empty
		s.empty = ""
		s.set(p, l, f, l.text)
		return true
	case s.lic.Description != "" && s.lic.Channel == "" && !cut && strings.Contains(l.text, "channel"):
		s.set(p, l, fDescription, s.lic.Description+" "+l.text)
		return true
	case !cut && s.last == fOther && !strings.Contains(l.text, " "): // the rest of an address
		return true
	case !cut || s.cold:
		s.cold = true
		return false
	}
	if f := s.byForm(label, value, l.indent); f != "" {
		if s.begins(f) {
			s.emit(p)
			s.reset(p, l)
		}
		s.set(p, l, f, value)
		return true
	}
	s.cold = s.cold || len(label) > 60
	return false
}

// byForm guesses the field of an unknown label from its value and its place.
func (s *licenseSection) byForm(label, value string, indent int) field {
	upper := strings.ToUpper(label)
	host, port := hostPort(value)
	id, isID := guid(value)
	_, isAddr := address(value)
	switch {
	case describes(value):
		return fDescription
	case productName(value):
		return fName
	case isID && strings.Contains(upper, "CMID"), isID && indent > 2 && s.lic.Status != nil:
		return fCMID
	case isID && catalog.ApplicationName(id) != "":
		return fApplicationID
	case isID:
		return fActivationID
	case isEPID(value) && s.lic.ExtendedPID != "":
		return fHostEPID
	case isEPID(value):
		return fEPID
	case strings.HasPrefix(strings.ToUpper(value), "VOLUME:"), strings.HasPrefix(strings.ToUpper(value), "OEM:"):
		return fKeyChannel
	case isPartialKey(value) && s.lic.PartialKey == "":
		return fPartialKey
	case strings.Contains(value, "(") && minutesForm(value) && s.lic.MinutesLeft == nil:
		return fMinutes
	case port != 0 && (isHostName(host) || indent > 2 && !strings.Contains(host, " ")):
		if strings.Contains(upper, "DNS") {
			return fDNSHost
		}
		return fRegisteredHost
	case isAddr && s.lic.HostAddress == "":
		return fHostAddress
	}
	if _, ok := statusOf(value); ok && s.lic.Status == nil {
		return fStatus
	}
	if c, ok := codeIn(value); ok && c != 0 && len(value) < 60 {
		return fReason
	}
	if n, ok := leadingInt(value); ok && n > 0 && len(value) > digits(value) && s.lic.Status != nil && (s.lic.DNSHost != "" || s.lic.RegisteredHost != "") {
		if s.lic.ActivationInterval == 0 {
			return fActivation
		}
		return fRenewal
	}
	return ""
}

// minutesForm tells whether a value reads "243720 minutes (169 days)" in any
// language.
func minutesForm(s string) bool {
	minutes, ok := leadingInt(s)
	at := strings.IndexByte(s, '(')
	for at >= 0 && at+1 < len(s) && !asciiDigit(s[at+1]) { // "minute(s) (169 day(s))"
		next := strings.IndexByte(s[at+1:], '(')
		if next < 0 {
			return false
		}
		at += 1 + next
	}
	days, ok2 := leadingInt(s[at+1:])
	return at >= 0 && ok && ok2 && minutes >= days*1440-1440 && minutes <= days*1440+1440
}

func (s *licenseSection) end(p *parser) { s.emit(p) }

// emit adds what the block says to the set.
func (s *licenseSection) emit(p *parser) {
	if !s.any {
		return
	}
	kind := KindDLI
	if s.dlv {
		kind = KindDLV
	}
	p.found(kind, &s.first)
	if s.onHost {
		s.host.Enabled = true
		s.host.Product = s.lic.Name
		if s.lic.Status != nil {
			s.host.Licensed = ptr(*s.lic.Status == 1)
		}
		p.found(KindHostBlock, &s.first)
		put(p, &p.paste.Set.Hosts, s.host)
		p.about = "host"
	}
	if s.lic.Channel == "" && strings.Contains(s.lic.Name, "Eval") {
		s.lic.Channel = "EVAL"
	}
	if licenseSays(&s.lic) {
		put(p, &p.paste.Set.Licenses, s.lic)
	}
}

// licenseSays tells whether a license has any fact besides its origin.
func licenseSays(l *evidence.License) bool {
	bare := evidence.License{Origin: l.Origin, Tool: l.Tool}
	return l.Status != nil || l.MinutesLeft != nil || l.Rearms != nil || l.SKURearms != nil ||
		l.Name != bare.Name || l.Description != "" || l.Channel != "" || l.ActivationID != "" || l.ApplicationID != "" ||
		l.ExtendedPID != "" || l.PartialKey != "" || l.Reason != 0 || l.TypeSetting != "" || l.ActivatedBy != "" ||
		l.CMID != "" || l.LookupDomain != "" || l.RegisteredHost != "" || l.DNSHost != "" || l.DiscoveryFailed ||
		l.HostAddress != "" || l.HostEPID != "" || l.ActivationInterval != 0 || l.RenewalInterval != 0 ||
		l.Caching != "" || l.ADObject != "" || l.NotInUse || l.EndDate != "" || l.Permanent
}
