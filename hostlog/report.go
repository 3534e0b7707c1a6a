package hostlog

import (
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// Kind is the kind of a [Report] in JSON.
const Kind = "hostlog"

// Report is what the log of a KMS host tells.
type Report struct {
	Schema string `json:"schema"` // "kmsdiag/1"
	Kind   string `json:"kind"`   // "hostlog"

	Now      time.Time `json:"now"`             // what "the last 30 days" ends with
	NowGiven bool      `json:"now_given"`       // by the user; otherwise it is the newest entry
	Since    time.Time `json:"since,omitzero"`  // entries before were left out
	First    time.Time `json:"first,omitzero"`  // oldest entry
	Newest   time.Time `json:"newest,omitzero"` // newest entry

	Sources    []Source `json:"sources"`
	Requests   int64    `json:"requests"`             // events 12290, each once
	Duplicates int64    `json:"duplicates,omitempty"` // left out: another entry is the same
	Untimed    int64    `json:"untimed,omitempty"`    // without any readable time: in no count below
	LeftOut    int64    `json:"left_out,omitempty"`   // outside the time that was asked about
	Probe      *Probe   `json:"probe,omitempty"`      // requests of kmsdiag itself, in no count

	Lists      []List           `json:"lists"` // one for each count the host keeps
	Facts      []Fact           `json:"facts"` // worst first
	Causes     []diagnose.Cause `json:"causes"`
	Conclusion string           `json:"conclusion"`
	Limits     []string         `json:"limits"` // what was too much to keep, and what is missing for it
	Worst      run.Status       `json:"worst"`
	Stopped    bool             `json:"stopped,omitempty"`

	Evidence evidence.Set `json:"-"`
	tally    *tally
}

// Probe is what came under the client id that every kmsdiag uses.
type Probe struct {
	CMID     string    `json:"cmid"`
	Requests int64     `json:"requests"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Machines []string  `json:"machines"` // that probed
}

// Sure says how sure a statement is.
type Sure string

// The grades, best first.
const (
	Counted      Sure = "counted"      // stands in the log
	Inferred     Sure = "inferred"     // follows from it by a documented rule
	Extrapolated Sure = "extrapolated" // holds if the future is like the past
)

// Fact is one statement about the host's clients.
type Fact struct {
	ID          string     `json:"id"` // such as "count.low"
	Status      run.Status `json:"status"`
	Host        string     `json:"host,omitempty"`
	Application string     `json:"application,omitempty"`
	Text        string     `json:"text"`
	Sure        Sure       `json:"sure"`
	Basis       string     `json:"basis"` // what it stands on
}

// List is one count of one host.
type List struct {
	Host           string    `json:"host,omitempty"`             // the computer that wrote the log; empty where no entry names it
	Application    string    `json:"application"`                // "Windows", "Office", "Office 2010", "unknown product"
	Count          int       `json:"count"`                      // distinct client ids served in the 30 days before now
	Ceiling        int       `json:"ceiling"`                    // the largest count the host reports: twice the largest minimum it was asked with
	Needed         int       `json:"needed"`                     // the largest minimum that a client of the last 30 days asked for
	Whole          bool      `json:"whole"`                      // the log holds all of the 30 days before now; otherwise Count is a lower bound
	Clients        int       `json:"clients"`                    // distinct client ids in all the log
	ClientsAtLeast bool      `json:"clients_at_least,omitempty"` // there were more ids than are kept: all numbers of clients are lower bounds
	Requests       int64     `json:"requests"`
	Served         int64     `json:"served"`
	First          time.Time `json:"first"`
	Last           time.Time `json:"last"`

	Course        []Day      `json:"course"`              // a day each, oldest first; at most the last 400
	MoreDays      int        `json:"more_days,omitempty"` // days before those
	Crossings     []Crossing `json:"crossings"`           // of 5 and 25, oldest first; at most the last 40
	Forecast      Forecast   `json:"forecast"`
	Lapses        []Lapse    `json:"lapses"`                    // whose activation ends first, at most 20
	Lapsed        int        `json:"lapsed"`                    // clients whose activation or grace has ended by now, if they asked no other host
	LapsedNewest  []Lapse    `json:"lapsed_newest"`             // the latest of those, at most 3
	Superseded    int        `json:"superseded"`                // ids whose machine asked later under another one, as after a new installation: in none of lapses, lapsed, not_seen and stuck
	NotSeen       []NotSeen  `json:"not_seen"`                  // clients that did not ask for so long
	Stuck         int        `json:"stuck"`                     // clients that were served three times or more and never were licensed
	Clones        []Clone    `json:"clones"`                    // ids with several machine names, at most 100
	HiddenAtLeast bool       `json:"hidden_at_least,omitempty"` // there are more, too many to count
	MoreClones    int        `json:"more_clones"`               // ids beyond those
	Hidden        int        `json:"hidden"`                    // machines of the last 30 days that share an id and so are not counted
	Several       []Several  `json:"several_ids"`               // machines with several ids in the last 30 days, at most 100
	MoreSever     int        `json:"more_several"`              // machines beyond those
	Refused       []Refusal  `json:"refused"`                   // most frequent first
	Clocks        Clocks     `json:"clocks"`                    //
	Products      []Share    `json:"products"`                  // of the clients' last requests
	States        []Share    `json:"states"`                    // licence status in the clients' last requests
	Virtual       int        `json:"virtual"`                   // clients that run in a virtual machine
	Grown         time.Time  `json:"grown,omitzero"`            // when the first client asked for 25, so that the host's list grew from 10 to 50
	Holes         []Hole     `json:"holes"`                     // times of which entries are missing or may be, oldest first; at most 100

	grace        int  // clients whose grace is to end
	lapsedAtMost bool // some of Lapsed may have asked since, in entries that are missing
	extra        int  // ids of the last 30 days beyond the first of each machine
	short        bool // it begins less than 30 days before now
	holed        bool // entries of the 60 days before now are missing behind its beginning
	since        bool // ... and that is for Options.Since
}

// Hole is a time of which entries of a host are missing or may be.
type Hole struct {
	After   time.Time `json:"after,omitzero"`    // the last entry before it; zero: it may be of any time
	Before  time.Time `json:"before,omitzero"`   // the first entry behind it
	Missing int64     `json:"missing,omitempty"` // entries; 0: not known
	Why     string    `json:"why"`               // "numbers": the entries' numbers jump; "silence": none for so long; "quiet": none, though no number is missing; "damage": a file could not be read whole; "bound": too much to keep
	number  int64     // of the last entry before it
}

// Day is one day of a list, UTC.
type Day struct {
	Day       string `json:"day"`      // "2026-11-23"
	Count     int    `json:"count"`    // distinct ids of the 30 days before its end
	Low       int    `json:"low"`      // the smallest count in it
	Renewals  int64  `json:"renewals"` // served requests of licensed clients
	First     int64  `json:"first"`    // clients that ask for the first time in this log and are not yet licensed
	Attempts  int64  `json:"attempts"` // other served requests of clients not yet licensed
	Refused   int64  `json:"refused"`
	Uncertain bool   `json:"uncertain,omitempty"` // the log does not reach back 30 days from here: the count is a lower bound
}

// Crossing is a moment at which a count passed 5 or 25.
type Crossing struct {
	At        time.Time `json:"at"`
	Threshold int       `json:"threshold"`
	Up        bool      `json:"up"`
	Uncertain bool      `json:"uncertain,omitempty"` // it may have been there before: the log does not reach back far enough
}

// Forecast is how a count goes on.
type Forecast struct {
	Falls []Fall `json:"falls"` // if no client asked any more
	Days  []int  `json:"days"`  // count at now plus 1, 2, ... 30 days if no client asked any more
	Rate  *Rate  `json:"rate,omitempty"`
}

// Fall is when a count goes below a threshold if nobody asks any more.
type Fall struct {
	Threshold int       `json:"threshold"`
	At        time.Time `json:"at"`
	Machine   string    `json:"machine"` // whose leaving does it
	CMID      string    `json:"cmid"`
}

// Rate continues what happened between the last two months.
type Rate struct {
	Before int       `json:"before"` // count 30 days ago
	Kept   int       `json:"kept"`   // of those, counted now
	New    int       `json:"new"`    // counted now and not then
	Months []float64 `json:"months"` // expected counts 30, 60, ... 360 days from now
	Falls  []Trend   `json:"falls"`
}

// Trend is the month in which a count goes below a threshold at the rate of the
// last two.
type Trend struct {
	Threshold int       `json:"threshold"`
	By        time.Time `json:"by"`
}

// Lapse is when a client's activation ends if it is not renewed.
type Lapse struct {
	Machine  string    `json:"machine"`
	CMID     string    `json:"cmid"`
	Product  string    `json:"product"`
	LastSeen time.Time `json:"last_seen"`
	At       time.Time `json:"at"`
	Rule     string    `json:"rule"`            // "180 days after it was last served", "by the minutes it reported"
	Grace    string    `json:"grace,omitempty"` // what ends where it is no activation: "initial grace"

	later bool // entries are missing since it was last seen: it may have asked in one of them
}

// MayBeLater tells whether entries are missing since the client was last seen,
// so that it may have been activated anew: At is then the earliest time.
func (x *Lapse) MayBeLater() bool { return x.later }

// NotSeen counts the clients that did not ask for some days.
type NotSeen struct {
	Days    int `json:"days"`
	Clients int `json:"clients"`

	atMost bool // entries of that time are missing: some may have asked
}

// Clone is a client id that several machines use.
type Clone struct {
	CMID     string    `json:"cmid"`
	Names    int       `json:"names"`              // machine names it came with
	AtLeast  bool      `json:"at_least,omitempty"` // there are more, too many to count
	Machines []string  `json:"machines"`           // names, at most 64
	Requests int64     `json:"requests"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Recent   int       `json:"recent"`  // machines of the last 30 days
	Certain  bool      `json:"certain"` // names take turns or are three: no machine that was renamed
}

// Several is a machine name that came with several client ids.
type Several struct {
	Machine string  `json:"machine"`
	IDs     []IDUse `json:"ids"`
}

// IDUse is an id of a machine and when it used that.
type IDUse struct {
	CMID  string    `json:"cmid"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// Refusal adds up the requests that were refused with one code.
type Refusal struct {
	Code     string    `json:"code"` // "0xC004F042"
	Title    string    `json:"title"`
	Causes   []string  `json:"causes"` // ids of causes, most likely first
	Requests int64     `json:"requests"`
	Clients  int       `json:"clients"`
	AtLeast  bool      `json:"at_least,omitempty"` // there are more clients, too many to count
	Still    int       `json:"still"`              // clients of the last 30 days whose last request ended so
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Machines []string  `json:"machines"` // a few of them
	Products []Share   `json:"products"` // requests by product
}

// Clocks compares each client's clock with that of the host, at the client's
// last request. A client's time is to the minute.
type Clocks struct {
	Compared int       `json:"compared"` // clients
	Bands    []Band    `json:"bands"`
	Median   int       `json:"median_minutes"` // of all requests, client less host
	Worst    []Offset  `json:"worst"`          // beyond 5 minutes, at most 10
	Coarse   bool      `json:"coarse"`         // the zone of the entries is inferred from the clients: offsets are from the other clients' clocks, and differences below 70 minutes are not seen
	Newest   time.Time `json:"-"`
}

// Band counts clients whose clocks differ by so much.
type Band struct {
	Minutes int `json:"up_to_minutes"` // 0: more than the band before
	Clients int `json:"clients"`
}

// Offset is a client whose clock differs.
type Offset struct {
	Machine string    `json:"machine"`
	CMID    string    `json:"cmid"`
	Minutes int       `json:"minutes"` // client less host
	At      time.Time `json:"at"`
}

// Share is a part of a whole.
type Share struct {
	Name    string `json:"name"`
	Clients int64  `json:"clients"` // or requests
	Recent  int64  `json:"recent"`  // of the last 30 days
}
