package errors

import "slices"

// Area is a family of codes that share a component and a first move.
type Area struct {
	Name     string // as in [Entry.Area]; the argument of [List]
	Summary  string // what its codes are about
	NextStep string // Markdown: what to do first about a code that has no page
	Count    int    // entries in it
}

// Areas lists the areas by name.
func Areas() []Area {
	list := slices.Clone(areas)
	for i := range list {
		for _, e := range catalogue().entries {
			if e.Area == list[i].Name {
				list[i].Count++
			}
		}
	}
	return list
}

// AreaByName finds one area; its Count is not filled in.
func AreaByName(name string) (Area, bool) {
	for _, a := range areas {
		if a.Name == name {
			return a, true
		}
	}
	return Area{}, false
}

// slmgrDLV is how every page asks a machine for its licence.
const slmgrDLV = "\n\n```cmd\ncscript //nologo %windir%\\System32\\slmgr.vbs /dlv\n```"

// areas is ascending by name.
var areas = []Area{
	{
		Name:    "adba",
		Summary: "activation through Active Directory and the directory calls behind it",
		NextStep: "On a domain member, list the activation objects:" +
			"\n\n```cmd\ncscript //nologo %windir%\\System32\\slmgr.vbs /ao-list\n```",
	},
	{
		Name:    "avma",
		Summary: "automatic activation of a virtual machine by its Hyper-V host",
		NextStep: "In the guest, see which channel the key belongs to; outside a Datacenter Hyper-V host it needs the generic volume key instead:" +
			slmgrDLV,
	},
	{
		Name:    "dns",
		Summary: "finding the KMS host by name",
		NextStep: "On the client, ask for the record it looks for, with its own DNS domain in place of corp.example:" +
			"\n\n```cmd\nnslookup -type=srv _vlmcs._tcp.corp.example.\n```",
	},
	{
		Name:    "generic HRESULT",
		Summary: "Windows' general results, which say little by themselves",
		NextStep: "Find the licensing event of the same minute; it often names a better code:" +
			"\n\n```powershell\nGet-WinEvent -FilterHashtable @{LogName='Application';ProviderName='Microsoft-Windows-Security-SPP'} -MaxEvents 20 | Format-List TimeCreated,Id,Message\n```",
	},
	{
		Name:    "generic win32",
		Summary: "general Win32 errors met by the licensing tools",
		NextStep: "From an elevated prompt, see whether reading the licence works where activating fails; if both fail the fault is on this machine:" +
			slmgrDLV,
	},
	{
		Name:    "generic-sl",
		Summary: "general results of the licensing service",
		NextStep: "Restart the licensing service on the client, then repeat the command that failed:" +
			"\n\n```powershell\nRestart-Service sppsvc; Get-Service sppsvc\n```",
	},
	{
		Name:    "genuine",
		Summary: "the check that Windows itself is genuine and unmodified",
		NextStep: "Check the system files from an elevated prompt:" +
			"\n\n```cmd\nsfc /scannow\n```",
	},
	{
		Name:    "hardware",
		Summary: "hardware identity and OEM licence data in the firmware",
		NextStep: "See which channel the installed key belongs to; a volume client needs nothing from the firmware beyond Windows 7's marker:" +
			slmgrDLV,
	},
	{
		Name:    "key",
		Summary: "product keys and the edition they belong to",
		NextStep: "Compare the edition with the key that is installed:" +
			"\n\n```cmd\nDISM /Online /Get-CurrentEdition\n```",
	},
	{
		Name:    "kms-client",
		Summary: "what the KMS client finds out by itself",
		NextStep: "Read what the client last asked, whom, and with which result:" +
			"\n\n```powershell\nGet-WinEvent -FilterHashtable @{LogName='Application';ProviderName='Microsoft-Windows-Security-SPP';Id=12288,12289} -MaxEvents 4 | Format-List TimeCreated,Id,Message\n```",
	},
	{
		Name:    "kms-host",
		Summary: "what a KMS host answers, or meets when it publishes itself",
		NextStep: "On the KMS host, see that its key is licensed and KMS enabled:" +
			slmgrDLV,
	},
	{
		Name:    "license-status",
		Summary: "the state a licence is in",
		NextStep: "See the state and the minutes left in it:" +
			slmgrDLV,
	},
	{
		Name:    "license-store",
		Summary: "licence files and the store that holds them",
		NextStep: "On a client, install the licence files again from an elevated prompt, restart, and look again; on a KMS host look at the event log first:" +
			"\n\n```cmd\ncscript //nologo %windir%\\System32\\slmgr.vbs /rilc\n```",
	},
	{
		Name:    "mak/retail",
		Summary: "retail, digital and multiple activation keys, outside KMS",
		NextStep: "See which channel the installed key belongs to; a KMS client says VOLUME_KMSCLIENT:" +
			slmgrDLV,
	},
	{
		Name:    "ms-activation-server",
		Summary: "answers of Microsoft's online activation, met with a MAK, a retail key or a KMS host key",
		NextStep: "See which key was sent; a client with the generic volume key never asks Microsoft:" +
			slmgrDLV,
	},
	{
		Name:    "office",
		Summary: "licences of Office, Project and Visio",
		NextStep: "List the licences of Office (32-bit Office lies under `%ProgramFiles(x86)%`):" +
			"\n\n```cmd\ncscript //nologo \"%ProgramFiles%\\Microsoft Office\\Office16\\ospp.vbs\" /dstatus\n```",
	},
	{
		Name:    "rpc/network",
		Summary: "reaching the KMS host over TCP and RPC",
		NextStep: "From the client, try the port of the host that event 12288 names:" +
			"\n\n```powershell\nTest-NetConnection kms01.corp.example -Port 1688\n```",
	},
	{
		Name:    "service",
		Summary: "the licensing service as a Windows service",
		NextStep: "Look at the service; on a client, stopped is normal and disabled is not:" +
			"\n\n```powershell\nGet-Service sppsvc | Format-List Name,Status,StartType\n```",
	},
	{
		Name:    "token",
		Summary: "activation with a certificate or smart card",
		NextStep: "List the token licences; where KMS is meant, set the activation type back with /act-type 0:" +
			"\n\n```cmd\ncscript //nologo %windir%\\System32\\slmgr.vbs /lil\n```",
	},
	{
		Name:    "tpm/tamper",
		Summary: "the security processor and its protected store",
		NextStep: "Check the system files from an elevated prompt, restart, and see whether the code returns:" +
			"\n\n```cmd\nsfc /scannow\n```",
	},
	{
		Name:    "winhttp",
		Summary: "the web connection to Microsoft's activation servers, which KMS clients do not use",
		NextStep: "Where this machine is meant to reach Microsoft, look at the system proxy:" +
			"\n\n```cmd\nnetsh winhttp show proxy\n```",
	},
	{
		Name:    "wmi",
		Summary: "the management interface that the licensing scripts speak to",
		NextStep: "Ask the licensing class directly, from an elevated prompt:" +
			"\n\n```powershell\nGet-CimInstance SoftwareLicensingService | Format-List Version,ClientMachineID\n```",
	},
}
