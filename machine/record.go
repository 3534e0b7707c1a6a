package machine

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/evidence/windows"
)

// recordKind is the value of [Record.Kind].
const recordKind = "machine"

// Record is everything that one machine said. Its JSON has the names that WMI
// and PowerShell give the properties; what is nil or empty was not there or not
// asked.
type Record struct {
	Kind     string    `json:"kmsdiag"` // "machine", by which a reader knows the record
	Computer string    `json:"computer,omitempty"`
	Service  *Service  `json:"service,omitempty"`
	Products []Product `json:"products,omitempty"` // those with a key installed

	// OfficeService is OSPP's own service object, of Office 2010 and of Office 2013
	// on Windows 7; it lacks some properties of the class.
	OfficeService *Service `json:"officeService,omitempty"`

	Services  []ServiceState `json:"services,omitempty"`
	Registry  []Value        `json:"registry,omitempty"`
	Events    []Event        `json:"events,omitempty"`   // newest first
	Listeners []Listener     `json:"listeners,omitzero"` // on the KMS port; nil where nobody asked
	Firewall  []string       `json:"firewall,omitempty"` // rules as the registry holds them, see [ParseRule]
	Problems  []Problem      `json:"problems,omitempty"`
}

// Problem says why a part of a record is missing.
type Problem struct {
	Part string `json:"part"` // "licensing service", "events", ...
	Text string `json:"text"`
}

// Service is the WMI object SoftwareLicensingService, of which a machine has
// one. Numbers have the widths of the class; null is nil. The property with the
// firmware's product key is left out on purpose.
type Service struct {
	Version                                        *string
	ClientMachineID                                *string
	IsKeyManagementServiceMachine                  *uint32
	KeyManagementServiceMachine                    *string
	KeyManagementServicePort                       *uint32
	KeyManagementServiceLookupDomain               *string
	KeyManagementServiceHostCaching                *bool
	KeyManagementServiceProductKeyID               *string // extended PID of the KMS host that answered last
	DiscoveredKeyManagementServiceMachineName      *string
	DiscoveredKeyManagementServiceMachinePort      *uint32
	DiscoveredKeyManagementServiceMachineIpAddress *string //nolint:revive // the class spells it so
	KeyManagementServiceCurrentCount               *uint32 // 4294967295: none
	KeyManagementServiceListeningPort              *uint32
	KeyManagementServiceDnsPublishing              *bool //nolint:revive // the class spells it so
	KeyManagementServiceLowPriority                *bool
	KeyManagementServiceTotalRequests              *uint32
	KeyManagementServiceFailedRequests             *uint32
	KeyManagementServiceUnlicensedRequests         *uint32
	KeyManagementServiceLicensedRequests           *uint32
	KeyManagementServiceOOBGraceRequests           *uint32
	KeyManagementServiceOOTGraceRequests           *uint32
	KeyManagementServiceNonGenuineGraceRequests    *uint32
	KeyManagementServiceNotificationRequests       *uint32
	VLActivationInterval                           *uint32 // minutes
	VLRenewalInterval                              *uint32 // minutes
	RemainingWindowsReArmCount                     *uint32
}

// Product is the WMI object SoftwareLicensingProduct of a product with a key.
type Product struct {
	Name                                           *string
	Description                                    *string
	ID                                             *string // activation id
	ApplicationID                                  *string
	LicenseFamily                                  *string
	LicenseStatus                                  *uint32 // 0 unlicensed, 1 licensed, 2 OOB grace, 3 OOT grace, 4 non-genuine, 5 notification, 6 extended grace
	LicenseStatusReason                            *uint32 // HRESULT
	GracePeriodRemaining                           *uint32 // minutes
	PartialProductKey                              *string
	ProductKeyID                                   *string // extended PID
	ProductKeyChannel                              *string
	VLActivationType                               *uint32 // of the last activation: 1 AD, 2 KMS, 3 token
	VLActivationTypeEnabled                        *uint32 // allowed: 0 all, 1 AD, 2 KMS, 3 token
	VLActivationInterval                           *uint32 // minutes
	VLRenewalInterval                              *uint32 // minutes
	KeyManagementServiceMachine                    *string
	KeyManagementServicePort                       *uint32
	KeyManagementServiceLookupDomain               *string
	KeyManagementServiceProductKeyID               *string
	DiscoveredKeyManagementServiceMachineName      *string
	DiscoveredKeyManagementServiceMachinePort      *uint32
	DiscoveredKeyManagementServiceMachineIpAddress *string //nolint:revive // the class spells it so
	ADActivationObjectName                         *string
	IsKeyManagementServiceMachine                  *uint32
	KeyManagementServiceCurrentCount               *uint32
	KeyManagementServiceTotalRequests              *uint32
	KeyManagementServiceFailedRequests             *uint32
	RemainingAppReArmCount                         *uint32
	RemainingSkuReArmCount                         *uint32
}

// ServiceState is the state of a Windows service, in the words of Get-Service.
type ServiceState struct {
	Name      string
	Status    string // "Running", "Stopped"
	StartType string `json:",omitempty"` // "Automatic", "Manual", "Disabled"; "" where it may not be read
}

// Value is one value of the registry.
type Value struct {
	Key   string // whole path: HKEY_LOCAL_MACHINE\SOFTWARE\...
	Name  string
	Value string // numbers in decimal, the strings of a list divided by semicolons
}

// Event is one entry of an event log.
type Event struct {
	ID          int       `json:"Id"`
	TimeCreated time.Time // UTC
	MachineName string
	Data        []string // insertion strings
}

// Listener is a TCP socket that waits for connections.
type Listener struct {
	LocalAddress  string
	LocalPort     uint16
	State         string // "Listen"
	OwningProcess uint32
}

// KMSHost tells whether the machine says that it is a KMS host.
func (r Record) KMSHost() bool {
	is := func(n *uint32) bool { return n != nil && *n == 1 }
	if r.Service != nil && is(r.Service.IsKeyManagementServiceMachine) {
		return true
	}
	for _, p := range r.Products {
		if is(p.IsKeyManagementServiceMachine) {
			return true
		}
	}
	return false
}

// Evidence returns what the record says, everything with the one origin. It
// fails only where the record cannot be written as JSON.
func (r Record) Evidence(origin evidence.Origin) (evidence.Set, error) {
	r.Kind = recordKind
	text, err := json.Marshal(r)
	if err != nil {
		return evidence.Set{}, fmt.Errorf("machine record: %w", err)
	}
	return windows.ReadMachine(text, origin)
}
