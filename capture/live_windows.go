package capture

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// npcap is wpcap.dll as Npcap installs it, loaded when first needed. Missing
// functions are an error, never a panic.
type npcap struct {
	findAllDevs, freeAllDevs, openLive, setFilter, nextEx, dataLink, stats, breakLoop, closeIt uintptr
}

var loadNpcap = sync.OnceValues(func() (*npcap, error) {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return nil, err
	}
	missing := &PrivilegeError{
		Err:  errors.New("capturing on Windows needs Npcap, which is not installed"),
		Cure: "install it from https://npcap.com, or capture with pktmon and read the file",
	}
	// Npcap's own directory comes first: an old WinPcap may lie in System32.
	var dll windows.Handle
	for _, path := range []string{filepath.Join(system, "Npcap", "wpcap.dll"), filepath.Join(system, "wpcap.dll")} {
		if dll, err = windows.LoadLibraryEx(path, 0, windows.LOAD_WITH_ALTERED_SEARCH_PATH); err == nil {
			break
		}
	}
	if err != nil {
		return nil, missing
	}
	n := &npcap{}
	for name, at := range map[string]*uintptr{
		"pcap_findalldevs": &n.findAllDevs, "pcap_freealldevs": &n.freeAllDevs, "pcap_open_live": &n.openLive,
		"pcap_setfilter": &n.setFilter, "pcap_next_ex": &n.nextEx, "pcap_datalink": &n.dataLink,
		"pcap_stats": &n.stats, "pcap_breakloop": &n.breakLoop, "pcap_close": &n.closeIt,
	} {
		if *at, err = windows.GetProcAddress(dll, name); err != nil {
			return nil, fmt.Errorf("wpcap.dll lacks %s: %w", name, err)
		}
	}
	return n, nil
})

const errorSize = 256 // PCAP_ERRBUF_SIZE

// The structures of pcap.h, as 64-bit and 32-bit Windows lay them out.
type (
	pcapIf struct {
		next        *pcapIf
		name        *byte
		description *byte
		addresses   uintptr
		flags       uint32
	}
	pcapHeader struct {
		sec, usec     int32 // long is 32 bits on Windows
		captured, len uint32
	}
	pcapInsn struct {
		code   uint16
		jt, jf uint8
		k      uint32
	}
	pcapProgram struct {
		n    uint32
		insn *pcapInsn
	}
	pcapStat struct {
		received, dropped, ifDropped, captured, sent, netDropped uint32
	}
)

// invoke calls a function of the library.
func invoke(fn uintptr, args ...uintptr) uintptr {
	r, _, _ := syscall.SyscallN(fn, args...)
	return r
}

// Interfaces lists Npcap's devices.
func Interfaces() ([]Interface, error) {
	n, err := loadNpcap()
	if err != nil {
		return nil, err
	}
	var first *pcapIf
	var msg [errorSize]byte
	if r := invoke(n.findAllDevs, uintptr(unsafe.Pointer(&first)), uintptr(unsafe.Pointer(&msg[0]))); int32(r) != 0 {
		return nil, fmt.Errorf("listing devices: %s", cString(&msg[0]))
	}
	defer invoke(n.freeAllDevs, uintptr(unsafe.Pointer(first)))
	var out []Interface
	for d := first; d != nil && len(out) < 1024; d = d.next {
		out = append(out, Interface{Name: cString(d.name), Description: cString(d.description), Loopback: d.flags&1 != 0, Up: d.flags&2 != 0})
	}
	return out, nil
}

func cString(p *byte) string {
	if p == nil {
		return ""
	}
	return windows.BytePtrToString(p)
}

// pcapDevice is an open device.
type pcapDevice struct {
	lib    *npcap
	handle uintptr
	link   LinkType
	closed atomic.Bool
	using  sync.Mutex
	lost   int64
}

func openHandle(o LiveOptions) (handle, error) {
	n, err := loadNpcap()
	if err != nil {
		return nil, err
	}
	name := findDevice(o.Interface)
	c, err := windows.BytePtrFromString(name)
	if err != nil {
		return nil, fmt.Errorf("interface %q: %w", o.Interface, err)
	}
	var msg [errorSize]byte
	h := invoke(n.openLive, uintptr(unsafe.Pointer(c)), snapLength, 0, 200, uintptr(unsafe.Pointer(&msg[0])))
	if h == 0 {
		text := cString(&msg[0])
		if strings.Contains(strings.ToLower(text), "access") {
			return nil, &PrivilegeError{Err: errors.New(text), Cure: "run it as administrator"}
		}
		return nil, fmt.Errorf("opening %s: %s", o.Interface, text)
	}
	d := &pcapDevice{lib: n, handle: h, link: LinkType(uint16(invoke(n.dataLink, h)))}
	if err := d.allow(o); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// findDevice accepts a device name or a part of its description.
func findDevice(want string) string {
	list, err := Interfaces()
	if err != nil {
		return want
	}
	for _, i := range list {
		if strings.EqualFold(i.Name, want) || i.Description != "" && strings.Contains(strings.ToLower(i.Description), strings.ToLower(want)) {
			return i.Name
		}
	}
	return want
}

func (d *pcapDevice) allow(o LiveOptions) error {
	raw, err := filter(d.link, o)
	if err != nil {
		return err
	}
	prog := make([]pcapInsn, len(raw))
	for i, r := range raw {
		prog[i] = pcapInsn{r.Op, r.Jt, r.Jf, r.K}
	}
	p := pcapProgram{uint32(len(prog)), &prog[0]}
	d.using.Lock()
	defer d.using.Unlock()
	if r := invoke(d.lib.setFilter, d.handle, uintptr(unsafe.Pointer(&p))); int32(r) != 0 {
		return errors.New("Npcap refused the filter")
	}
	return nil
}

func (d *pcapDevice) next(p *Packet) error {
	d.using.Lock()
	defer d.using.Unlock()
	if d.closed.Load() {
		return io.EOF
	}
	var h *pcapHeader
	var data *byte
	switch r := int32(invoke(d.lib.nextEx, d.handle, uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&data)))); {
	case r == 0:
		return errTimeout
	case r == -2:
		return io.EOF
	case r < 0:
		return errors.New("Npcap failed to deliver a packet")
	}
	if h.captured > snapLength {
		return errors.New("Npcap delivered a packet that is too long")
	}
	p.Time, p.Link, p.Iface, p.Wire = int64(h.sec)*1e9+int64(h.usec)*1e3, d.link, 0, int(h.len)
	p.Data = unsafe.Slice(data, h.captured)
	return nil
}

func (d *pcapDevice) dropped() int64 {
	d.using.Lock()
	defer d.using.Unlock()
	var st pcapStat
	if !d.closed.Load() && int32(invoke(d.lib.stats, d.handle, uintptr(unsafe.Pointer(&st)))) == 0 {
		d.lost = int64(st.dropped)
	}
	return d.lost
}

// close waits for the read in progress, which ends with its time-out.
func (d *pcapDevice) close() {
	invoke(d.lib.breakLoop, d.handle)
	d.dropped()
	d.using.Lock()
	defer d.using.Unlock()
	if !d.closed.Swap(true) {
		invoke(d.lib.closeIt, d.handle)
	}
}
