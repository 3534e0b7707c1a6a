package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// receiveBuffer is what the socket may hold while the program is busy, in
// bytes.
const receiveBuffer = 64 << 20

// packetSocket is an AF_PACKET socket in the runtime's poller.
type packetSocket struct {
	file     *os.File
	raw      syscall.RawConn
	link     LinkType
	loopback bool
	buf      []byte
	oob      []byte
	mu       sync.Mutex
	lost     int64
}

// Interfaces lists the interfaces that can be captured on.
func Interfaces() ([]Interface, error) { return plainInterfaces() }

func openHandle(o LiveOptions) (handle, error) {
	i, err := net.InterfaceByName(o.Interface)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", o.Interface, err)
	}
	link, err := interfaceLink(i.Name)
	if err != nil {
		return nil, err
	}
	// Protocol 0 receives nothing: the filter is in place before the socket is
	// bound to all protocols, so that no other packet slips in.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			return nil, &PrivilegeError{
				Err:  errors.New("capturing needs the right to open packet sockets"),
				Cure: "run it with sudo, or once: sudo setcap cap_net_raw+ep " + executable(),
			}
		}
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	s := &packetSocket{link: link, loopback: i.Flags&net.FlagLoopback != 0, buf: make([]byte, snapLength+64), oob: make([]byte, 256)}
	if err := s.prepare(fd, i.Index, o); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	s.file = os.NewFile(uintptr(fd), "packet socket on "+i.Name)
	if s.raw, err = s.file.SyscallConn(); err != nil {
		_ = s.file.Close()
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	return s, nil
}

func executable() string {
	name, err := os.Executable()
	if err != nil {
		return "kmsdiag"
	}
	return name
}

// interfaceLink reads the hardware type of an interface.
func interfaceLink(name string) (LinkType, error) {
	b, _ := os.ReadFile("/sys/class/net/" + name + "/type")
	switch kind := strings.TrimSpace(string(b)); kind {
	case "1", "772", "": // ARPHRD_ETHER, ARPHRD_LOOPBACK; without sysfs, nearly everything is Ethernet
		return LinkEthernet, nil
	case "65534", "512", "776", "768", "778": // none (tun, WireGuard), PPP, sit, tunnel, GRE
		return LinkRaw, nil
	default:
		return 0, fmt.Errorf("interface %s: hardware type %s is not understood", name, kind)
	}
}

func (s *packetSocket) prepare(fd, index int, o LiveOptions) error {
	if err := s.attach(fd, o); err != nil {
		return err
	}
	// Forcing needs CAP_NET_ADMIN; without it the system's limit holds.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return fmt.Errorf("time stamps: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
		return fmt.Errorf("VLAN tags: %w", err)
	}
	all := uint16(unix.ETH_P_ALL)
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all<<8 | all>>8, Ifindex: index}); err != nil {
		return fmt.Errorf("binding the packet socket: %w", err)
	}
	return nil
}

func (s *packetSocket) attach(fd int, o LiveOptions) error {
	prog, err := filter(s.link, o)
	if err != nil {
		return err
	}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, sockFprog(prog)); err != nil {
		return fmt.Errorf("attaching the filter: %w", err)
	}
	return nil
}

func sockFprog(prog []bpf.RawInstruction) *unix.SockFprog {
	f := make([]unix.SockFilter, len(prog))
	for i, r := range prog {
		f[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return &unix.SockFprog{Len: uint16(len(f)), Filter: unsafe.SliceData(f)}
}

func (s *packetSocket) next(p *Packet) error {
	for {
		var n, oobn int
		var from unix.Sockaddr
		var failed error
		err := s.raw.Read(func(fd uintptr) bool {
			n, oobn, _, from, failed = unix.Recvmsg(int(fd), s.buf, s.oob, unix.MSG_TRUNC)
			return !errors.Is(failed, unix.EAGAIN)
		})
		switch {
		case err != nil:
			return net.ErrClosed
		case errors.Is(failed, unix.EINTR):
			continue
		case errors.Is(failed, unix.ENETDOWN):
			return errors.New("the interface went down")
		case failed != nil:
			return failed
		}
		if ll, ok := from.(*unix.SockaddrLinklayer); ok && s.loopback && ll.Pkttype == unix.PACKET_OUTGOING {
			continue // loopback shows each packet twice
		}
		p.Link, p.Iface, p.Wire, p.Data = s.link, 0, n, s.buf[:min(n, len(s.buf))]
		p.Time = 0
		s.control(p, s.oob[:oobn])
		return nil
	}
}

// control reads the time stamp, and puts a VLAN tag back that the kernel took
// out of the frame.
func (s *packetSocket) control(p *Packet, oob []byte) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})):
			ts := (*unix.Timespec)(unsafe.Pointer(unsafe.SliceData(m.Data)))
			p.Time = ts.Nano()
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= 20:
			status := binary.NativeEndian.Uint32(m.Data)
			if status&unix.TP_STATUS_VLAN_VALID != 0 && s.link == LinkEthernet && len(p.Data) >= 14 && len(p.Data)+4 <= len(s.buf) {
				tci, tpid := binary.NativeEndian.Uint16(m.Data[16:]), binary.NativeEndian.Uint16(m.Data[18:])
				if status&unix.TP_STATUS_VLAN_TPID_VALID == 0 {
					tpid = 0x8100
				}
				data := s.buf[:len(p.Data)+4]
				copy(data[16:], p.Data[12:])
				binary.BigEndian.PutUint16(data[12:], tpid)
				binary.BigEndian.PutUint16(data[14:], tci)
				p.Data, p.Wire = data, p.Wire+4
			}
		}
	}
}

func (s *packetSocket) allow(o LiveOptions) error {
	var failed error
	if err := s.raw.Control(func(fd uintptr) { failed = s.attach(int(fd), o) }); err != nil {
		return err
	}
	return failed
}

// dropped asks the kernel, which forgets what it told.
func (s *packetSocket) dropped() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.raw.Control(func(fd uintptr) {
		if st, err := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			s.lost += int64(st.Drops)
		}
	})
	return s.lost
}

func (s *packetSocket) close() {
	s.dropped()
	_ = s.file.Close()
}
