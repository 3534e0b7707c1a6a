package run

import (
	"net/netip"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// MatrixStatus is how a row of a [Matrix] stands.
type MatrixStatus string

// The states of a row. Served, refused and invalid are answers.
const (
	MatrixWaiting  MatrixStatus = "waiting"   // in the plan, not asked yet
	MatrixServed   MatrixStatus = "served"    // a client of these products would be served
	MatrixRefused  MatrixStatus = "refused"   // the host said no: HRESULT says how
	MatrixInvalid  MatrixStatus = "invalid"   // an answer that a client would reject: it fails verification, or is an RPC fault
	MatrixNoAnswer MatrixStatus = "no-answer" // it was asked for, and nothing came back
	MatrixNotAsked MatrixStatus = "not-asked" // no request was sent: Why says why
)

// Answered tells whether the host gave an answer of any kind.
func (s MatrixStatus) Answered() bool {
	return s == MatrixServed || s == MatrixRefused || s == MatrixInvalid
}

// Kinds of the objects and lines of a capability matrix.
const (
	KindMatrix         = "matrix"          // a [Matrix]
	KindMatrixPlan     = "matrix-plan"     // a [MatrixPlan]
	KindMatrixRow      = "matrix-row"      // a [MatrixRow]
	KindMatrixProgress = "matrix-progress" // a [MatrixProgress]
)

// MatrixPlan says what a capability matrix will ask whom, before anything of KMS
// is sent.
type MatrixPlan struct {
	Schema    string           `json:"schema"`            // "kmsdiag/1"
	Kind      string           `json:"kind"`              // "matrix-plan"
	Version   string           `json:"version"`           // of kmsdiag
	Target    string           `json:"target"`            // as the user named it
	Machine   string           `json:"machine,omitempty"` // name of this machine, which each request carries
	Started   time.Time        `json:"started"`
	Endpoints []MatrixEndpoint `json:"endpoints"` // to try in this order; the first that answers a bind is asked
	Rows      []MatrixRow      `json:"rows"`      // in the order of asking: waiting or not asked
	Requests  int              `json:"requests"`  // KMS requests, one a waiting row
	AtMost    int              `json:"at_most"`   // KMS requests that are never exceeded: with those of a lower protocol version, and repeated ones
	Binds     int              `json:"binds"`     // RPC binds that are never exceeded
	Sends     []string         `json:"sends"`     // what will be sent to whom, a line each
	Sent      []string         `json:"sent"`      // what finding the endpoints has sent already
	Problem   string           `json:"problem,omitempty"`
}

// MatrixEndpoint is one address of a host that may be asked.
type MatrixEndpoint struct {
	Host    string         `json:"host"`             // its name, or the address where it has none
	Domain  string         `json:"domain,omitempty"` // the domain whose SRV record names it
	Address netip.AddrPort `json:"address"`
}

// Name is what to call the endpoint: "kms01.corp.example 10.0.0.5:1688".
func (e MatrixEndpoint) Name() string {
	return Subject{Kind: Endpoint, Host: e.Host, Addr: e.Address}.Name()
}

// MatrixRow is one counted id: the products that a host cannot tell apart, and
// what it answered for them.
type MatrixRow struct {
	Index        int          `json:"index"`         // position among the rows, from 0
	Group        string       `json:"group"`         // id of the counted group, "windows-10-2015"
	Name         string       `json:"name"`          // what people call the products: "Windows 11, Windows 10"
	Class        string       `json:"class"`         // server, office or client
	CountedID    string       `json:"counted_id"`    // empty where the one that its clients send is not known
	Application  string       `json:"application"`   // "Windows", "Office 2013 and later": a host keeps a list of clients for each
	Releases     []string     `json:"releases"`      // releases with editions under the counted id, newest first
	Product      string       `json:"product"`       // the edition asked for; a host does not look at it
	ActivationID string       `json:"activation_id"` // of that edition
	Needs        int          `json:"needs"`         // N policy: the count that the products ask for
	Protocol     string       `json:"protocol"`      // protocol version that their clients speak, "6.0"
	Status       MatrixStatus `json:"status"`

	Speaks   string       `json:"speaks,omitempty"`   // the protocol version that the host answered in after it refused Protocol
	Count    *int         `json:"count,omitempty"`    // clients on the host's list with this probe; absent where no count was stated
	Others   *int         `json:"others,omitempty"`   // the same without this probe
	Missing  int          `json:"missing,omitempty"`  // clients that must still ask, without the probe, until Needs is reached
	HRESULT  uint32       `json:"hresult,omitempty"`  // of a refusal
	Code     string       `json:"code,omitempty"`     // the same as Windows prints it, "0xC004F042"
	Why      string       `json:"why,omitempty"`      // what was seen, or why nothing was asked, in a clause
	EPID     string       `json:"epid,omitempty"`     // extended PID that the host answered with
	Key      string       `json:"key,omitempty"`      // the host key that the ePID names
	Unlisted []string     `json:"unlisted,omitempty"` // served, but by Microsoft's list not by that key: the request cannot tell these releases apart
	Cure     []HostKeyRef `json:"cure,omitempty"`     // host keys that cover the row: of a refusal the most suitable first, of a row that cannot be asked those that its products need

	Started time.Time     `json:"started,omitzero"`
	Took    time.Duration `json:"took,omitempty"` // request to answer; nanoseconds in JSON
}

// HeldByProbe tells whether the count reaches what the products need only because
// this probe is on the list: the next client is activated while it is there.
func (r MatrixRow) HeldByProbe() bool {
	return r.Missing > 0 && r.Count != nil && *r.Count >= r.Needs
}

// What a [HostKeyRef] says of a host whose edition of Windows takes no such key,
// whatever its build.
const (
	FitsServer = "server only" // the key is for Windows Server, and the host runs a client edition
	FitsClient = "client only" // the key is for client editions, and the host runs Windows Server
)

// HostKeyRef is a host key that would serve a row, by the lists that Source names.
type HostKeyRef struct {
	ID       string   `json:"id"`               // "server-2022"
	Name     string   `json:"name"`             // "Windows Server 2022 KMS host key"
	Releases []string `json:"releases"`         // of the row's, those that the key's list names
	Source   string   `json:"source"`           // whose list: "Microsoft's list"
	Fits     string   `json:"fits,omitempty"`   // whether the list names the host, as its ePIDs tell it: "listed", "build too old", "unlisted", or [FitsServer] or [FitsClient]; absent where that is not known
	Update   string   `json:"update,omitempty"` // update that this build needs before it takes the key; a later cumulative one does as well
	Older    bool     `json:"older,omitempty"`  // older than the host key that an ePID names: taking it would give up what that one serves
}

// MatrixProgress says what is going on; it may be lost without harm.
type MatrixProgress struct {
	Row  int    `json:"row"`  // index of the row that is asked now; -1 while connecting
	Text string `json:"text"` // "asking", "192.0.2.5:1688 silent, 3 tries"
}

// MatrixKey is a host key as an ePID of the host's answers names it. The ePID
// tells the system and key of the day the key was activated, not today's.
type MatrixKey struct {
	Application string `json:"application"` // whose answers had the ePID: "Windows"
	EPID        string `json:"epid"`
	Key         string `json:"key,omitempty"`    // "Windows Server 2022"; absent where the ePID names no known key
	System      string `json:"system,omitempty"` // the host's system, by the build in the ePID
	Build       int    `json:"build,omitempty"`
}

// Matrix is what a host serves: the outcome of asking it for each counted id.
type Matrix struct {
	Schema   string               `json:"schema"`  // "kmsdiag/1"
	Kind     string               `json:"kind"`    // "matrix"
	Version  string               `json:"version"` // of kmsdiag
	Target   string               `json:"target"`  // as the user named it
	Host     string               `json:"host,omitempty"`
	Domain   string               `json:"domain,omitempty"`
	Endpoint netip.AddrPort       `json:"endpoint,omitzero"` // the address that was asked
	Machine  string               `json:"machine,omitempty"` // name of this machine
	Address  netip.Addr           `json:"address,omitzero"`  // its address towards the host
	Started  time.Time            `json:"started"`
	Took     time.Duration        `json:"took"`     // nanoseconds
	AtMost   int                  `json:"at_most"`  // KMS requests that were announced at most
	Requests int                  `json:"requests"` // KMS requests that were sent
	Counts   map[MatrixStatus]int `json:"counts"`   // rows by state
	Rows     []MatrixRow          `json:"rows"`     // in the order of asking
	Keys     []MatrixKey          `json:"keys"`     // of the host, as its answers named them
	Sent     []string             `json:"sent"`     // what was sent to whom, a line each

	Conclusion string   `json:"conclusion"` // the verdict in words, a sentence a line
	Notes      []string `json:"notes"`      // limits of the verdict, and what else was seen
	Problem    string   `json:"problem,omitempty"`
	Stopped    bool     `json:"stopped,omitempty"` // the user stopped it

	// Learned is what a diagnosis may make of the host's answers. It is not saved.
	Learned evidence.Set `json:"-"`

	// Traffic is Sent in numbers, without what finding the host took. It is not saved.
	Traffic []Traffic `json:"-"`
}

// Complete tells whether something is served and no row that was asked is without
// a proper answer. What a host refuses is an answer.
func (m Matrix) Complete() bool {
	return !m.Stopped && m.Problem == "" && m.Counts[MatrixServed] > 0 &&
		m.Counts[MatrixNoAnswer] == 0 && m.Counts[MatrixInvalid] == 0 && m.Counts[MatrixWaiting] == 0
}
