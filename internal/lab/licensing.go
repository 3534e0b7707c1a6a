package lab

import (
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/machine"
)

// licensing answers as the Windows of the site's machine would. A site whose
// machine is never said to have one is asked nothing, on every system.
func (s *Site) licensing() machine.Source {
	if s.scenario.Layout.Machine.Licensing == nil && s.scenario.Healed.Machine.Licensing == nil {
		return machine.Absent{}
	}
	return machine.Replay(func() machine.Record {
		if st, err := s.current(); err == nil && st.layout.Machine.Licensing != nil {
			return *st.layout.Machine.Licensing
		}
		return machine.Record{}
	})
}

// pinnedClient's network is sound. What is wrong only its machine can tell.
func pinnedClient() Scenario {
	ill, healed := sound(), sound()
	pinned, licensed := pinnedRecord(), licensedRecord()
	ill.Machine.Licensing, healed.Machine.Licensing = &pinned, &licensed
	return Scenario{
		Name:   "pinned-client",
		Title:  "this machine asks a host that was retired",
		Shows:  "Both published hosts serve, but Windows on this machine was set to kms-old with /skms and never asks DNS: its licence has lapsed. Only the machine's own words show it.",
		Expect: Expect{"client-wrong-kms-pinned", exitFailed},
		Layout: ill,
		Healed: healed,
	}
}

const (
	enterpriseID = "73111121-5638-40f6-bc11-f1d7b0d64300" // activation id of Windows 10 and 11 Enterprise
	clientID     = "1f0c9a52-6d0e-4b7f-9a51-0c7d27a4e8b1"
	noUsableHost = 0xC004F074
)

// clientRecord is a Windows 11 Enterprise with its generic key.
func clientRecord() machine.Record {
	return machine.Record{
		Kind: "machine", Computer: "PC-0417",
		Service: &machine.Service{
			Version: new("10.0.26100.1742"), ClientMachineID: new(clientID), IsKeyManagementServiceMachine: new(uint32(0)),
			KeyManagementServiceHostCaching: new(true), RemainingWindowsReArmCount: new(uint32(1001)),
		},
		Products: []machine.Product{{
			Name: new("Windows(R), Enterprise edition"), Description: new("Windows(R) Operating System, VOLUME_KMSCLIENT channel"),
			ID: new(enterpriseID), ApplicationID: new(catalog.WindowsAppID), PartialProductKey: new("2YT43"), ProductKeyChannel: new("Volume:GVLK"),
			VLActivationTypeEnabled: new(uint32(0)),
		}},
		Services: []machine.ServiceState{{Name: "sppsvc", Status: "Stopped", StartType: "Automatic"}},
	}
}

// pinnedRecord is that machine set to a host which is gone.
func pinnedRecord() machine.Record {
	const retired = "kms-old.corp.example"
	r := clientRecord()
	r.Service.KeyManagementServiceMachine, r.Service.KeyManagementServicePort = new(retired), new(uint32(kmsPort))
	p := &r.Products[0]
	p.LicenseStatus, p.LicenseStatusReason = new(uint32(5)), new(uint32(noUsableHost))
	r.Registry = []machine.Value{{
		Key:  `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform`,
		Name: "KeyManagementServiceName", Value: retired,
	}}
	r.Events = []machine.Event{{
		ID: 12288, TimeCreated: time.Date(2026, 11, 20, 6, 0, 13, 0, time.UTC), MachineName: "PC-0417.corp.example",
		Data: []string{"0x80072AF9, 0x00000000, " + retired + ":1688, " + clientID + ", 2026/11/20 06:00, 0, 5, 0, " + enterpriseID + ", 25"},
	}}
	return r
}

// licensedRecord is that machine after /ckms and /ato.
func licensedRecord() machine.Record {
	r := clientRecord()
	p := &r.Products[0]
	p.LicenseStatus, p.GracePeriodRemaining, p.VLActivationType = new(uint32(1)), new(uint32(259200)), new(uint32(2))
	p.DiscoveredKeyManagementServiceMachineName = new("kms01.corp.example")
	p.DiscoveredKeyManagementServiceMachinePort = new(uint32(kmsPort))
	p.DiscoveredKeyManagementServiceMachineIpAddress = new(addrKMS01.String())
	return r
}
