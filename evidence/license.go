package evidence

// License is what Windows says of one licensed product: a block of slmgr /dlv
// or /dli, of ospp.vbs /dstatus, or a SoftwareLicensingProduct object. Absent
// facts are zero; numbers for which zero means something are pointers.
type License struct {
	Origin        Origin `json:"origin"`
	Tool          string `json:"tool"` // "slmgr", "ospp", "CIM", "OSLicense"
	Name          string `json:"name,omitempty"`
	Description   string `json:"description,omitempty"`
	Channel       string `json:"channel,omitempty"` // normalised: GVLK, CSVLK, MAK, RETAIL, OEM, EVAL, AVMA, GRACE, FREE, SUBSCRIPTION
	RawChannel    string `json:"raw_channel,omitempty"`
	ActivationID  string `json:"activation_id,omitempty"`
	ApplicationID string `json:"application_id,omitempty"`
	ExtendedPID   string `json:"extended_pid,omitempty"`
	PartialKey    string `json:"partial_key,omitempty"`   // the last five characters
	Status        *int   `json:"status,omitempty"`        // 0 unlicensed, 1 licensed, 2 OOB grace, 3 OOT grace, 4 non-genuine, 5 notification, 6 extended grace
	Reason        uint32 `json:"reason,omitempty"`        // LicenseStatusReason or ospp's ERROR CODE
	Informational bool   `json:"informational,omitempty"` // ospp's "for information purposes only"
	MinutesLeft   *int64 `json:"minutes_left,omitempty"`
	Rearms        *int   `json:"rearms,omitempty"`       // remaining Windows (or application) rearm count
	SKURearms     *int   `json:"sku_rearms,omitempty"`   // remaining SKU rearm count
	EndDate       string `json:"end_date,omitempty"`     // evaluation end or the date of /xpr, as printed: its order follows the locale
	Permanent     bool   `json:"permanent,omitempty"`    // /xpr: permanently activated
	TypeSetting   string `json:"type_setting,omitempty"` // Configured Activation Type: ALL, AD, KMS, TOKEN
	ActivatedBy   string `json:"activated_by,omitempty"` // KMS, AD, TOKEN, AVMA where the block says so

	CMID               string `json:"cmid,omitempty"`
	LookupDomain       string `json:"lookup_domain,omitempty"`
	RegisteredHost     string `json:"registered_host,omitempty"`  // set by /skms, policy or /sethst: host or host:port
	HostSetBy          string `json:"host_set_by,omitempty"`      // "policy", "registry", "application override", "product override", "discovery cache", "DNS", where known
	DNSHost            string `json:"dns_host,omitempty"`         // KMS machine name from DNS
	DiscoveryFailed    bool   `json:"discovery_failed,omitempty"` // "DNS auto-discovery: KMS name not available"
	HostAddress        string `json:"host_address,omitempty"`
	HostEPID           string `json:"host_epid,omitempty"`
	ActivationInterval int    `json:"activation_interval,omitempty"` // minutes
	RenewalInterval    int    `json:"renewal_interval,omitempty"`    // minutes
	Caching            string `json:"caching,omitempty"`             // "enabled", "disabled"
	ADObject           string `json:"ad_object,omitempty"`
	NotInUse           bool   `json:"not_in_use,omitempty"`
}

// HostStatus is what a KMS host says of itself: the host block of slmgr /dlv or
// the KeyManagementService properties of SoftwareLicensingService.
type HostStatus struct {
	Origin     Origin `json:"origin"`
	Enabled    bool   `json:"enabled"`
	Licensed   *bool  `json:"licensed,omitempty"` // the host key's own activation
	Count      *int64 `json:"count,omitempty"`    // -1: no request so far
	Port       int    `json:"port,omitempty"`
	Publishing string `json:"publishing,omitempty"` // "enabled", "disabled"
	Priority   string `json:"priority,omitempty"`
	Total      *int64 `json:"total,omitempty"`
	Failed     *int64 `json:"failed,omitempty"`

	// Requests adds up the requests by what they said of the client's licence,
	// or nil: keys are unlicensed, licensed, oob-grace, oot-grace,
	// non-genuine-grace, notification.
	Requests map[string]int64 `json:"requests,omitempty"`
	Product  string           `json:"product,omitempty"` // of the host key, where the block names it
}

