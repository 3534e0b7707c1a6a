package machine

// PowerShell is the line that prints a [Record] as JSON on a Windows machine
// where kmsdiag does not run. It is for Windows PowerShell 5.1 and later, reads
// only, and needs no administrator. Products are asked for by application and
// with a key, since Windows takes tens of seconds to list the others; the
// properties are named, so that the firmware's product key is not among them.
// Office 2010, and Office 2013 on Windows 7, have classes of their own, which
// most machines lack. Each event id has its own newest entries, so that a storm
// of one does not push out the others; listeners come from .NET, since Windows 7
// has no cmdlet for them.
const PowerShell = `$v='^(KeyManagementService(Name|Port|LookupDomain|ListeningPort)|DisableDnsPublishing|DnsDomainPublishList|NoGenTicket)$';` +
	`$t=@{n='TimeCreated';e={$_.TimeCreated.ToUniversalTime().ToString('o')}};` +
	`$f='PartialProductKey IS NOT NULL';$s=Get-CimInstance SoftwareLicensingService;$p=$s.KeyManagementServiceListeningPort;if(!$p){$p=1688};` +
	`[pscustomobject]@{kmsdiag='machine';computer=$env:COMPUTERNAME;` +
	`service=$s|select Version,ClientMachineID,*KeyManagementService*,VL*,RemainingWindowsReArmCount;` +
	`officeService=Get-CimInstance OfficeSoftwareProtectionService -ea 0|select Version,ClientMachineID,*KeyManagementService*,VL*;` +
	`products=@(@('55c92734-d682-4d71-983e-d6ec3f16059f','0ff1ce15-a989-479d-af46-f275c6370663','59a52881-a989-479d-af46-f275c6370663'|%{` +
	`Get-CimInstance SoftwareLicensingProduct -Filter "ApplicationID='$_' AND $f"};Get-CimInstance OfficeSoftwareProtectionProduct -Filter $f -ea 0)|` +
	`select Name,Description,ID,ApplicationID,LicenseFamily,LicenseStatus*,GracePeriodRemaining,PartialProductKey,ProductKeyID,ProductKeyChannel,VL*,*KeyManagementService*,ADActivationObjectName,Remaining*);` +
	`services=@(Get-Service sppsvc,osppsvc -ea 0|select Name,@{n='Status';e={"$($_.Status)"}},@{n='StartType';e={"$($_.StartType)"}});` +
	`registry=@('Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform','Microsoft\OfficeSoftwareProtectionPlatform','Policies\Microsoft\Windows NT\CurrentVersion\Software Protection Platform'|%{` +
	`Get-Item "HKLM:\SOFTWARE\$_" -ea 0;Get-ChildItem "HKLM:\SOFTWARE\$_" -Recurse -ea 0}|%{$k=$_;$k.GetValueNames()|?{$_ -match $v}|%{[pscustomobject]@{Key=$k.Name;Name=$_;Value="$($k.GetValue($_) -join ';')"}}});` +
	`listeners=@([Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpListeners()|?{$_.Port -eq $p}|` +
	`select @{n='LocalAddress';e={"$($_.Address)"}},@{n='LocalPort';e={$_.Port}},@{n='State';e={'Listen'}});` +
	`firewall=@((Get-Item HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules -ea 0).GetValue('SPPSVC-In-TCP'));` +
	`events=@(12288,12289,8198,12293|%{Get-WinEvent -FilterHashtable @{LogName='Application';ProviderName='Microsoft-Windows-Security-SPP';Id=$_} -MaxEvents 10 -ea 0}|` +
	`select Id,$t,MachineName,@{n='Data';e={@($_.Properties|%{"$($_.Value)"})}})}|ConvertTo-Json -Depth 5`
