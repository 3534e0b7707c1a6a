package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// bpfDevice is one of macOS's /dev/bpf devices.
type bpfDevice struct {
	fd     int
	link   LinkType
	buf    []byte
	rest   []byte     // packets that were read and not handed out
	using  sync.Mutex // held while the device is read, at most for its time-out
	lost   int64
	closed bool
}

// Interfaces lists the interfaces that can be captured on.
func Interfaces() ([]Interface, error) { return plainInterfaces() }

func openHandle(o LiveOptions) (handle, error) {
	if _, err := net.InterfaceByName(o.Interface); err != nil {
		return nil, fmt.Errorf("interface %s: %w", o.Interface, err)
	}
	fd, err := openDevice()
	if err != nil {
		return nil, err
	}
	d := &bpfDevice{fd: fd}
	if err := d.prepare(o); err != nil {
		_ = syscall.Close(fd)
		return nil, err
	}
	return d, nil
}

// openDevice opens the first device that nobody uses.
func openDevice() (int, error) {
	var err error
	for i := range 256 {
		var fd int
		if fd, err = syscall.Open(fmt.Sprintf("/dev/bpf%d", i), syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
			return fd, nil
		}
		if !errors.Is(err, syscall.EBUSY) {
			break
		}
	}
	if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) {
		return 0, &PrivilegeError{
			Err:  errors.New("capturing needs the right to read /dev/bpf"),
			Cure: "run it with sudo, or install ChmodBPF, which comes with Wireshark",
		}
	}
	return 0, fmt.Errorf("no BPF device: %w", err)
}

func (d *bpfDevice) prepare(o LiveOptions) error {
	size, err := syscall.SetBpfBuflen(d.fd, 4<<20)
	if err != nil {
		if size, err = syscall.BpfBuflen(d.fd); err != nil {
			return fmt.Errorf("BPF buffer: %w", err)
		}
	}
	d.buf = make([]byte, size)
	// The filter needs the link type, and that the interface: what slips in
	// between is flushed.
	if err := syscall.SetBpfInterface(d.fd, o.Interface); err != nil {
		return fmt.Errorf("BPF interface %s: %w", o.Interface, err)
	}
	link, err := syscall.BpfDatalink(d.fd)
	if err != nil {
		return fmt.Errorf("BPF link type: %w", err)
	}
	d.link = LinkType(link)
	if err := d.allow(o); err != nil {
		return err
	}
	if err := syscall.FlushBpf(d.fd); err != nil {
		return fmt.Errorf("BPF flush: %w", err)
	}
	if err := syscall.SetBpfImmediate(d.fd, 1); err != nil {
		return fmt.Errorf("BPF immediate mode: %w", err)
	}
	tv := syscall.NsecToTimeval(int64(200 * time.Millisecond))
	if err := syscall.SetBpfTimeout(d.fd, &tv); err != nil {
		return fmt.Errorf("BPF time-out: %w", err)
	}
	return nil
}

func (d *bpfDevice) allow(o LiveOptions) error {
	raw, err := filter(d.link, o)
	if err != nil {
		return err
	}
	prog := make([]syscall.BpfInsn, len(raw))
	for i, r := range raw {
		prog[i] = syscall.BpfInsn{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	if err := syscall.SetBpf(d.fd, prog); err != nil {
		return fmt.Errorf("BPF filter: %w", err)
	}
	return nil
}

func (d *bpfDevice) next(p *Packet) error {
	const head = int(unsafe.Sizeof(syscall.BpfHdr{}.Tstamp)) + 10
	if len(d.rest) < head {
		d.using.Lock()
		defer d.using.Unlock()
		if d.closed {
			return io.EOF
		}
		n, err := syscall.Read(d.fd, d.buf)
		switch {
		case errors.Is(err, syscall.EINTR), err == nil && n < head:
			return errTimeout
		case err != nil:
			return err
		}
		d.rest = d.buf[:n]
	}
	h := d.rest
	sec, usec := binary.NativeEndian.Uint32(h), binary.NativeEndian.Uint32(h[4:])
	captured, wire := int(binary.NativeEndian.Uint32(h[8:])), int(binary.NativeEndian.Uint32(h[12:]))
	start := int(binary.NativeEndian.Uint16(h[16:]))
	if start < head || start+captured > len(h) {
		d.rest = nil
		return errors.New("a packet longer than the buffer")
	}
	p.Time, p.Link, p.Iface, p.Wire, p.Data = int64(sec)*1e9+int64(usec)*1e3, d.link, 0, wire, h[start:start+captured]
	d.rest = h[min((start+captured+3)&^3, len(h)):]
	return nil
}

func (d *bpfDevice) dropped() int64 {
	d.using.Lock()
	defer d.using.Unlock()
	if !d.closed {
		if st, err := syscall.BpfStats(d.fd); err == nil {
			d.lost = int64(st.Drop)
		}
	}
	return d.lost
}

// close waits for the read in progress, which ends with its time-out.
func (d *bpfDevice) close() {
	d.dropped()
	d.using.Lock()
	defer d.using.Unlock()
	if !d.closed {
		d.closed = true
		_ = syscall.Close(d.fd)
	}
}
