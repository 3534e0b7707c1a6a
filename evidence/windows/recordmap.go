package windows

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// mapRecord adds what an object says to the set, and tells whether it was
// recognised by its properties.
func mapRecord(p *parser, r *record) bool {
	switch {
	case r.has("keyactivationid"):
		mapActivationObject(p, r)
	case r.has("tcptestsucceeded"), r.has("pingsucceeded") && r.has("computername"):
		mapConnection(p, r)
	case r.has("networkcategory"):
		p.found(KindProfile, &r.first)
		p.machine(&r.first).Profile = profile(r.get("networkcategory"))
	case r.has("timecreated", "leveldisplayname", "eventid", "date and time") && r.has("id", "eventid", "message"),
		r.has("message") && r.has("id") && eventIDs[eventID(r.get("id"))] != "":
		return mapEvent(p, r)
	case r.has("success") && r.has("operation"):
		p.found(KindOSLicense, &r.first)
		put(p, &p.paste.Set.Actions, evidence.Action{Origin: p.origin(&r.first), Command: r.get("operation"), Success: truth(r.get("success"))})
	case r.has("azureadjoined", "domainjoined", "enterprisejoined", "workplacejoined"):
		mapJoin(p, r)
	case r.has("licensestatus", "partialproductkey", "productkeychannel", "graceperiodremaining"), r.has("activationid") && r.has("name"):
		mapProduct(p, r)
		if r.hasPrefix("keymanagementservicecurrentcount") || r.hasPrefix("iskeymanagementservicemachine") {
			mapHost(p, r)
		}
	case r.hasPrefix("keymanagementservice"), r.has("clientmachineid", "iskeymanagementservicemachine"), r.hasPrefix("discoveredkeymanagementservice"):
		mapLicensingService(p, r)
	case r.has("nametarget", "querytype", "ip4address", "ip6address", "primaryserver"), r.has("type") && r.has("section"):
		mapDNSRecord(p, r)
	case r.has("destinationprefix") && r.has("nexthop"):
		mapRoute(p, r)
	case r.has("localport") && r.has("state"):
		mapListener(p, r)
	case r.has("name", "servicename") && r.has("status", "state", "starttype", "startmode"):
		return mapService(p, r)
	case r.has("osname", "windowsproductname", "windowseditionid", "csdomain", "editionid", "productname", "currentbuild", "caption", "osbuildnumber", "buildnumber"):
		mapSystem(p, r)
	default:
		return false
	}
	return true
}

func truth(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "yes", "1", "enabled", "wahr", "ja", "vrai", "oui":
		return true
	}
	return false
}

func profile(s string) string {
	switch strings.ToLower(s) {
	case "public", "0":
		return "Public"
	case "private", "1":
		return "Private"
	case "domainauthenticated", "2":
		return "DomainAuthenticated"
	}
	return s
}

// sentinel tells whether a value stands for "none".
func sentinel(s string) bool {
	switch strings.ToLower(s) {
	case "", "n/a", "not set", "no limit", "unlimited", "none", "4294967295", "-1":
		return true
	}
	return false
}

func number(r *record, names ...string) (int64, bool) {
	s := r.get(names...)
	if sentinel(s) {
		return 0, false
	}
	return leadingInt(s)
}

func count(r *record, names ...string) *int64 {
	if n, ok := number(r, names...); ok {
		return &n
	}
	return nil
}

func rearms(r *record, name string) *int {
	if n, ok := number(r, name); ok && n >= 0 && n < 1<<20 {
		return ptr(int(n))
	}
	return nil
}

// licenseStates are the words of LicenseStatus in the OSLicense module and in
// PowerShell enumerations.
func licenseState(s string) (int, bool) {
	if small(s, 1) {
		return atoi(s), atoi(s) <= 6
	}
	switch strings.ToLower(strings.ReplaceAll(s, " ", "")) {
	case "oobgrace":
		return 2, true
	case "ootgrace":
		return 3, true
	case "nongenuinegrace":
		return 4, true
	case "extendedgrace":
		return 6, true
	}
	return statusOf(s)
}

