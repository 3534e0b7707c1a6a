package errors

import (
	"fmt"
	"strings"
)

// Form is how a 32-bit status number is built.
type Form string

// The forms that occur in activation.
const (
	FormHRESULT   Form = "HRESULT"             // MS-ERREF 2.1
	FormWin32     Form = "Win32 in HRESULT"    // HRESULT_FROM_WIN32: 0x8007 and the number
	FormNTSTATUS  Form = "NTSTATUS"            // MS-ERREF 2.3
	FormFromNT    Form = "NTSTATUS in HRESULT" // HRESULT_FROM_NT: the NTSTATUS with bit 28 set
	FormLicensing Form = "licensing platform"  // SL_*: two severity bits as in an NTSTATUS, facility 4
	FormRPCFault  Form = "RPC fault"           // status of a connection-oriented fault PDU (C706, appendix E)
)

// Severity is what the top bits of a code say.
type Severity string

// The severities. An HRESULT knows success and error alone.
const (
	SeveritySuccess Severity = "success"
	SeverityInfo    Severity = "informational"
	SeverityWarning Severity = "warning"
	SeverityError   Severity = "error"
)

// Parts is a code taken apart.
type Parts struct {
	Code         Code
	Form         Form
	Severity     Severity
	Facility     uint16 // facility field; 11 bits of an HRESULT, 12 of an NTSTATUS
	FacilityName string // "" when Windows publishes none
	Number       uint32 // what is left: the low 16 bits, or the whole NTSTATUS of FormFromNT
	Space        string // where Number is defined: "Win32", "DNS", "RPC", "security processor", ...
	Name         string // public symbol of the inner number; "" when not known here
}

// WellFormed reports whether the facility is one that Windows uses, so that
// the number may well be a status code.
func (p Parts) WellFormed() bool { return p.FacilityName != "" }

// String is one line for a terminal:
// "Win32 in HRESULT, error, facility 7 (Win32), number 1722 (RPC): RPC_S_SERVER_UNAVAILABLE".
func (p Parts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, facility %d", p.Form, p.Severity, p.Facility)
	if p.FacilityName != "" {
		fmt.Fprintf(&b, " (%s)", p.FacilityName)
	}
	if p.Form == FormWin32 {
		fmt.Fprintf(&b, ", number %d", p.Number)
	} else {
		fmt.Fprintf(&b, ", number 0x%X", p.Number)
	}
	if p.Space != "" {
		fmt.Fprintf(&b, " (%s)", p.Space)
	}
	if p.Name != "" {
		fmt.Fprintf(&b, ": %s", p.Name)
	}
	return b.String()
}

// Decompose takes a number apart, whether the catalogue lists it or not.
func Decompose(c Code) Parts {
	p := Parts{Code: c, Form: FormHRESULT, Severity: SeveritySuccess, Number: uint32(c & 0xFFFF)}
	if c.Failed() {
		p.Severity = SeverityError
	}
	high := uint16(c >> 16)
	switch {
	case high == 0:
		p.win32(FormHRESULT)
	case high == 0x8007:
		p.win32(FormWin32)
	case high == 0xC004 || high == 0x4004 || high == 0x8004 && licensingWarning(p.Number):
		p.licensing()
	case high == 0x1C00 || high == 0x1C01:
		p.Form, p.Facility, p.FacilityName = FormRPCFault, high&0xFFF, "DCE RPC"
		p.Severity, p.Space, p.Number = SeverityError, "fault status", uint32(c)
		p.Name = rpcFaultNames[uint32(c)]
	case c&0x10000000 != 0:
		p.Form, p.Number, p.Space = FormFromNT, uint32(c&^0x10000000), "NTSTATUS"
		p.Facility = high & 0xFFF
		p.FacilityName, p.Name = ntFacilities[p.Facility], ntNames[p.Number]
	case c&0x40000000 != 0:
		p.Form, p.Severity = FormNTSTATUS, severityOf(c)
		p.Facility = high & 0xFFF
		p.FacilityName, p.Name = ntFacilities[p.Facility], ntNames[uint32(c)]
		p.Space = p.FacilityName
	default:
		p.Facility = high & 0x7FF
		p.FacilityName = facilities[p.Facility]
	}
	if e, ok := Lookup(c); ok && p.Name == "" && e.Symbol != NoSymbol {
		p.Name = e.Symbol
	}
	return p
}

// win32 fills in the parts of a number of facility 7, or of a bare number.
func (p *Parts) win32(form Form) {
	p.Form = form
	if form == FormWin32 {
		p.Facility = facilityWin32
	}
	p.FacilityName = facilities[p.Facility]
	p.Space = win32Space(p.Number)
	if p.Code != OK {
		p.Name = win32Name(p.Number)
	}
}

// licensing fills in the parts of an SL_* code; its number space is cut into
// ranges, one a component.
func (p *Parts) licensing() {
	p.Form, p.Severity = FormLicensing, severityOf(p.Code)
	p.Facility, p.FacilityName = 4, "licensing platform"
	for _, r := range licensingRanges {
		if p.Number >= r.first && p.Number <= r.last {
			p.Space = r.name
			return
		}
	}
}

// licensingWarning tells SL_* codes of warning severity from the other users
// of facility 4, such as WMI and COM.
func licensingWarning(n uint32) bool { return n >= 0xD000 }

func severityOf(c Code) Severity {
	return [4]Severity{SeveritySuccess, SeverityInfo, SeverityWarning, SeverityError}[c>>30]
}