// Code is a status code that somebody saw.
type Code struct {
	Origin  Origin `json:"origin"`
	Code    uint32 `json:"code"`
	Context string `json:"context,omitempty"` // "slmgr /ato", "event 8198", "ospp /act", "stated"
	Product string `json:"product,omitempty"`
}

// Action is the outcome of a licensing command.
type Action struct {
	Origin  Origin `json:"origin"`
	Command string `json:"command"` // "/ato", "/ipk", "/skms", "/act", "/dlv"
	Success bool   `json:"success"`
	Code    uint32 `json:"code,omitempty"`
	Product string `json:"product,omitempty"`
}

// Service is the state of a Windows service.
type Service struct {
	Origin Origin `json:"origin"`
	Name   string `json:"name"`            // sppsvc, osppsvc, W32Time
	State  string `json:"state,omitempty"` // "running", "stopped"
	Start  string `json:"start,omitempty"` // "auto", "manual", "disabled"
	Where  string `json:"where,omitempty"` // "client", "host", "" unknown
}

// System is what Windows says of the machine itself.
type System struct {
	Origin        Origin `json:"origin"`
	Name          string `json:"name,omitempty"`
	Product       string `json:"product,omitempty"` // Microsoft Windows Server 2019 Standard
	Edition       string `json:"edition,omitempty"` // EditionID
	Build         int    `json:"build,omitempty"`
	Revision      int    `json:"revision,omitempty"`
	Domain        string `json:"domain,omitempty"`
	DomainJoined  *bool  `json:"domain_joined,omitempty"`
	AzureADJoined *bool  `json:"azure_ad_joined,omitempty"`
	Cloud         string `json:"cloud,omitempty"`   // "azure", "aws", "gcp", "oci", where the text shows it
	Profile       string `json:"profile,omitempty"` // network category: Public, Private, DomainAuthenticated

	Workgroup       bool     `json:"workgroup,omitempty"`         // systeminfo or Get-ComputerInfo names a workgroup
	NoPrimarySuffix bool     `json:"no_primary_suffix,omitempty"` // ipconfig prints an empty primary DNS suffix
	SearchList      []string `json:"search_list,omitempty"`       // DNS suffix search list
}

// Adapter is one network adapter as ipconfig prints it.
type Adapter struct {
	Origin    Origin   `json:"origin"`
	Name      string   `json:"name,omitempty"`
	Suffix    string   `json:"suffix,omitempty"`
	Addresses []string `json:"addresses,omitempty"`
	Gateways  []string `json:"gateways,omitempty"`
	Servers   []string `json:"servers,omitempty"`
	NoServers bool     `json:"no_servers,omitempty"` // printed without any DNS server
}

// Route is one line of a routing table.
type Route struct {
	Origin      Origin `json:"origin"`
	Destination string `json:"destination"`
	Mask        string `json:"mask,omitempty"`
	Gateway     string `json:"gateway"`             // an address, or "" for on-link
	Interface   string `json:"interface,omitempty"` // own address the route leaves by, where the table has it
	Persistent  bool   `json:"persistent,omitempty"`
}

// Ping is the outcome of an ICMP echo test.
type Ping struct {
	Origin   Origin `json:"origin"`
	Host     string `json:"host"`
	Answered bool   `json:"answered"`
}

// Statement is a plain-words claim that a phrase table recognised. It weighs
// less than output of a program.
type Statement struct {
	Origin Origin `json:"origin"`
	ID     string `json:"id"`              // kebab-case name of the phrase
	Value  string `json:"value,omitempty"` // what it was said of, where the phrase has one
}
