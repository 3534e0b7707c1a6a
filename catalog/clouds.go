package catalog

import (
	_ "embed" // for the table
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Cloud is a public cloud that runs a KMS for the virtual machines it sells. Its images pin that KMS, and the pin is
// right: it serves machines inside that cloud alone, so from elsewhere nothing can be said about it.
type Cloud struct {
	ID       string // such as "azure" or "aws"
	Provider string // such as "Amazon EC2"
	Realm    string // the sovereign cloud, such as "US Government"; "" where a provider has one realm
	Host     string // the name or address that matched, as the table writes it
	State    string // remark of the table: "current", "older name", ...
}

// CloudsAsOf is the day the table of cloud endpoints was last looked over. Providers change addresses: an address
// that is not in the table may be theirs all the same.
func CloudsAsOf() time.Time { return time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC) }

var (
	//go:embed data/clouds.tsv
	cloudsTSV string

	cloudTable = sync.OnceValue(loadClouds)
)

func loadClouds() []Cloud {
	var clouds []Cloud
	for _, r := range readTable("clouds.tsv", cloudsTSV, "cloud", "provider", "realm", "host", "state") {
		clouds = append(clouds, Cloud{ID: r[0], Provider: r[1], Realm: r[2], Host: r[3], State: r[4]})
	}
	return clouds
}

// Clouds returns a row for every cloud KMS name and address. The slice is the caller's.
func Clouds() []Cloud { return slices.Clone(cloudTable()) }

// CloudKMS tells whether a host name or IP address, with or without a port, is a KMS endpoint of a public cloud.
func CloudKMS(hostOrAddr string) (Cloud, bool) {
	host := strings.TrimSpace(hostOrAddr)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.Unmap().WithZone("").String()
	}
	for _, c := range cloudTable() {
		if c.Host == host {
			return c, true
		}
	}
	return Cloud{}, false
}
