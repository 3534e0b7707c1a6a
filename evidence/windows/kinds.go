package windows

// The kinds of output that are recognised.
const (
	KindDLI          Kind = "slmgr /dli"
	KindDLV          Kind = "slmgr /dlv"
	KindXPR          Kind = "slmgr /xpr"
	KindATO          Kind = "slmgr /ato"
	KindIPK          Kind = "slmgr /ipk"
	KindSKMS         Kind = "slmgr /skms"
	KindHostBlock    Kind = "KMS host block"
	KindScriptBanner Kind = "Windows Script Host banner"

	KindCIMProduct Kind = "SoftwareLicensingProduct"
	KindCIMService Kind = "SoftwareLicensingService"
	KindOSLicense  Kind = "OSLicense module"

	KindDStatus Kind = "ospp /dstatus"
	KindAct     Kind = "ospp /act"
	KindDCMID   Kind = "ospp /dcmid"
	KindHistory Kind = "ospp /dhistory"

	KindEvent12288 Kind = "event 12288"
	KindEvent12289 Kind = "event 12289"
	KindEvent12290 Kind = "event 12290"
	KindEvent      Kind = "event"

	KindNSLookup   Kind = "nslookup"
	KindDig        Kind = "dig"
	KindHost       Kind = "host"
	KindResolveDNS Kind = "Resolve-DnsName"
	KindTNC        Kind = "Test-NetConnection"
	KindPortQry    Kind = "portqry"
	KindTelnet     Kind = "telnet"
	KindNetcat     Kind = "nc"
	KindPsPing     Kind = "psping"
	KindPing       Kind = "ping"
	KindNetstat    Kind = "netstat"
	KindW32tm      Kind = "w32tm"
	KindRoutes     Kind = "route print"
	KindIPConfig   Kind = "ipconfig"
	KindDsReg      Kind = "dsregcmd"
	KindProfile    Kind = "Get-NetConnectionProfile"
	KindSystemInfo Kind = "systeminfo"
	KindWinver     Kind = "winver"
	KindDISM       Kind = "DISM"
	KindRegistry   Kind = "reg query"
	KindService    Kind = "service state"
	KindPortRange  Kind = "excluded port range"

	KindVlmcs  Kind = "vlmcs"
	KindVlmcsd Kind = "vlmcsd log"
	KindPyKMS  Kind = "py-kms log"

	KindSlui   Kind = "slui"
	KindCode   Kind = "code"
	KindPhrase Kind = "plain words"
)
