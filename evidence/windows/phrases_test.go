package windows

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// statementsOf reads a text and returns the ids of its statements.
func statementsOf(t *testing.T, text string) []string {
	t.Helper()
	paste, err := ReadString(context.Background(), text, "test")
	if err != nil {
		t.Fatalf("ReadString(%q): %v", text, err)
	}
	var ids []string
	for _, s := range paste.Set.Statements {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestPhrases(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"The VPN is not connected at home.", evidence.OffNetwork},
		{"The employee sits in a hotel and the licence has expired.", evidence.OffNetwork},
		{"The firewall lets 1688 through with an application rule.", evidence.ProxyFirewall},
		{"With a network rule instead activation works.", evidence.ProxyFirewall},
		{"SSL decryption is on between client and host.", evidence.ProxyFirewall},
		{"TCP 1688 connects but the bind never returns.", evidence.ProxyFirewall},
		{"Only the domain controllers know the _vlmcs record.", evidence.SRVOtherZone},
		{"The branch clients use 8.8.8.8 as DNS server.", evidence.SRVOtherZone},
		{"The SRV record was registered in corp.example, clients live in lab.corp.example.", evidence.SRVOtherZone},
		{"The KMS host has had no updates since 2021.", evidence.HostLacksUpdate},
		{"The key is only for client operating system hosts.", evidence.KeyOtherHostOS},
		{"Somebody used a cracking tool.", evidence.ActivationTool},
		{"The KMS server has no A record.", evidence.HostNameUnresolved},
		{"Everything activates through Active Directory-based activation.", evidence.ADBA},
		{"Once Word has been started it shows as licensed.", evidence.OfficeNotLaunched},
		{"I run vlmcsd on this PC with Docker.", evidence.SameMachine},
		{"We only have four Server 2022.", evidence.FewClients},
		{"KMS says insufficient count.", evidence.FewClients},
		{"The renewal has not happened for three months.", evidence.RenewalTaskBroken},
		{"Windows activates, Office doesn't.", evidence.OfficeOnly},
		{"slmgr /skms does not affect Office.", evidence.OfficeNoHost},
		{"The KMS name is set by policy and points to a decommissioned server.", evidence.PinnedOldHost},
		{"The VM says product key not found.", evidence.KeyMissing},
		{"Activation will expire in five months.", evidence.LicensedAnyway},
		{"Office 2024 cannot be activated, Office 2016 can.", evidence.OfficeVersionOnly},
		// The KMS host and its port.
		{"The Software Protection service on the KMS host had stopped after the patch window.", evidence.HostServiceStopped},
		{"sppsvc was not running on our KMS server.", evidence.HostServiceStopped},
		{"Restarting the licensing service on the KMS host fixed it.", evidence.HostServiceStopped},
		{"Der Softwareschutzdienst auf dem KMS-Host war beendet.", evidence.HostServiceStopped},
		{"On the host sppsvc is running and listening.", evidence.HostServiceRunning},
		{"Ping works, telnet to 1688 fails.", evidence.PortClosed},
		{"ping works but telnet kms01 1688 times out", evidence.PingAnswers},
		{"Port 1688 on the KMS host is closed.", evidence.PortClosed},
		{"psping to the server on 1688 gets a timeout every time", evidence.PortClosed},
		{"TCP connection to port 1688 is actively refused.", evidence.PortClosed},
		{"Der Ping geht, aber Telnet auf Port 1688 geht nicht.", evidence.PortClosed},
		{"从客户端 telnet 到 1688 端口无法连接。", evidence.PortClosed},
		{"Test-NetConnection to 1688 succeeds from this PC.", evidence.PortOpen},
		{"Port 1688 is open and reachable.", evidence.PortOpen},
		{"Nothing listens on 1688 on the server.", evidence.PortClosed},
		{"The perimeter firewall blocks port 1688 between the branch and the data centre.", evidence.PortBlocked},
		{"We forgot the firewall rule for KMS on the new VLAN.", evidence.PortBlocked},
		{"The NSG denies TCP 1688 from that subnet.", evidence.PortBlocked},
		{"Die Firewall sperrt 1688, Port ist gesperrt.", evidence.PortBlocked},
		{"防火墙阻止了 1688 端口。", evidence.PortBlocked},
		{"After opening port 1688 on the router activation works.", evidence.PortBlocked},
		{"All outbound connections are blocked by default on these hardened VMs.", evidence.OutboundDenied},
		{"The rule was made with local port 1688 and should use the remote port.", evidence.RuleHasLocalPort},
		{"Port 1688 is in the excluded range that WinNAT reserved.", evidence.PortReserved},
		{"The host listens on another port, 1700, since we ran slmgr /sprt.", evidence.HostOtherPort},
		{"Other clients activate without problems against the same server.", evidence.OtherClientsWork},
		{"Only one PC fails, the rest is fine.", evidence.OtherClientsWork},
		{"Andere Rechner aktivieren problemlos.", evidence.OtherClientsWork},
		{"其他电脑激活正常。", evidence.OtherClientsWork},
		{"Both hosts stand behind a load balancer with one virtual IP for KMS.", evidence.LoadBalancer},
		{"The docker container with the KMS runs on the same machine.", evidence.SameMachine},
		{"vlmcsd is hosted on this very PC, in Docker Desktop.", evidence.SameMachine},
		{"The KMS name resolves to 127.0.0.1 on that server.", evidence.SameMachine},
		{"Der KMS-Server läuft auf demselben, also dem gleichen Rechner, in Docker.", evidence.SameMachine},
		{"KMS 服务器和客户端在同一台机器上。", evidence.SameMachine},
		{"We use py-kms in a lab.", evidence.Emulator},
		{"The emulator crashes with a traceback when Windows 11 asks.", evidence.EmulatorFault},
		{"Activation broke since the update of the docker image.", evidence.EmulatorFault},
		{"The server log shows the request but no response is sent.", evidence.ServerLogNoAnswer},
		{"The log of the KMS server stays empty while the client tries.", evidence.ServerLogEmpty},
		{"No 12290 ever appears on the host.", evidence.ServerLogEmpty},
		{"A next generation firewall with TLS inspection accepts the TCP connection to 1688 itself.", evidence.ProxyFirewall},
		{"TCP connects but the RPC bind gets no answer.", evidence.ProxyFirewall},
		{"Our clients use Zscaler Private Access, the name resolves to 100.64.1.7.", evidence.ZeroTrustAgent},
		{"Routing is asymmetric: the answers take another path back.", evidence.AsymmetricPath},
		{"A policy set RestrictRemoteClients to authenticated.", evidence.AnonymousRPCDenied},
		{"Since the KMS host was rebooted on Sunday nobody activates.", evidence.HostRestarted},
		{"The KMS host was rebuilt last week and the count started from zero.", evidence.HostRebuilt},
		{"The network profile of the host fell to Public.", evidence.HostProfilePublic},
		{"Our KMS host is Windows Server 2012 R2, the clients are Windows 11.", evidence.HostOldSystem},
		{"The KMS host lacks update KB3079821.", evidence.HostLacksUpdate},
		{"A reboot of the host is pending since the KMS update.", evidence.HostLacksUpdate},
		{"The KMS host has no internet access and cannot activate itself with Microsoft.", evidence.HostOffline},
		{"The KMS host was never activated, its key is only installed.", evidence.HostNotActivated},
		{"No CSVLK is installed on the KMS host any more.", evidence.HostKeyMissing},
		{"The KMS host only has an Office CSVLK.", evidence.HostServesOffice},

		// Names and DNS.
		{"slmgr /skms kms01 followed by /ato works at once.", evidence.WorksWithSKMS},
		{"With the IP address it activates, with the name it does not.", evidence.WorksByAddress},
		{"nslookup -type=srv _vlmcs._tcp returns the host.", evidence.NSLookupBareName},
		{"The machine is in a workgroup.", evidence.Workgroup},
		{"The server is not joined to the domain.", evidence.Workgroup},
		{"这台电脑没有加域，是工作组。", evidence.Workgroup},
		{"The primary DNS suffix is empty.", evidence.SuffixEmpty},
		{"The client has no DNS suffix.", evidence.SuffixEmpty},
		{"The SRV query lists five hosts that nobody set up.", evidence.SRVSeveralHosts},
		{"The _vlmcs record still points to the decommissioned server.", evidence.SRVOldHost},
		{"There is an old SRV record for a retired host.", evidence.SRVOldHost},
		{"The SRV record exists only in the parent domain, another zone.", evidence.SRVOtherZone},
		{"Branch clients use another DNS server than headquarters.", evidence.SRVOtherZone},
		{"nslookup finds no SRV record for _vlmcs._tcp.corp.example.", evidence.SRVEmpty},
		{"The _vlmcs record was never published.", evidence.SRVEmpty},
		{"DNS publishing is disabled on the KMS host.", evidence.PublishingDisabled},
		{"The second KMS host cannot update the SRV record, it has no permission.", evidence.UpdateDenied},
		{"Dynamic updates are refused by the DNS zone, event 12293.", evidence.UpdateDenied},
		{"The DNS server does not respond.", evidence.DNSServerDead},
		{"There are no DNS servers configured on the adapter.", evidence.NoDNSServer},
		{"The KMS host name does not resolve from the DMZ.", evidence.HostNameUnresolved},
		{"The host has two network cards and registered the backup NIC in DNS.", evidence.WrongAdapterName},

		// The client.
		{"A registry value still points the client to the old KMS server.", evidence.PinnedOldHost},
		{"Group policy sets a KMS host that was retired.", evidence.PinnedOldHost},
		{"Someone ran KMSpico on it.", evidence.ActivationTool},
		{"The clock of the VM is 6 hours off.", evidence.ClockWrong},
		{"Die Uhrzeit des Rechners geht fünf Stunden falsch.", evidence.ClockWrong},
		{"The client's time differs from the domain controller by 5 hours.", evidence.ClockWrong},
		{"客户端的时间和服务器相差八个小时。", evidence.ClockWrong},
		{"It stopped after changing the time zone.", evidence.TimeZoneChanged},
		{"He ran it in a non-elevated prompt.", evidence.NotElevatedPrompt},
		{"The same command works when run as administrator.", evidence.WorksElevated},
		{"It fails even from an elevated prompt.", evidence.ElevatedPrompt},
		{"A hardening baseline changed the service rights of sppsvc.", evidence.RightsChanged},
		{"Even slmgr /dlv fails with the same error.", evidence.ReadingFails},
		{"The tokens.dat file is corrupt.", evidence.TokenStoreDamaged},
		{"The motherboard was replaced and now activation is lost.", evidence.HardwareChanged},
		{"Hundreds of machines lost it overnight since patch Tuesday, all at once on many PCs.", evidence.UpdateBrokeMany},
		{"The Software Protection service is disabled.", evidence.ServiceDisabled},
		{"The SvcRestartTask scheduled task was deleted.", evidence.RenewalTaskBroken},
		{"Activation type is set to AD only with /act-type 1.", evidence.TypeRestricted},
		{"The rearm count is exhausted.", evidence.RearmUsedUp},
		{"The machine is still licensed although event 8198 shows up daily.", evidence.LicensedAnyway},
		{"Only the ESU entries are unlicensed.", evidence.ESUEntries},

		// Where and when.
		{"It works on VPN.", evidence.WorksOnVPN},
		{"Once connected to the company network it activates.", evidence.WorksOnVPN},
		{"Activation fails without VPN.", evidence.WorksOnVPN},
		{"The laptop has been in home office for eight months and never reached the KMS.", evidence.OffNetwork},
		{"Running the script again ten minutes later works.", evidence.WorksLater},
		{"The start-up script runs seconds after boot, before the network is up.", evidence.AtBoot},
		{"The device is Entra joined only.", evidence.EntraJoined},
		{"We activate through Active Directory (ADBA).", evidence.ADBA},
		{"The activation object for Server 2022 is missing.", evidence.NoADObject},

		// Keys and editions.
		{"It was installed from retail media.", evidence.RetailMedia},
		{"The PC came preinstalled with Windows Pro OEM.", evidence.RetailMedia},
		{"The key was copied and pasted from a mail.", evidence.KeyPasted},
		{"The product key was uninstalled with slmgr /upk.", evidence.KeyRemoved},
		{"No product key is installed.", evidence.KeyMissing},
		{"They used the key of another edition.", evidence.KeyOtherEdition},
		{"The CSVLK was typed in on all workstations.", evidence.HostKeyOnClients},
		{"The KMS key was used on too many hosts, its activation limit is exceeded.", evidence.KeyLimitReached},
		{"The CSVLK was made for another server version.", evidence.KeyOtherHostOS},
		{"The Windows 7 machine has no SLIC marker.", evidence.NoOEMMarker},
		{"It is an evaluation edition.", evidence.EvaluationEdition},
		{"Windows Enterprise multi-session runs on our own VMware cluster.", evidence.EditionElsewhere},

		// Counting.
		{"All VMs were cloned from a template.", evidence.ImageNotGeneralized},
		{"The image was not generalized before it was captured.", evidence.ImageNotGeneralized},
		{"Die VMs wurden ohne Sysprep geklont.", evidence.ImageNotGeneralized},
		{"这些虚拟机是从模板克隆的。", evidence.ImageNotGeneralized},
		{"unattend.xml has SkipRearm set to 1.", evidence.SkipRearm},
		{"All clients show the same CMID.", evidence.SameCMID},
		{"The count stays at 1 on the host however many clients ask.", evidence.CountStuck},
		{"We have 14 PCs.", evidence.FewClients},
		{"Fewer than 25 machines ask this host.", evidence.FewClients},
		{"Wir haben nur zehn Rechner, nur 10 Clients.", evidence.FewClients},

		// Office.
		{"Only Office fails to activate.", evidence.OfficeOnly},
		{"Windows is activated, Office is not activated.", evidence.OfficeOnly},
		{"Each Office version needs its own license pack on the KMS host.", evidence.OfficeVersionOnly},
		{"Office was never launched after installation.", evidence.OfficeNotLaunched},
		{"It is a retail Office, click-to-run 365 subscription.", evidence.OfficeRetail},

		// Clouds.
		{"Forced tunneling sends everything from Azure to on-premises.", evidence.ForcedTunnel},
		{"The default route points to a network virtual appliance in the Azure hub.", evidence.ForcedTunnel},
		{"The private subnet has no NAT gateway.", evidence.NoCloudEgress},
		{"Default outbound access was removed from the subnet.", evidence.NoCloudEgress},
		{"The firewall only allows 23.102.135.246 for Azure KMS.", evidence.OldCloudAddress},
		{"The persistent route to 169.254.169.250 has the gateway of the old subnet.", evidence.LinkLocalRoute},
		{"The activation watermark stays on the Azure desktop.", evidence.Watermark},
		{"The IMDS attestation is blocked by our proxy.", evidence.IMDSUnreachable},
	} {
		t.Run(tt.want, func(t *testing.T) {
			if ids := statementsOf(t, tt.text); !slices.Contains(ids, tt.want) {
				t.Errorf("%q makes %v, want %s", tt.text, ids, tt.want)
			}
		})
	}
}

