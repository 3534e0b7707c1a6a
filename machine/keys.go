package machine

import (
	"slices"
	"strings"
)

// The keys that choose a KMS host, below HKEY_LOCAL_MACHINE\SOFTWARE. Subkeys of
// the first two are applications, and theirs products.
const (
	keyPlatform = `Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform`
	keyOffice   = `Microsoft\OfficeSoftwareProtectionPlatform` // Office 2010 and 2013 on Windows 7
	keyPolicy   = `Policies\Microsoft\Windows NT\CurrentVersion\Software Protection Platform`
)

// wantedValues are the values of those keys that a record holds.
var wantedValues = []string{
	"KeyManagementServiceName", "KeyManagementServicePort", "KeyManagementServiceLookupDomain",
	"KeyManagementServiceListeningPort", "DisableKeyManagementServiceHostCaching",
	"DisableDnsPublishing", "EnableDnsPublishing", "DnsDomainPublishList",
	"VLActivationInterval", "VLRenewalInterval", "VLActivationType", "NoGenTicket",
}

// Wanted tells whether a record holds a registry value of this name.
func Wanted(name string) bool {
	return slices.ContainsFunc(wantedValues, func(w string) bool { return strings.EqualFold(w, name) })
}
