package machine

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

var procGetExtendedTCPTable = windows.NewLazySystemDLL("iphlpapi.dll").NewProc("GetExtendedTcpTable")

// Listeners implements [Source] from the system's own table: nothing is
// connected to.
func (system) Listeners(_ context.Context, port uint16) ([]Listener, error) {
	var out []Listener
	var problems []error
	for _, family := range []struct {
		number uint32
		row    tcpRow
	}{{windows.AF_INET, tcpRow4}, {windows.AF_INET6, tcpRow6}} {
		table, err := listenerTable(family.number)
		if err == nil {
			var found []Listener
			found, err = parseTCPTable(table, family.row, port)
			out = append(out, found...)
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	return out, errors.Join(problems...)
}

func listenerTable(family uint32) ([]byte, error) {
	const ownerListener = 3 // TCP_TABLE_OWNER_PID_LISTENER
	size := uint32(16 << 10)
	for range 4 { // the table may grow between two calls
		table := make([]byte, size)
		status, _, _ := procGetExtendedTCPTable.Call(
			uintptr(unsafe.Pointer(&table[0])), uintptr(unsafe.Pointer(&size)), 0, uintptr(family), ownerListener, 0)
		switch err := windows.Errno(status); {
		case status == 0:
			return table, nil
		case errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) && size <= 16<<20:
		default:
			return nil, fmt.Errorf("GetExtendedTcpTable: %w", err)
		}
	}
	return nil, errors.New("GetExtendedTcpTable: the table keeps growing")
}
