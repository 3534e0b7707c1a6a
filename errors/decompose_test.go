package errors

import (
	"fmt"
	"strings"
	"testing"
)

func TestDecompose(t *testing.T) {
	for c, want := range map[Code]string{
		0x00000000: "HRESULT, success, facility 0 (general), number 0x0 (Win32): S_OK",
		0x800706BA: "Win32 in HRESULT, error, facility 7 (Win32), number 1722 (RPC): RPC_S_SERVER_UNAVAILABLE",
		0x8007232B: "Win32 in HRESULT, error, facility 7 (Win32), number 9003 (DNS): DNS_ERROR_RCODE_NAME_ERROR",
		0x8007274C: "Win32 in HRESULT, error, facility 7 (Win32), number 10060 (Winsock): WSAETIMEDOUT",
		0x80072EE7: "Win32 in HRESULT, error, facility 7 (Win32), number 12007 (WinHTTP and WinINet): ERROR_WINHTTP_NAME_NOT_RESOLVED",
		0x80072098: "Win32 in HRESULT, error, facility 7 (Win32), number 8344 (directory service): ERROR_DS_INSUFF_ACCESS_RIGHTS",
		0x80070005: "Win32 in HRESULT, error, facility 7 (Win32), number 5 (Win32): ERROR_ACCESS_DENIED",
		0x8007FFFF: "Win32 in HRESULT, error, facility 7 (Win32), number 65535 (Win32)",
		0xC004F074: "licensing platform, error, facility 4 (licensing platform), number 0xF074 (licensing service): SL_E_VL_BINDING_SERVICE_UNAVAILABLE",
		0x4004F040: "licensing platform, informational, facility 4 (licensing platform), number 0xF040 (licensing service): SL_E_VL_INFO_PRODUCT_USER_RIGHT",
		0x8004D102: "licensing platform, warning, facility 4 (licensing platform), number 0xD102 (security processor): SL_REMAPPING_SP_STATUS_SYSTEM_TIME_SKEWED",
		0xC004C4AF: "licensing platform, error, facility 4 (licensing platform), number 0xC4AF (genuine validation): SL_E_INVALID_AD_DATA",
		0xC004FD01: "licensing platform, error, facility 4 (licensing platform), number 0xFD01 (automatic virtual machine activation): SL_E_IA_INVALID_VIRTUALIZATION_PLATFORM",
		0x80041002: "HRESULT, error, facility 4 (interface-specific (COM, WMI)), number 0x1002: WBEM_E_NOT_FOUND",
		0xC0020017: "NTSTATUS, error, facility 2 (RPC run time), number 0x17 (RPC run time): RPC_NT_SERVER_UNAVAILABLE",
		0xC0000005: "NTSTATUS, error, facility 0 (NT kernel), number 0x5 (NT kernel): STATUS_ACCESS_VIOLATION",
		0xD0000272: "NTSTATUS in HRESULT, error, facility 0 (NT kernel), number 0xC0000272 (NTSTATUS): STATUS_NO_MATCH",
		0x803F7001: "HRESULT, error, facility 63 (Windows Store), number 0x7001",
		0x87E10BC6: "HRESULT, error, facility 2017 (Store licensing), number 0xBC6",
		0x80092328: "HRESULT, error, facility 9 (security (SSPI)), number 0x2328",
		0x1C010003: "RPC fault, error, facility 3073 (DCE RPC), number 0x1C010003 (fault status): nca_s_unk_if",
		0xDEADBEEF: "NTSTATUS in HRESULT, error, facility 3757, number 0xCEADBEEF (NTSTATUS)",
	} {
		if got := Decompose(c).String(); got != want {
			t.Errorf("Decompose(%s)\n got %s\nwant %s", c, got, want)
		}
	}
}

// Where the catalogue and the table of Win32 names both know a number they
// agree.
func TestNamesAgree(t *testing.T) {
	for _, e := range All() {
		p := Decompose(e.Code)
		if !p.WellFormed() {
			t.Errorf("%s is listed and not well-formed: %s", e.Code, p)
		}
		if p.Severity == SeverityError != e.Code.Failed() && p.Severity != SeverityWarning {
			t.Errorf("%s: severity %s", e.Code, p.Severity)
		}
		if e.Symbol != NoSymbol && p.Name != e.Symbol {
			t.Errorf("%s: named %q, listed as %q", e.Code, p.Name, e.Symbol)
		}
		if p.Form == FormLicensing && p.Space == "" {
			t.Errorf("%s: no range of the licensing platform", e.Code)
		}
	}
}

func TestWin32NamesAreInOrder(t *testing.T) {
	last := 0
	for i, line := range strings.Split(strings.TrimSpace(win32Names), "\n")[1:] {
		var n int
		var name string
		if _, err := fmt.Sscanf(line, "%d\t%s", &n, &name); err != nil || n <= last || n > 0xFFFF {
			t.Fatalf("win32.tsv line %d: %q", i+2, line)
		}
		last = n
	}
	if win32Name(0) != "" || win32Name(65534) != "" {
		t.Error("a name for a number without one")
	}
}

func BenchmarkDecompose(b *testing.B) {
	for b.Loop() {
		Decompose(0x80072EE7)
	}
}

func ExampleDecompose() {
	p := Decompose(0x80070643) // not in the catalogue
	fmt.Println(p.Form, p.Number, p.Name)
	// Output: Win32 in HRESULT 1603 ERROR_INSTALL_FAILURE
}
