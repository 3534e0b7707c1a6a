package errors

import (
	_ "embed" // the names of Win32 numbers
	"strconv"
	"strings"
)

// win32Names holds "\nNUMBER\tNAME" lines, ascending.
//
//go:embed data/win32.tsv
var win32Names string

// The numbers of RPC run-time errors within the Win32 space, RPC_S_* and
// RPC_X_* (MS-ERREF 2.2).
const (
	firstRPC = 1700
	lastRPC  = 1831
)

// win32Space names the part of the Win32 number space that n lies in.
func win32Space(n uint32) string {
	switch {
	case n >= firstRPC && n <= lastRPC, n >= 1898 && n <= 1930:
		return "RPC"
	case n >= 8200 && n < 9000:
		return "directory service"
	case n >= 9000 && n < 10000:
		return "DNS"
	case n >= 10000 && n < 12000:
		return "Winsock"
	case n >= 12000 && n < 12200:
		return "WinHTTP and WinINet"
	}
	return "Win32"
}

// win32Name is the public symbol of a Win32 number, "" when not known here.
// The table is scanned as text: a process asks once or twice.
func win32Name(n uint32) string {
	_, rest, ok := strings.Cut(win32Names, "\n"+strconv.FormatUint(uint64(n), 10)+"\t")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "\n")
	return name
}

// facilities names HRESULT facilities that a licensing tool may show
// (winerror.h). 0x7E1 is Store licensing; Windows publishes no name for it.
var facilities = map[uint16]string{
	0: "general", 1: "RPC", 2: "dispatch", 3: "storage", 4: "interface-specific (COM, WMI)",
	7: "Win32", 8: "Windows", 9: "security (SSPI)", 10: "script and control", 11: "certificates",
	12: "internet", 15: "setup", 27: "error reporting", 34: "state manager", 36: "Windows Update",
	40: "TPM services", 41: "TPM software", 48: "Windows setup", 50: "filtering platform",
	51: "WinRM", 55: "virtualization", 61: "web services", 63: "Windows Store", 0x7E1: "Store licensing",
}

// ntFacilities names NTSTATUS facilities (MS-ERREF 2.3); bit 28, the mark of
// HRESULT_FROM_NT, is removed before the look-up.
var ntFacilities = map[uint16]string{
	0: "NT kernel", 2: "RPC run time", 3: "RPC stubs", 7: "Win32",
}

// licensingRanges cuts the SL_* numbers by the component that raises them, as
// their symbols do (slerror.h).
var licensingRanges = []struct {
	first, last uint32
	name        string
}{
	{0xB000, 0xBFFF, "Microsoft's activation server"},
	{0xC000, 0xC1FF, "Microsoft's activation server, key checks"},
	{0xC200, 0xC6FF, "genuine validation"},
	{0xC700, 0xCFFF, "Microsoft's activation server, key records"},
	{0xD000, 0xDFFF, "security processor"},
	{0xE000, 0xEFFF, "licence store and evaluation"},
	{0xF200, 0xF2FF, "licensing service, edition and digital licence"},
	{0xF300, 0xF3FF, "token activation"},
	{0xF000, 0xFBFF, "licensing service"},
	{0xFC00, 0xFCFF, "licensing service, time-based licences"},
	{0xFD00, 0xFDFF, "automatic virtual machine activation"},
	{0xFE00, 0xFEFF, "genuine state"},
}

// rpcFaultNames are statuses of a fault PDU (C706, appendix E).
var rpcFaultNames = map[uint32]string{
	0x1C000001: "nca_s_fault_int_div_by_zero", 0x1C000002: "nca_s_fault_addr_error",
	0x1C00001B: "nca_s_fault_remote_no_memory", 0x1C010001: "nca_s_comm_failure",
	0x1C010002: "nca_s_op_rng_error", 0x1C010003: "nca_s_unk_if",
	0x1C01000B: "nca_s_proto_error", 0x1C010014: "nca_s_server_too_busy",
}

// ntNames are the NTSTATUS values seen in and around activation (MS-ERREF
// 2.3.1).
var ntNames = map[uint32]string{
	0xC0000001: "STATUS_UNSUCCESSFUL", 0xC0000005: "STATUS_ACCESS_VIOLATION",
	0xC000000D: "STATUS_INVALID_PARAMETER", 0xC0000022: "STATUS_ACCESS_DENIED",
	0xC0000034: "STATUS_OBJECT_NAME_NOT_FOUND", 0xC00000B5: "STATUS_IO_TIMEOUT",
	0xC00000BB: "STATUS_NOT_SUPPORTED", 0xC000020D: "STATUS_CONNECTION_RESET",
	0xC0000225: "STATUS_NOT_FOUND", 0xC0000236: "STATUS_CONNECTION_REFUSED",
	0xC000023C: "STATUS_NETWORK_UNREACHABLE", 0xC000023D: "STATUS_HOST_UNREACHABLE",
	0xC0000272: "STATUS_NO_MATCH", 0xC0000374: "STATUS_HEAP_CORRUPTION",
	0xC0000409: "STATUS_STACK_BUFFER_OVERRUN",
	0xC0020012: "RPC_NT_UNKNOWN_IF", 0xC0020017: "RPC_NT_SERVER_UNAVAILABLE",
	0xC0020018: "RPC_NT_SERVER_TOO_BUSY", 0xC002001B: "RPC_NT_CALL_FAILED",
	0xC002001C: "RPC_NT_CALL_FAILED_DNE", 0xC002001D: "RPC_NT_PROTOCOL_ERROR",
	0xC002001F: "RPC_NT_UNSUPPORTED_TRANS_SYN", 0xC002002E: "RPC_NT_PROCNUM_OUT_OF_RANGE",
}
