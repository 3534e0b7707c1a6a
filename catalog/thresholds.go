package catalog

import "time"

// Class says which minimum count a product asks for and in which list of a host it is counted.
type Class string

// The three classes. Windows clients and servers share one list on the host; Office has its own.
const (
	Client Class = "client"
	Server Class = "server"
	Office Class = "office"
)

// Minimum counts a product asks for ("N policy" in a request), Microsoft's volume activation planning pages.
const (
	ClientN = 25 // Windows client editions
	ServerN = 5  // Windows Server editions, and Windows Enterprise multi-session
	OfficeN = 5  // Office, Project and Visio volume editions
)

// Ceilings of a host's lists: twice the largest N it was asked with. A count at its ceiling says nothing about
// how many clients there really are.
const (
	WindowsCeiling    = 50 // once any Windows client edition asked
	ServerOnlyCeiling = 10 // while only server editions asked
	OfficeCeiling     = 10
)

// Times Microsoft documents for KMS activation.
const (
	CountWindow        = 30 * 24 * time.Hour  // a client not seen for so long leaves the count
	Validity           = 180 * 24 * time.Hour // from each successful renewal
	RenewalInterval    = 7 * 24 * time.Hour   // between renewals of an activated client, by default
	ActivationInterval = 2 * time.Hour        // between attempts of a client not yet activated, by default
	InitialGrace       = 30 * 24 * time.Hour  // from installation, for Windows and for Office
	ClockTolerance     = 4 * time.Hour        // between client and host, either way; beyond it 0xC004F06C
)

// Other limits and constants Microsoft documents.
const (
	DefaultPort      = 1688 // TCP, unless the host was told otherwise with slmgr /sprt
	HostsPerKey      = 6    // KMS hosts one host key may be installed on
	ActivationsAHost = 10   // of one host key on one host: the first and nine more
)

// N returns the minimum count products of the class ask for; 0 for a class that does not exist.
func (c Class) N() int {
	switch c {
	case Client:
		return ClientN
	case Server:
		return ServerN
	case Office:
		return OfficeN
	}
	return 0
}

// Ceiling returns the largest count a host's list can reach for the class; 0 for a class that does not exist.
func (c Class) Ceiling() int {
	switch c {
	case Client, Server:
		return WindowsCeiling
	case Office:
		return OfficeCeiling
	}
	return 0
}

// Tally is what a host's current count means for one class of product.
type Tally struct {
	Class Class // the class judged
	N     int   // minimum count of the class
	Count int   // the count as the host stated it; 0 when Unset
	Unset bool  // the host stated no count: -1, which some tools print as 4294967295

	Served  bool // Count reaches N: a client of the class that is in the list is activated
	Missing int  // distinct clients that must still ask until N is reached; the last of them is served itself

	Others        int  // Count without the probe, if the probe is in it
	OthersServed  bool // Others reaches N
	OthersMissing int  // as Missing, from Others

	Full        bool // the list is at a ceiling: there may be any number of clients more
	OverCeiling bool // more than a list of Microsoft's host can hold; unusual, and no proof of anything
}

// JudgeCount says what a count means for products of class c. With probed, the answer counted this program's own
// probe, so one of count is the probe. A host counts a request before it answers it.
func JudgeCount(count int, c Class, probed bool) Tally {
	const minusOne = 1<<32 - 1
	t := Tally{Class: c, N: c.N(), Count: count}
	if count < 0 || int64(count) == minusOne {
		t.Count, t.Unset = 0, true
	}
	t.Others = t.Count
	if probed && t.Others > 0 {
		t.Others--
	}
	t.Missing, t.OthersMissing = max(0, t.N-t.Count), max(0, t.N-t.Others)
	t.Served, t.OthersServed = t.Missing == 0, t.OthersMissing == 0
	t.Full = t.Count >= c.Ceiling() || c == Server && t.Count == ServerOnlyCeiling
	t.OverCeiling = t.Count > c.Ceiling()
	return t
}
