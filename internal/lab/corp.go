package lab

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/kmsdiag/kmsdiag/kms"
)

// The addresses of corp.example.
var (
	addrNS01  = netip.MustParseAddr("192.0.2.2")
	addrNS02  = netip.MustParseAddr("192.0.2.3")
	addrKMS01 = netip.MustParseAddr("192.0.2.5")
	addrKMS02 = netip.MustParseAddr("192.0.2.6")
	addrPC    = netip.MustParseAddr("192.0.2.17")
)

const kmsPort = 1688

// corp returns the site of corp.example: a workstation, two name servers, kms01
// and kms02 with a service each on the KMS port (nil: nothing answers there), and
// the published SRV records.
func corp(kms01, kms02 Service, srv ...string) Layout {
	records := append([]string{
		"corp.example. 3600 IN SOA ns01.corp.example. hostmaster.corp.example. 412 900 600 86400 3600",
		"corp.example. 3600 IN NS ns01.corp.example.",
		"corp.example. 3600 IN NS ns02.corp.example.",
		"ns01.corp.example. 3600 IN A " + addrNS01.String(),
		"ns02.corp.example. 3600 IN A " + addrNS02.String(),
		"kms01.corp.example. 1200 IN A " + addrKMS01.String(),
		"kms02.corp.example. 1200 IN A " + addrKMS02.String(),
		"pc-0417.corp.example. 1200 IN A " + addrPC.String(),
	}, srv...)
	return Layout{
		Machine: Machine{Name: "PC-0417", Addresses: []netip.Addr{addrPC}, Suffix: "corp.example"},
		Resolvers: []Resolver{
			{Address: addrNS01, Records: slices.Clone(records)},
			{Address: addrNS02, Records: slices.Clone(records)},
		},
		Hosts: []Host{
			{Name: "ns01", Addresses: []netip.Addr{addrNS01}, Ports: windows(nil), Time: true},
			{Name: "ns02", Addresses: []netip.Addr{addrNS02}, Ports: windows(nil), Time: true},
			{Name: "kms01", Addresses: []netip.Addr{addrKMS01}, Ports: windows(kms01), Time: true},
			{Name: "kms02", Addresses: []netip.Addr{addrKMS02}, Ports: windows(kms02), Time: true},
		},
	}
}

// windows returns the open ports of a Windows host in a domain: the RPC endpoint
// mapper, file sharing, and what serves the KMS port.
func windows(service Service) map[uint16]Service {
	ports := map[uint16]Service{135: Up{}, 445: Up{}}
	if service != nil {
		ports[kmsPort] = service
	}
	return ports
}

// published returns the SRV record of a KMS host in corp.example.
func published(host string, priority int) string {
	return fmt.Sprintf("_vlmcs._tcp.corp.example. 3600 IN SRV %d 0 %d %s.corp.example.", priority, kmsPort, host)
}

// sound returns corp.example as it should be: kms01 first, kms02 behind it.
func sound() Layout {
	return corp(server2022(), server2022b(), published("kms01", 0), published("kms02", 10))
}

// single returns corp.example with only kms01 published.
func single(kms01 Service) Layout {
	return corp(kms01, nil, published("kms01", 0))
}

// full is a list that cannot grow: what it shows is a ceiling, not the fleet.
func full(n int) List { return List{Clients: 8 * n, LargestN: n} }

// server2022 is a Windows Server 2022 with its own host key and one for Office.
func server2022() KMS {
	return KMS{
		Keys: []string{"server-2022", "office-2021"},
		EPID: "03612-04573-000-318840-03-1033-20348.0000-0642024",
		HwID: kms.HwID{0x6B, 0x2F, 0x90, 0xD4, 0x1E, 0x77, 0xA3, 0x5C}, Windows: full(25), Office: full(5), Office2010: full(5),
	}
}

// server2022b is a second such host.
func server2022b() KMS {
	k := server2022()
	k.EPID = "03612-04573-000-318840-03-1033-20348.0000-0712024"
	k.HwID = kms.HwID{0xA4, 0xD0, 0x17, 0xC3, 0x58, 0x2E, 0x96, 0xF1}
	return k
}

// server2012R2 is a Windows Server 2012 R2 with the key of its own generation,
// which knows nothing newer than Windows 8.1.
func server2012R2() KMS {
	return KMS{
		Keys: []string{"server-2012-r2"},
		EPID: "06401-00206-291-604417-03-1033-9600.0000-1202015",
		HwID: kms.HwID{0x2C, 0x81, 0xF6, 0xD0, 0x9B, 0x44, 0x37, 0xEA}, Windows: full(25),
	}
}

// emulated is an emulator with the manners that give several of them away.
func emulated() KMS {
	return KMS{
		// A Vista platform id with the group of a Server 2022 key and a build of
		// Server 2019: no host was ever all three.
		EPID: "55041-04573-000-318840-03-1033-17763.0000-0642016",
		HwID: kms.HwID{0x3A, 0x1C, 0x04, 0x96, 0x00, 0xB6, 0x00, 0x76},
		Manner: Manner{
			SameIV: true, AnyProduct: true, AnyTime: true, FixedCount: 1000, Closes: true,
			Group: 0x1063BF3F,
		},
		OnlyNDR32: true,
		Fault:     WrongTime,
	}
}