// mapProduct reads a SoftwareLicensingProduct object, or a row of
// Get-OSLicenseInfo, whose names differ a little.
func mapProduct(p *parser, r *record) {
	l := evidence.License{
		Origin: p.origin(&r.first), Tool: "CIM", Name: r.get("name"), Description: r.get("description"),
		ActivationID: anyID(r.get("id", "activationid")), ApplicationID: anyID(r.get("applicationid")),
		ExtendedPID: r.get("productkeyid"), MinutesLeft: count(r, "graceperiodremaining"),
		Rearms: rearms(r, "remainingapprearmcount"), SKURearms: rearms(r, "remainingskurearmcount"),
		ActivationInterval: minutesOf(r.get("vlactivationinterval")), RenewalInterval: minutesOf(r.get("vlrenewalinterval")),
	}
	kind := KindCIMProduct
	if r.has("activationid") {
		l.Tool, kind = "OSLicense", KindOSLicense
	}
	p.found(kind, &r.first)
	if !isEPID(l.ExtendedPID) {
		l.ExtendedPID = ""
	}
	l.Channel, l.RawChannel = channelOf(r.get("description"))
	if l.Channel == "" {
		l.Channel, l.RawChannel = channelOf(r.get("productkeychannel"))
	}
	if l.Channel == "" && strings.Contains(l.Name, "Eval") {
		l.Channel = "EVAL"
	}
	if key := r.get("partialproductkey"); lastFive(key) {
		l.PartialKey = strings.ToUpper(key)
	} else if r.has("partialproductkey") && r.has("licensestatus") && sentinel(key) {
		l.NotInUse = true
	}
	if n, ok := licenseState(r.get("licensestatus")); ok {
		l.Status = &n
	}
	if c, ok := statusReason(r.get("licensestatusreason")); ok {
		l.Reason = c
	}
	if n, ok := number(r, "remainingwindowsrearmcount"); ok && l.Rearms == nil {
		l.Rearms = ptr(int(n))
	}
	l.TypeSetting = typeSetting(r.get("vlactivationtypeenabled"))
	mapKMSOf(&l, r)
	put(p, &p.paste.Set.Licenses, l)
}

func typeSetting(s string) string {
	if s == "" {
		return ""
	}
	return activationType(s)
}