// TestPhrasesNotSaid holds sentences that deny a claim or speak of something else.
func TestPhrasesNotSaid(t *testing.T) {
	for _, tt := range []struct{ text, not string }{
		{"It does not work on VPN either.", evidence.WorksOnVPN},
		{"Telnet to 1688 works.", evidence.PortClosed},
		{"Telnet to 1688 does not work.", evidence.PortOpen},
		{"Ping does not work.", evidence.PingAnswers},
		{"Other clients do not activate either.", evidence.OtherClientsWork},
		{"The clock is right.", evidence.ClockWrong},
		{"Office and Windows both fail.", evidence.OfficeVersionOnly},
		{"The same command fails as administrator.", evidence.WorksElevated},
		{"The host is a member of the domain corp.example.", evidence.Workgroup},
		{"slmgr /skms does not help.", evidence.WorksWithSKMS},
		{"The SRV record is correct.", evidence.SRVEmpty},
		{"The SRV record points to the right host.", evidence.SRVOldHost},
		{"Fleet of 4000 clients, all at once, on the same day.", evidence.SameMachine},
		{"The key was typed in from paper once.", evidence.KeyRemoved},
		{"The KMS host is up and the service is running.", evidence.HostServiceStopped},
		{"The software was updated by the usual process.", evidence.EmulatorFault},
		{"/dlv prints nothing but \"not in use\", DNS and port 1688 are good.", evidence.PortReserved},
		{"The network team never opened TCP 1688 for the branch office.", evidence.OfficeNotLaunched},
		{"From head office everything works.", evidence.OffNetwork},
		{"From head office everything works.", evidence.OfficeOnly},
		{"Only the head office fails.", evidence.OfficeOnly},
		{"Office 2021 fails, Office 2016 against the same host can.", evidence.SameMachine},
		{"The clients point to a server which no longer exists.", evidence.HostKeyMissing},
		{"The KMS host never registered its SRV.", evidence.HostKeyMissing},
		{"The imported VM has no KMS client key.", evidence.HostKeyOnClients},
		{"The entry RETAIL(Free) is beside a licensed one.", evidence.RetailMedia},
		{"SRV exists but the host has no A record.", evidence.SRVEmpty},
		{"slmgr /skms does not apply to it.", evidence.WorksWithSKMS},
		{"We turned off the VPN and nothing changed.", evidence.OffNetwork},
		{"All updates are installed on the KMS host.", evidence.HostLacksUpdate},
		{"The RPC bind returns at once and TCP connects.", evidence.ProxyFirewall},
		{"The host has an A record and the SRV is right.", evidence.HostNameUnresolved},
		{"Renewal happened last week.", evidence.RenewalTaskBroken},
		{"We have four days left.", evidence.FewClients},
		{"The Word document says when to start the activation.", evidence.OfficeNotLaunched},
		{"This PC runs Windows 11 and the KMS host is Server 2022.", evidence.SameMachine},
		{"Our clients use the router as gateway, DNS server is the DC.", evidence.SRVOtherZone},
		{"Only the DC can reach the KMS host.", evidence.SRVOtherZone},
		{"The KMS host name is configured by policy; DNS has the right SRV record, the old name points elsewhere.", evidence.SRVOldHost},
		{"No SRV record, everything activates through Active Directory-based activation.", evidence.SRVEmpty},
	} {
		if ids := statementsOf(t, tt.text); slices.Contains(ids, tt.not) {
			t.Errorf("%q makes %v, and does not say %s", tt.text, ids, tt.not)
		}
	}
}

