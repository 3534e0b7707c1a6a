package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
)

// snapLength is how many bytes of each packet a live capture takes.
const snapLength = 65535

// An Interface is a network interface that can be captured on.
type Interface struct {
	Name        string // what -i takes
	Description string
	Addresses   []string
	Up          bool
	Loopback    bool
}

// LiveOptions say what is captured.
type LiveOptions struct {
	Interface string
	Ports     []uint16 // TCP ports of KMS; DNS and ICMP errors are always captured
	AllTCP    bool
}

// A PrivilegeError says that capturing is not allowed or not possible, and what
// cures it.
type PrivilegeError struct {
	Cure string
	Err  error
}

func (e *PrivilegeError) Error() string { return fmt.Sprintf("%v; %s", e.Err, e.Cure) }

// Unwrap returns Err.
func (e *PrivilegeError) Unwrap() error { return e.Err }

// A Live is a live capture. Next blocks until a packet comes, and returns io.EOF
// after Close, which any goroutine may call.
type Live struct {
	Name string
	sys  handle
	n    int64
}

// handle is what each system implements.
type handle interface {
	// next waits for a packet; an error after close means the end.
	next(p *Packet) error
	// allow changes the filter in the kernel.
	allow(o LiveOptions) error
	// dropped returns how many packets the kernel dropped so far.
	dropped() int64
	close()
}

// errTimeout says that no packet came for a while.
var errTimeout = errors.New("no packet yet")

// OpenLive starts a live capture. Errors are of type [*PrivilegeError] where
// something must be allowed or installed first.
func OpenLive(o LiveOptions) (*Live, error) {
	h, err := openHandle(o)
	if err != nil {
		return nil, err
	}
	return &Live{Name: o.Interface, sys: h}, nil
}

// Next implements [Source].
func (l *Live) Next(p *Packet) error {
	for {
		err := l.sys.next(p)
		switch {
		case err == nil:
			l.n++
			p.Number = l.n
			return nil
		case errors.Is(err, errTimeout):
			continue
		case errors.Is(err, net.ErrClosed), errors.Is(err, io.EOF):
			return io.EOF
		}
		return fmt.Errorf("capturing on %s: %w", l.Name, err)
	}
}

// Allow changes what the kernel lets pass.
func (l *Live) Allow(o LiveOptions) error { return l.sys.allow(o) }

// Dropped returns how many packets the kernel dropped for want of room.
func (l *Live) Dropped() int64 { return l.sys.dropped() }

// Close ends the capture.
func (l *Live) Close() { l.sys.close() }

// plainInterfaces lists the interfaces as the standard library knows them.
func plainInterfaces() ([]Interface, error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var out []Interface
	for _, i := range list {
		n := Interface{Name: i.Name, Up: i.Flags&net.FlagUp != 0, Loopback: i.Flags&net.FlagLoopback != 0}
		if i.HardwareAddr != nil {
			n.Description = i.HardwareAddr.String()
		}
		addrs, err := i.Addrs()
		if err == nil {
			for _, a := range addrs {
				n.Addresses = append(n.Addresses, a.String())
			}
		}
		out = append(out, n)
	}
	return out, nil
}
