package diagnose

import (
	"fmt"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// lapse is when a machine's right to run ends, by its own word.
type lapse struct {
	minutes  int64
	licensed bool   // or in a grace period
	machine  string // where the evidence names it
}

// firstLapse finds the machine or product that lapses first. Minutes come from
// what Windows printed, never from arithmetic on its grace rules, which differ
// between versions.
func (c *clues) firstLapse() (lapse, bool) {
	var first lapse
	found := false
	see := func(status int, minutes int64, machine string) {
		grace := status == 2 || status == 3 || status == 6
		if status != 1 && !grace || minutes <= 0 || found && minutes >= first.minutes {
			return
		}
		first, found = lapse{minutes, status == 1, machine}, true
	}
	for i := range c.set.Licenses {
		l := &c.set.Licenses[i]
		if l.Status != nil && l.MinutesLeft != nil && !l.NotInUse && !c.sideEntry(l) {
			see(*l.Status, *l.MinutesLeft, "")
		}
	}
	for i := range c.set.ClientRequests {
		see(c.set.ClientRequests[i].LicenseStatus, c.set.ClientRequests[i].MinutesLeft, c.set.ClientRequests[i].Machine)
	}
	for i := range c.set.HostRequests {
		r := &c.set.HostRequests[i]
		if r.HRESULT != 0 { // one that was served has a new term
			see(r.LicenseStatus, r.MinutesLeft, r.Machine)
		}
	}
	return first, found
}

// urgency says how long a machine has, where the evidence tells and something is
// wrong.
func (c *clues) urgency(causes []Cause) []string {
	if len(causes) == 0 || causes[0].NoFault || causes[0].Verdict != Found && causes[0].Verdict != Possible {
		return nil
	}
	for i := range c.set.Licenses {
		if l := &c.set.Licenses[i]; l.Status != nil && *l.Status == 5 && !l.NotInUse && !c.sideEntry(l) {
			return []string{"The licence has lapsed: Windows or Office shows notices already."}
		}
	}
	first, ok := c.firstLapse()
	if !ok {
		return nil
	}
	who := "The machine"
	if first.machine != "" {
		who = evidence.Clean(first.machine)
	}
	state, hurry := "stays licensed for", "; not urgent"
	if !first.licensed {
		state = "is in a grace period for"
	}
	days := first.minutes / (24 * 60)
	if !first.licensed || days < 30 {
		hurry = ""
	}
	left := fmt.Sprintf("%d more days", days)
	switch {
	case days == 1:
		left = "1 more day"
	case days < 1:
		left = "less than a day"
	}
	return []string{fmt.Sprintf("%s %s %s%s.", who, state, left, hurry)}
}
