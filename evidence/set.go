package evidence

// Set holds the observations of a run, a capture or a paste, in the order in
// which they were made. The zero value is ready for use. It holds no pointers
// into its sources, survives JSON, and may be read by many at once.
type Set struct {
	Machines  []Machine        `json:"machines,omitempty"`
	Configs   []ResolverConfig `json:"configs,omitempty"`
	SRV       []SRVAnswer      `json:"srv,omitempty"`
	Addresses []AddressAnswer  `json:"addresses,omitempty"`
	Dials     []Dial           `json:"dials,omitempty"`
	Binds     []Bind           `json:"binds,omitempty"`
	Exchanges []Exchange       `json:"exchanges,omitempty"`
	Clocks    []ClockSample    `json:"clocks,omitempty"`

	Licenses       []License            `json:"licenses,omitempty"`
	Hosts          []HostStatus         `json:"hosts,omitempty"`
	Codes          []Code               `json:"codes,omitempty"`
	Actions        []Action             `json:"actions,omitempty"`
	Services       []Service            `json:"services,omitempty"`
	Systems        []System             `json:"systems,omitempty"`
	Adapters       []Adapter            `json:"adapters,omitempty"`
	Routes         []Route              `json:"routes,omitempty"`
	Pings          []Ping               `json:"pings,omitempty"`
	Statements     []Statement          `json:"statements,omitempty"`
	ClientRequests []ClientRequestEvent `json:"client_requests,omitempty"`
	ClientAnswers  []ClientAnswerEvent  `json:"client_answers,omitempty"`
	HostRequests   []HostRequestEvent   `json:"host_requests,omitempty"`
	HostLogs       []HostLog            `json:"host_logs,omitempty"`
	LogEvents      []LogEvent           `json:"log_events,omitempty"`

	DirectoryReads    []DirectoryRead    `json:"directory_reads,omitempty"`
	ActivationObjects []ActivationObject `json:"activation_objects,omitempty"`
}

// Add appends every observation of other to s.
func (s *Set) Add(other Set) {
	s.Machines = append(s.Machines, other.Machines...)
	s.Configs = append(s.Configs, other.Configs...)
	s.SRV = append(s.SRV, other.SRV...)
	s.Addresses = append(s.Addresses, other.Addresses...)
	s.Dials = append(s.Dials, other.Dials...)
	s.Binds = append(s.Binds, other.Binds...)
	s.Exchanges = append(s.Exchanges, other.Exchanges...)
	s.Clocks = append(s.Clocks, other.Clocks...)
	s.Licenses = append(s.Licenses, other.Licenses...)
	s.Hosts = append(s.Hosts, other.Hosts...)
	s.Codes = append(s.Codes, other.Codes...)
	s.Actions = append(s.Actions, other.Actions...)
	s.Services = append(s.Services, other.Services...)
	s.Systems = append(s.Systems, other.Systems...)
	s.Adapters = append(s.Adapters, other.Adapters...)
	s.Routes = append(s.Routes, other.Routes...)
	s.Pings = append(s.Pings, other.Pings...)
	s.Statements = append(s.Statements, other.Statements...)
	s.ClientRequests = append(s.ClientRequests, other.ClientRequests...)
	s.ClientAnswers = append(s.ClientAnswers, other.ClientAnswers...)
	s.HostRequests = append(s.HostRequests, other.HostRequests...)
	s.HostLogs = append(s.HostLogs, other.HostLogs...)
	s.LogEvents = append(s.LogEvents, other.LogEvents...)
	s.DirectoryReads = append(s.DirectoryReads, other.DirectoryReads...)
	s.ActivationObjects = append(s.ActivationObjects, other.ActivationObjects...)
}
