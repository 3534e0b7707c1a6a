package windows

import (
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// set writes one labelled value into the block.
func (s *licenseSection) set(p *parser, l *line, f field, value string) {
	s.any = true
	if value == "" && wantsValue(f) {
		s.empty = f
		return
	}
	s.empty = ""
	lic := &s.lic
	switch f {
	case fVersion:
		s.dlv = true
		setBuild(p, l, value)
	case fName:
		lic.Name = value
	case fDescription:
		lic.Description = value
		if name, raw := channelOf(value); name != "" {
			lic.Channel, lic.RawChannel = name, raw
		}
	case fActivationID:
		s.dlv = true
		lic.ActivationID, _ = guid(value)
	case fApplicationID:
		s.dlv = true
		lic.ApplicationID, _ = guid(value)
	case fEPID:
		s.dlv = true
		if isEPID(value) {
			lic.ExtendedPID = value
		}
	case fKeyChannel:
		s.dlv = true
		if name, _ := channelOf(value); name != "" && lic.Channel == "" {
			lic.Channel, lic.RawChannel = name, value
		}
	case fPartialKey:
		if lastFive(value) {
			lic.PartialKey = strings.ToUpper(value)
		}
	case fNotInUse:
		lic.NotInUse = true
	case fStatus:
		if n, ok := statusOf(value); ok {
			lic.Status = &n
		} else {
			p.unread(l.no, l.src)
		}
	case fMinutes:
		if n, ok := leadingInt(value); ok {
			lic.MinutesLeft = &n
		}
	case fReason:
		if c, ok := codeIn(value); ok {
			lic.Reason = c
		}
	case fEndDate:
		lic.EndDate = value
	case fRearms, fSKURearms:
		s.dlv = true
		if n, ok := leadingInt(value); ok && f == fRearms {
			lic.Rearms = ptr(int(n))
		} else if ok {
			lic.SKURearms = ptr(int(n))
		}
	case fType:
		lic.TypeSetting = activationType(value)
	case fOther:
		s.dlv = true
	default:
		if !s.setClient(f, value) {
			s.setHost(p, l, f, value)
		}
	}
}

// setClient writes what slmgr prints of the way of the last activation.
func (s *licenseSection) setClient(f field, value string) bool {
	lic := &s.lic
	switch f {
	case fRecent, fPleaseATO:
	case fKMSClient:
		lic.ActivatedBy = "KMS"
	case fCMID:
		lic.CMID, _ = guid(value)
	case fLookupDomain:
		lic.LookupDomain = value
	case fRegisteredHost:
		if !strings.HasPrefix(value, "<") {
			lic.RegisteredHost = value
		}
	case fDNSHost:
		lic.DNSHost = value
	case fNoDNSHost:
		lic.DiscoveryFailed = true
	case fHostAddress:
		if a, ok := address(value); ok {
			lic.HostAddress = a.String()
		}
	case fHostEPID:
		if isEPID(value) {
			lic.HostEPID = value
		}
	case fActivation:
		lic.ActivationInterval = minutesOf(value)
	case fRenewal:
		lic.RenewalInterval = minutesOf(value)
	case fCachingOn:
		lic.Caching = "enabled"
	case fCachingOff:
		lic.Caching = "disabled"
	case fADClient:
		lic.ActivatedBy = "AD"
	case fADObject:
		lic.ActivatedBy = "AD"
		if lic.ADObject == "" {
			lic.ADObject = value
		}
	case fToken:
		lic.ActivatedBy = "TOKEN"
	case fAVMA:
		lic.ActivatedBy = "AVMA"
	default:
		return false
	}
	return true
}

// setHost writes what slmgr prints of a KMS host.
func (s *licenseSection) setHost(p *parser, l *line, f field, value string) {
	if !s.onHost {
		s.onHost = true
		s.host = evidence.HostStatus{Origin: p.origin(l)}
	}
	h := &s.host
	n, ok := leadingInt(value)
	switch f {
	case fCount:
		if ok {
			h.Count = &n
		}
	case fPort:
		if ok && n > 0 && n < 65536 {
			h.Port = int(n)
		}
	case fPublishOn:
		h.Publishing = "enabled"
	case fPublishOff:
		h.Publishing = "disabled"
	case fPriority:
		h.Priority = value
	case fTotal:
		if ok {
			h.Total = &n
		}
	case fFailed:
		if ok {
			h.Failed = &n
		}
	case fReqUnlic, fReqLic, fReqOOB, fReqOOT, fReqNonGen, fReqNotify:
		if ok {
			if h.Requests == nil {
				h.Requests = map[string]int64{}
			}
			h.Requests[strings.TrimPrefix(string(f), "req-")] = n
		}
	}
}

// wantsValue tells whether a label without a value has it on the next line.
func wantsValue(f field) bool {
	switch f {
	case fName, fDescription, fActivationID, fApplicationID, fEPID, fPartialKey, fStatus, fCMID,
		fRegisteredHost, fDNSHost, fHostAddress, fHostEPID, fMinutes:
		return true
	}
	return false
}

func minutesOf(s string) int {
	n, ok := leadingInt(s)
	if !ok || n < 0 || n > 1<<30 {
		return 0
	}
	return int(n)
}

// activationType normalises "Configured Activation Type".
func activationType(s string) string {
	s = strings.TrimSpace(s)
	switch strings.ToUpper(s) {
	case "ALL", "全部", "ALLE", "TODOS", "TODO", "TOUS", "TOUTES", "TUTTI", "ВСЕ", "すべて", "모두", "0":
		return "ALL"
	case "AD", "1":
		return "AD"
	case "KMS", "2":
		return "KMS"
	case "TOKEN", "3":
		return "TOKEN"
	}
	return strings.ToUpper(s)
}

// setBuild reads "10.0.17763.2028" into the description of the machine.
func setBuild(p *parser, l *line, version string) {
	parts := strings.Split(strings.TrimSpace(version), ".")
	if len(parts) < 3 {
		return
	}
	build, err := strconv.Atoi(parts[2])
	if err != nil || build < 2600 || build > 99999 {
		return
	}
	m := p.machine(l)
	if m.Build != 0 && m.Build != build {
		p.anotherMachine()
		m = p.machine(l)
	}
	m.Build = build
	if len(parts) > 3 {
		if rev, err := strconv.Atoi(parts[3][:digits(parts[3])]); err == nil && rev < 1<<20 {
			m.Revision = rev
		}
	}
}
