package windows

import (
	"strings"
)

// record is one object as PowerShell and its exports print it: property names,
// which are English on every system, with their values.
type record struct {
	first line
	names []string // in lower case
	vals  []string
}

const maxProperties = 400

func (r *record) add(name, value string) {
	if len(r.names) < maxProperties {
		r.names = append(r.names, strings.ToLower(strings.TrimSpace(name)))
		r.vals = append(r.vals, strings.TrimSpace(value))
	}
}

// get returns the first property that is there and not empty.
func (r *record) get(names ...string) string {
	for _, name := range names {
		for i, have := range r.names {
			if have == name && r.vals[i] != "" {
				return r.vals[i]
			}
		}
	}
	return ""
}

func (r *record) has(names ...string) bool {
	for _, name := range names {
		for _, have := range r.names {
			if have == name {
				return true
			}
		}
	}
	return false
}

// hasPrefix tells whether a property's name begins so.
func (r *record) hasPrefix(prefix string) bool {
	for _, have := range r.names {
		if strings.HasPrefix(have, prefix) {
			return true
		}
	}
	return false
}

// recordProperties are the property names by which a list, a table, a JSON
// object or a CSV header is taken for one of ours.
var recordProperties = wordSet(`
	activationid applicationid partialproductkey licensestatus licensestatusreason graceperiodremaining productkeychannel
	productkeyid description licensefamily evaluationenddate vlactivationtypeenabled vlactivationtype requiredclientcount
	clientmachineid iskeymanagementservicemachine keymanagementservicemachine keymanagementserviceport
	keymanagementservicecurrentcount keymanagementservicelisteningport keymanagementservicednspublishing
	keymanagementservicehostcaching keymanagementservicelowpriority keymanagementservicetotalrequests
	keymanagementservicefailedrequests keymanagementserviceunlicensedrequests keymanagementservicelicensedrequests
	keymanagementservicelookupdomain keymanagementserviceproductkeyid keymanagementserviceactivationdisabled
	discoveredkeymanagementservicemachinename discoveredkeymanagementservicemachineport
	discoveredkeymanagementservicemachineipaddress vlactivationinterval vlrenewalinterval remainingwindowsrearmcount
	remainingskurearmcount remainingapprearmcount isvolumekeyinstalled
	computername remoteaddress remoteport sourceaddress tcptestsucceeded pingsucceeded interfacealias nameresolutionsucceeded
	networkcategory ipv4connectivity azureadjoined enterprisejoined domainjoined domainname tenantname workplacejoined
	status displayname starttype servicename startmode state
	querytype nametarget ip4address ip6address ipaddress section primaryserver namehost
	timecreated id providername message logname leveldisplayname eventid machinename level source
	destinationprefix nexthop routemetric
	osname osversion osbuildnumber windowsproductname windowseditionid windowsversion csdomain csdomainrole cspartofdomain
	caption buildnumber version editionid productname currentbuild currentbuildnumber ubr releaseid displayversion
	keymanagementservicename keymanagementserviceport skiprearm disablednspublishing
	success operation localaddress localport owningprocess
	keyactivationid
`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[strings.ToLower(w)] = true
	}
	return set
}

// recordSection is a list as Format-List prints it: "Property   : value" lines,
// an object a paragraph, long values going on below.
type recordSection struct {
	rec record
	col int // where values begin
}

func openRecord(p *parser, l *line) section {
	name, _, ok := listProperty(l.text)
	if !ok || !isProperty(name, l.text) {
		return nil
	}
	s := &recordSection{}
	s.take(p, l)
	return s
}

// listProperty splits "Property   : value". A blank stands before the colon,
// and the name has no odd characters.
func listProperty(s string) (name, value string, ok bool) {
	at := strings.IndexByte(s, ':')
	if at < 2 || at > 60 || s[at-1] != ' ' && s[at-1] != '\t' || at+1 < len(s) && s[at+1] != ' ' {
		return "", "", false
	}
	name = strings.TrimRight(s[:at], " \t")
	for i := 0; i < len(name); i++ {
		if c := name[i]; !alnum(c) && c != '_' && c != '-' && c != '(' && c != ')' && c != ' ' {
			return "", "", false
		}
	}
	if strings.Count(name, " ") > 5 {
		return "", "", false
	}
	return name, strings.TrimSpace(s[at+1:]), true
}

// isProperty tells whether a line begins with the name of a property: a known
// one, one in several words, or Name with more than one blank before the colon.
func isProperty(name, text string) bool {
	return recordProperties[strings.ToLower(name)] || camelCase(text) || strings.HasPrefix(text, "Name  ")
}

// camelCase tells whether a line begins with a property name of several words
// and blanks up to a colon, as only Format-List prints it.
func camelCase(s string) bool {
	upper := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			upper++
		case c == ' ':
			return upper >= 3 && i >= 8 && strings.HasPrefix(strings.TrimLeft(s[i:], " "), ":")
		case !alnum(c):
			return false
		}
	}
	return false
}

func (s *recordSection) blank(p *parser) {
	if len(s.rec.names) > 0 && s.rec.names[len(s.rec.names)-1] == "message" {
		return // a message has blank lines of its own
	}
	s.emit(p)
}

func (s *recordSection) emit(p *parser) {
	if len(s.rec.names) > 0 && !mapRecord(p, &s.rec) {
		p.unread(s.rec.first.no, s.rec.first.src)
	}
	s.rec = record{}
}

func (s *recordSection) take(p *parser, l *line) bool {
	name, value, ok := listProperty(l.text)
	if ok && (len(s.rec.names) > 0 || isProperty(name, l.text)) && (l.indent < s.col || s.col == 0 || len(s.rec.names) == 0) {
		lower := strings.ToLower(name)
		if len(s.rec.names) > 0 && s.rec.names[0] == lower { // the first property again: another object
			s.emit(p)
		}
		if len(s.rec.names) == 0 {
			s.rec.first = *l
		}
		s.col = l.indent + strings.Index(l.text, ":") + 1
		s.rec.add(lower, value)
		return true
	}
	if ruler(l.text) && !strings.Contains(l.text, " ") || strings.HasPrefix(l.text, "+--") || strings.HasPrefix(l.text, "| ") {
		s.emit(p)
		return true
	}
	if n := len(s.rec.vals); n > 0 && (l.indent >= s.col && s.col > 3 || s.rec.names[n-1] == "message" && messageLine(l.text)) {
		glue := " "
		if s.rec.names[n-1] == "message" {
			glue = "\n"
		}
		if len(s.rec.vals[n-1]) < maxLine/8 {
			s.rec.vals[n-1] += glue + l.text
		}
		return true
	}
	return false
}

// messageLine tells whether a line may go on an event's message.
func messageLine(s string) bool {
	_, _, field := cutField(s)
	return isListStart(s) || field || strings.HasPrefix(strings.ToLower(s), "info") || eventByText(s) != 0 || strings.Contains(s, "0x")
}

func (s *recordSection) end(p *parser) { s.emit(p) }
