package machine

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// tcpRow is where the fields of a row of the system's TCP table stand
// (MIB_TCPROW_OWNER_PID and MIB_TCP6ROW_OWNER_PID of iphlpapi.h).
type tcpRow struct {
	size, address, addressLen, port, state, process int
}

var (
	tcpRow4 = tcpRow{size: 24, address: 4, addressLen: 4, port: 8, state: 0, process: 20}
	tcpRow6 = tcpRow{size: 56, address: 0, addressLen: 16, port: 20, state: 48, process: 52}
)

const (
	stateListen = 2       // MIB_TCP_STATE_LISTEN
	maxSockets  = 1 << 16 // rows of a table that are read
)

// parseTCPTable finds the sockets that listen on a port in a table as
// GetExtendedTcpTable fills it: the number of rows in little endian, then the
// rows; addresses and ports stand in network order.
func parseTCPTable(table []byte, row tcpRow, port uint16) ([]Listener, error) {
	if len(table) < 4 {
		return nil, fmt.Errorf("TCP table: %d bytes, want a count in 4", len(table))
	}
	n, rows := binary.LittleEndian.Uint32(table), table[4:]
	if int64(n)*int64(row.size) > int64(len(rows)) {
		return nil, fmt.Errorf("TCP table: %d rows of %d bytes in %d bytes", n, row.size, len(rows))
	}
	var out []Listener
	for i := range min(int(n), maxSockets) {
		r := rows[i*row.size:][:row.size]
		if binary.LittleEndian.Uint32(r[row.state:]) != stateListen || binary.BigEndian.Uint16(r[row.port:]) != port {
			continue
		}
		a, _ := netip.AddrFromSlice(r[row.address:][:row.addressLen])
		out = append(out, Listener{
			LocalAddress: a.String(), LocalPort: port, State: "Listen",
			OwningProcess: binary.LittleEndian.Uint32(r[row.process:]),
		})
	}
	return out, nil
}