// statusReason reads LicenseStatusReason: a signed or unsigned number, or hex.
func statusReason(s string) (uint32, bool) {
	if sentinel(s) {
		return 0, false
	}
	if c, _, ok := hexValue(s); ok {
		return c, c != 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return uint32(n), err == nil && n != 0 && n > -1<<31 && n < 1<<32
}

// mapKMSOf reads the properties about the client's KMS host.
func mapKMSOf(l *evidence.License, r *record) {
	host := func(name, port string) string {
		h := r.get(name)
		if sentinel(h) {
			return ""
		}
		if n := r.get(port); !sentinel(n) && n != "0" {
			h += ":" + n
		}
		return h
	}
	l.RegisteredHost = host("keymanagementservicemachine", "keymanagementserviceport")
	l.DNSHost = host("discoveredkeymanagementservicemachinename", "discoveredkeymanagementservicemachineport")
	if a, ok := address(r.get("discoveredkeymanagementservicemachineipaddress")); ok {
		l.HostAddress = a.String()
	}
	if e := r.get("keymanagementserviceproductkeyid"); isEPID(e) {
		l.HostEPID = e
	}
	if d := r.get("keymanagementservicelookupdomain"); !sentinel(d) {
		l.LookupDomain = d
	}
	l.CMID = anyID(r.get("clientmachineid"))
	if v := r.get("keymanagementservicehostcaching"); v != "" {
		l.Caching = onOff(truth(v))
	}
}

func onOff(b bool) string {
	if b {
		return "enabled"
	}
	return "disabled"
}

// mapLicensingService reads a SoftwareLicensingService object or the output of
// Get-KmsLicenseInfo: the client's settings and, on a host, its counters.
func mapLicensingService(p *parser, r *record) {
	l := evidence.License{Origin: p.origin(&r.first), Tool: "CIM", Rearms: rearms(r, "remainingwindowsrearmcount")}
	kind := KindCIMService
	if !r.has("version", "clientmachineid", "pscomputername", "isvolumekeyinstalled") {
		l.Tool, kind = "OSLicense", KindOSLicense
	}
	p.found(kind, &r.first)
	if v := r.get("version"); v != "" {
		setBuild(p, &r.first, v)
	}
	l.ActivationInterval, l.RenewalInterval = minutesOf(r.get("vlactivationinterval")), minutesOf(r.get("vlrenewalinterval"))
	mapKMSOf(&l, r)
	if licenseSays(&l) {
		put(p, &p.paste.Set.Licenses, l)
	}
	mapHost(p, r)
}

// mapHost reads the counters of a KMS host. A machine that says it is none is
// an ordinary client, which is no news.
func mapHost(p *parser, r *record) {
	h := evidence.HostStatus{
		Origin: p.origin(&r.first), Count: count(r, "keymanagementservicecurrentcount"),
		Total: count(r, "keymanagementservicetotalrequests"), Failed: count(r, "keymanagementservicefailedrequests"),
	}
	if !truth(r.get("iskeymanagementservicemachine")) && h.Count == nil {
		return
	}
	h.Enabled = true
	h.Product = r.get("name")
	if n, ok := number(r, "keymanagementservicelisteningport"); ok && n > 0 && n < 65536 {
		h.Port = int(n)
	}
	if v := r.get("keymanagementservicednspublishing"); v != "" {
		h.Publishing = onOff(truth(v))
	}
	if v := r.get("keymanagementservicelowpriority"); v != "" {
		h.Priority = map[bool]string{true: "Low", false: "Normal"}[truth(v)]
	}
	if n, ok := licenseState(r.get("licensestatus")); ok {
		h.Licensed = ptr(n == 1)
	}
	for _, c := range []struct{ property, name string }{
		{"unlicensed", "unlicensed"},
		{"licensed", "licensed"},
		{"oobgrace", "oob-grace"},
		{"ootgrace", "oot-grace"},
		{"nongenuinegrace", "non-genuine-grace"},
		{"notification", "notification"},
	} {
		if n, ok := number(r, "keymanagementservice"+c.property+"requests"); ok {
			if h.Requests == nil {
				h.Requests = map[string]int64{}
			}
			h.Requests[c.name] = n
		}
	}
	p.found(KindHostBlock, &r.first)
	put(p, &p.paste.Set.Hosts, h)
	p.about = "host"
}

// mapEvent reads an event as Get-WinEvent or an export has it.
func mapEvent(p *parser, r *record) bool {
	id := eventID(r.get("id", "eventid", "instanceid"))
	source := strings.ToLower(r.get("providername", "source"))
	_, ours := eventIDs[id]
	if message := r.get("message", "task category", "taskcategory"); !ours && listAt(message) < 0 || id == 0 && listAt(message) < 0 {
		return strings.Contains(source, "security-spp") || strings.Contains(source, "security-licensing") || id != 0
	}
	s := &eventSection{first: r.first, id: id, machine: unmasked(r.get("machinename", "computer")), time: entryTime(r.get("timecreated", "timegenerated"))}
	var texts []string
	for i, name := range r.names {
		if name == "message" || name == "replacementstrings" || name == "description" || i == len(r.names)-1 && len(r.vals[i]) > 40 {
			texts = append(texts, r.vals[i])
		}
	}
	s.feed(p, texts)
	return true
}

func mapJoin(p *parser, r *record) {
	p.found(KindDsReg, &r.first)
	m := p.machine(&r.first)
	if v := r.get("azureadjoined"); v != "" {
		m.AzureADJoined = ptr(truth(v))
	}
	if v := r.get("domainjoined"); v != "" {
		m.DomainJoined = ptr(truth(v))
	}
	if v := r.get("device name"); v != "" {
		m.Name = v
	}
}

func mapRoute(p *parser, r *record) {
	prefix, err := netip.ParsePrefix(r.get("destinationprefix"))
	if err != nil {
		return
	}
	route := evidence.Route{Origin: p.origin(&r.first), Destination: prefix.Addr().String(), Gateway: gateway(r.get("nexthop"))}
	if prefix.Addr().Is4() {
		route.Mask = maskOf(prefix.Bits())
	}
	p.found(KindRoutes, &r.first)
	put(p, &p.paste.Set.Routes, route)
}

// gateway is a route's gateway, "" for one that is on-link.
func gateway(s string) string {
	a, ok := address(s)
	if !ok || a.IsUnspecified() {
		return ""
	}
	return a.String()
}

// maskOf writes a prefix length as an IPv4 mask.
func maskOf(bits int) string {
	m := ^uint32(0) << (32 - bits)
	if bits == 0 {
		m = 0
	}
	return netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)}).String()
}
