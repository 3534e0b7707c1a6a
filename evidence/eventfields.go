package evidence

import (
	"fmt"
	"strconv"
	"time"
)

// Field is one value of an event's Info list with its name and unit, in the
// order in which Windows writes them.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Unit  string `json:"unit,omitempty"` // "minutes", "UTC", or what the number means
}

// Fields names the values of event 12288 in the order of its list. Values that
// the list did not have are empty.
func (e ClientRequestEvent) Fields() []Field {
	host := e.Host
	if e.Port != 0 {
		host = fmt.Sprintf("%s:%d", e.Host, e.Port)
	}
	return []Field{
		{"HRESULT of the attempt", hex(e.HRESULT), outcome(e.HRESULT)},
		{"status flags", hex(e.Flags), flagNames(e.Flags)},
		{"KMS host tried", host, "host:port"},
		{"client machine id (CMID)", e.CMID, ""},
		{"client time", utc(e.ClientTime), "UTC"},
		{"runs in a virtual machine", yesNo(e.VM), ""},
		{"licence status of the client", strconv.Itoa(e.LicenseStatus), LicenseStatusName(e.LicenseStatus)},
		{"time left in that state", strconv.FormatInt(e.MinutesLeft, 10), "minutes"},
		{"activation id", e.ActivationID, ""},
		{"minimum count asked for (N policy)", number(e.NPolicy), "machines"},
	}
}

// Fields names the values of event 12289 in the order of its list, without the
// unused fourth.
func (e ClientAnswerEvent) Fields() []Field {
	return []Field{
		{"HRESULT of the answer", hex(e.HRESULT), outcome(e.HRESULT)},
		{"status flags", hex(e.Flags), flagNames(e.Flags)},
		{"activated", yesNo(e.Activated), ""},
		{"current count on the host", strconv.Itoa(e.Count), "machines"},
		{"activation interval", strconv.Itoa(e.ActivationInterval), "minutes"},
		{"renewal interval", strconv.Itoa(e.RenewalInterval), "minutes"},
		{"client time", utc(e.ClientTime), "UTC"},
	}
}

// Fields names the values of event 12290 in the order of its list.
func (e HostRequestEvent) Fields() []Field {
	return []Field{
		{"HRESULT returned to the client", hex(e.HRESULT), outcome(e.HRESULT)},
		{"minimum count asked for (N policy)", strconv.Itoa(e.NPolicy), "machines"},
		{"client machine name", e.Machine, ""},
		{"client machine id (CMID)", e.CMID, ""},
		{"client time", utc(e.ClientTime), "UTC"},
		{"runs in a virtual machine", yesNo(e.VM), ""},
		{"licence status of the client", strconv.Itoa(e.LicenseStatus), LicenseStatusName(e.LicenseStatus)},
		{"time left in that state", strconv.FormatInt(e.MinutesLeft, 10), "minutes"},
		{"activation id", e.ActivationID, ""},
	}
}

var licenseStatusNames = []string{
	"unlicensed", "licensed", "initial grace (OOB)", "additional grace (OOT)",
	"non-genuine grace", "notification", "extended grace",
}

// LicenseStatusName names a licence status number of Windows, or returns "".
func LicenseStatusName(status int) string {
	if status < 0 || status >= len(licenseStatusNames) {
		return ""
	}
	return licenseStatusNames[status]
}

// flagNames names the binding flags (SL_VL_BINDING_*) that are set.
func flagNames(flags uint32) string {
	names := []struct {
		bit  uint32
		name string
	}{
		{0x00000008, "no OEM marker, a note"},
		{0x01000000, "no KMS host registered"},
		{0x02000000, "registered host has a wrong type"},
		{0x04000000, "not enough count"},
		{0x08000000, "no qualifying OEM marker"},
	}
	text := ""
	for _, n := range names {
		if flags&n.bit == 0 {
			continue
		}
		if text != "" {
			text += "; "
		}
		text += n.name
	}
	return text
}

func outcome(hr uint32) string {
	if hr == 0 {
		return "success"
	}
	return ""
}

func hex(n uint32) string { return fmt.Sprintf("0x%08X", n) }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}