// TestPhraseTable holds that every id of the table is documented and the other
// way round, and that every line of the table can be found at all.
func TestPhraseTable(t *testing.T) {
	meaning := map[string]bool{}
	for _, p := range Phrases() {
		if p.Meaning == "" || meaning[p.ID] {
			t.Errorf("%s: no meaning, or listed twice", p.ID)
		}
		meaning[p.ID] = true
	}
	table := phraseRules()
	indexed := map[int]bool{}
	for _, list := range table.anchors {
		for _, n := range list {
			indexed[n] = true
		}
	}
	for _, p := range table.parts {
		indexed[p.phrase] = true
	}
	used := map[string]bool{}
	for n, ph := range table.phrases {
		used[ph.id] = true
		if !meaning[ph.id] && !strings.HasPrefix(ph.id, "cloud:") {
			t.Errorf("%s has no meaning", ph.id)
		}
		if len(ph.terms) == 0 || !indexed[n] {
			t.Errorf("a phrase of %s can never be found", ph.id)
		}
	}
	for id := range meaning {
		switch id { // made by the readers of programs' output
		case evidence.PortListening, evidence.PortNotListening, evidence.KMSRuleOff, evidence.ChannelAVMA, evidence.ChannelCSVLK, evidence.ChannelEval, evidence.ChannelMAK, evidence.ChannelOEM, evidence.ChannelRetail:
			continue
		}
		if !used[id] {
			t.Errorf("no phrase makes %s", id)
		}
	}
}
