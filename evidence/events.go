package evidence

import "time"

// ClientRequestEvent is event 12288: a client sent a request. Fields in the
// order of its Info list.
type ClientRequestEvent struct {
	Origin        Origin    `json:"origin"`
	Time          time.Time `json:"time,omitzero"` // of the log entry
	Machine       string    `json:"machine,omitempty"`
	HRESULT       uint32    `json:"hresult"` // of the attempt: the inner code
	Flags         uint32    `json:"flags"`
	Host          string    `json:"host,omitempty"` // host tried, without the port
	Port          int       `json:"port,omitempty"`
	CMID          string    `json:"cmid,omitempty"`
	ClientTime    time.Time `json:"client_time,omitzero"` // UTC
	VM            bool      `json:"vm"`
	LicenseStatus int       `json:"license_status"`
	MinutesLeft   int64     `json:"minutes_left"`
	ActivationID  string    `json:"activation_id,omitempty"`
	NPolicy       int       `json:"n_policy,omitempty"`
}

// ClientAnswerEvent is event 12289: a client processed an answer.
type ClientAnswerEvent struct {
	Origin             Origin    `json:"origin"`
	Time               time.Time `json:"time,omitzero"`
	Machine            string    `json:"machine,omitempty"`
	HRESULT            uint32    `json:"hresult"`
	Flags              uint32    `json:"flags"`
	Activated          bool      `json:"activated"`
	Count              int       `json:"count"`                         // on the host
	ActivationInterval int       `json:"activation_interval,omitempty"` // minutes
	RenewalInterval    int       `json:"renewal_interval,omitempty"`    // minutes
	ClientTime         time.Time `json:"client_time,omitzero"`
}

// HostRequestEvent is event 12290: a KMS host processed a request.
type HostRequestEvent struct {
	Origin        Origin    `json:"origin"`
	Time          time.Time `json:"time,omitzero"`
	Host          string    `json:"host,omitempty"`
	HRESULT       uint32    `json:"hresult"` // returned to the client
	NPolicy       int       `json:"n_policy"`
	Machine       string    `json:"machine"` // client name as sent
	CMID          string    `json:"cmid"`
	ClientTime    time.Time `json:"client_time,omitzero"`
	VM            bool      `json:"vm"`
	LicenseStatus int       `json:"license_status"`
	MinutesLeft   int64     `json:"minutes_left"`
	ActivationID  string    `json:"activation_id,omitempty"`
	Repeats       int       `json:"repeats,omitempty"` // further requests of this machine with this CMID, product and HRESULT, folded into this one
}

// HostLog adds up every event 12290 of one paste. A long log keeps only some of
// its requests as HostRequestEvent; the totals here are of all of them.
type HostLog struct {
	Origin   Origin         `json:"origin"` // of the first
	Requests int64          `json:"requests"`
	CMIDs    int64          `json:"cmids"`             // distinct client ids
	Shared   int64          `json:"shared"`            // client ids that came with more than one machine name
	Results  map[string]int `json:"results,omitempty"` // requests by HRESULT, "0x00000000"; at most 32 of them
	First    time.Time      `json:"first,omitzero"`    // earliest client time, UTC
	Last     time.Time      `json:"last,omitzero"`     // latest
	Capped   bool           `json:"capped,omitempty"`  // too many client ids to tell apart: CMIDs and Shared are lower bounds
	Skewed   int64          `json:"skewed,omitempty"`  // client ids that were refused for their clock (0xC004F06C), where the log was read for them
	Counts   []HostCount    `json:"counts,omitempty"`  // of the last 30 days, where the log was read for them
}

// HostCount is a count of a KMS host, worked out from its log: the distinct
// client ids that it served in 30 days.
type HostCount struct {
	Host        string `json:"host,omitempty"`
	Application string `json:"application"` // "Windows", "Office", "Office 2010"
	Count       int    `json:"count"`
	Needed      int    `json:"needed"`             // the largest minimum its clients asked for
	AtLeast     bool   `json:"at_least,omitempty"` // entries are missing: Count is a lower bound
}

// LogEvent is any other licensing event.
type LogEvent struct {
	Origin  Origin            `json:"origin"`
	Time    time.Time         `json:"time,omitzero"`
	Machine string            `json:"machine,omitempty"`
	ID      int               `json:"id"`
	Code    uint32            `json:"code,omitempty"`
	Trigger string            `json:"trigger,omitempty"` // UserLogon, NetworkAvailable, TimerEvent
	Fields  map[string]string `json:"fields,omitempty"`
}
