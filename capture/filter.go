package capture

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// maxFilterPorts bounds the ports a filter names; with more it lets all TCP
// pass.
const maxFilterPorts = 32

// filter assembles the kernel's filter for frames of a link type: TCP on the
// ports of KMS, DNS, ICMP errors, and whatever fragments or extension headers
// hide the ports of. VLAN tags in the frame are looked through.
func filter(link LinkType, o LiveOptions) ([]bpf.RawInstruction, error) {
	if len(o.Ports) > maxFilterPorts {
		o.AllTCP = true
	}
	var p []bpf.Instruction
	switch link {
	case LinkEthernet:
		p = etherFilter(12, o, 2)
	case LinkRaw, LinkRawBSD, LinkRawOpen, LinkIPv4, LinkIPv6:
		p = rawFilter(0, o)
	case LinkNull, LinkLoop:
		p = rawFilter(4, o)
	default:
		return nil, fmt.Errorf("no filter for %s", link)
	}
	raw, err := bpf.Assemble(p)
	if err != nil {
		return nil, fmt.Errorf("assembling the filter: %w", err)
	}
	return raw, nil
}

var (
	pass = bpf.RetConstant{Val: snapLength}
	drop = bpf.RetConstant{Val: 0}
)

// when runs a block, which must end in a return, if the accumulator has a value.
func when(value uint32, block []bpf.Instruction) []bpf.Instruction {
	head := []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: value, SkipTrue: 1},
		bpf.Jump{Skip: uint32(len(block))},
	}
	return append(head, block...)
}

func join(parts ...[]bpf.Instruction) []bpf.Instruction {
	var out []bpf.Instruction
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// etherFilter looks at the EtherType at an offset, and through so many tags.
func etherFilter(at uint32, o LiveOptions, tags int) []bpf.Instruction {
	out := join(
		[]bpf.Instruction{bpf.LoadAbsolute{Off: at, Size: 2}},
		when(etherIPv4, ipv4Filter(at+2, o)),
		when(etherIPv6, ipv6Filter(at+2, o)),
	)
	if tags > 0 {
		inner := etherFilter(at+4, o, tags-1)
		out = join(out, []bpf.Instruction{
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0x8100, SkipTrue: 3},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0x88a8, SkipTrue: 2},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0x9100, SkipTrue: 1},
			bpf.Jump{Skip: uint32(len(inner))},
		}, inner)
	}
	return append(out, drop)
}

// rawFilter tells IPv4 from IPv6 by the version at an offset.
func rawFilter(at uint32, o LiveOptions) []bpf.Instruction {
	return join(
		[]bpf.Instruction{bpf.LoadAbsolute{Off: at, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4}},
		when(4, ipv4Filter(at, o)),
		when(6, ipv6Filter(at, o)),
		[]bpf.Instruction{drop},
	)
}

func ipv4Filter(at uint32, o LiveOptions) []bpf.Instruction {
	// Later fragments have no ports; they pass.
	unfragmented := []bpf.Instruction{
		bpf.LoadAbsolute{Off: at + 6, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: 0x1fff, SkipFalse: 1},
		pass,
		bpf.LoadMemShift{Off: at},
	}
	port := func(off uint32) bpf.Instruction { return bpf.LoadIndirect{Off: at + off, Size: 2} }
	return join(
		[]bpf.Instruction{bpf.LoadAbsolute{Off: at + 9, Size: 1}},
		when(protoTCP, join(unfragmented, tcpPorts(port(0), port(2), o))),
		when(protoUDP, join(unfragmented, udpPorts(port(0), port(2)))),
		when(protoICMP, join(unfragmented, []bpf.Instruction{
			bpf.LoadIndirect{Off: at, Size: 1},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: 3, SkipFalse: 1},
			pass,
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: 11, SkipFalse: 1},
			pass,
			drop,
		})),
		[]bpf.Instruction{drop},
	)
}

func ipv6Filter(at uint32, o LiveOptions) []bpf.Instruction {
	port := func(off uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: at + 40 + off, Size: 2} }
	out := join(
		[]bpf.Instruction{bpf.LoadAbsolute{Off: at + 6, Size: 1}},
		when(protoTCP, tcpPorts(port(0), port(2), o)),
		when(protoUDP, udpPorts(port(0), port(2))),
		when(protoICMP6, []bpf.Instruction{
			bpf.LoadAbsolute{Off: at + 40, Size: 1},
			bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: 4, SkipTrue: 1},
			pass,
			drop,
		}),
	)
	for _, extension := range []uint32{0, 43, 44, 51, 60} {
		out = append(out, bpf.JumpIf{Cond: bpf.JumpEqual, Val: extension, SkipFalse: 1}, pass)
	}
	return append(out, drop)
}

func tcpPorts(source, destination bpf.Instruction, o LiveOptions) []bpf.Instruction {
	if o.AllTCP {
		return []bpf.Instruction{pass}
	}
	var test []bpf.Instruction
	for _, p := range append([]uint16{53}, o.Ports...) {
		test = append(test, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(p), SkipFalse: 1}, pass)
	}
	return join([]bpf.Instruction{source}, test, []bpf.Instruction{destination}, test, []bpf.Instruction{drop})
}

func udpPorts(source, destination bpf.Instruction) []bpf.Instruction {
	test := []bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpEqual, Val: 53, SkipFalse: 1}, pass}
	return join([]bpf.Instruction{source}, test, []bpf.Instruction{destination}, test, []bpf.Instruction{drop})
}
