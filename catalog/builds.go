package catalog

import (
	_ "embed" // for the table
	"slices"
	"strings"
	"sync"
	"time"
)

// Build is one Windows build as an ePID names it.
type Build struct {
	Number     int       // such as 17763
	Name       string    // the systems that have this build, such as "Windows 10 1809 / Server 2019"
	PlatformID int       // the first part of the ePIDs of hosts with this build, such as 3612
	Released   time.Time // general availability, UTC midnight
	Client     bool      // there are client editions of this build
	Server     bool      // there are server editions of this build; with Client, an ePID cannot tell which it is
	NDR64      bool      // its RPC runtime offers NDR64 on 64-bit systems
}

var (
	//go:embed data/builds.tsv
	buildsTSV string

	buildTable = sync.OnceValue(loadBuilds)
)

func loadBuilds() []Build {
	var builds []Build
	for _, r := range readTable("builds.tsv", buildsTSV, "build", "platform_id", "name", "released", "roles", "ndr64", "source") {
		builds = append(builds, Build{
			Number: number(r[0]), PlatformID: number(r[1]), Name: r[2], Released: date(r[3]),
			Client: has(r[4], "client"), Server: has(r[4], "server"), NDR64: r[5] == "true",
		})
	}
	return builds
}

// Builds returns every build of the table in ascending order. The slice is the caller's.
func Builds() []Build { return slices.Clone(buildTable()) }

// BuildByNumber returns the build with a number such as 17763. Pre-release builds and builds newer than the table
// are not in it.
func BuildByNumber(number int) (Build, bool) {
	i, ok := slices.BinarySearchFunc(buildTable(), number, func(b Build, n int) int { return b.Number - n })
	if !ok {
		return Build{}, false
	}
	return buildTable()[i], true
}

// SystemOf names the system of a role that has the build, such as "Windows 10 1809" or "Server 2019" of 17763.
func (b Build) SystemOf(role Class) string {
	client, server, both := strings.Cut(b.Name, " / ")
	if both && role == Server {
		return server
	}
	return client
}

// PlatformID returns the platform id that a host of any build, in the table or not, puts first in its ePID; false
// for the pre-release builds between two systems, where the change is not documented.
func PlatformID(build int) (int, bool) {
	switch {
	case build >= 10240:
		return 3612, true
	case build == 9600:
		return 6401, true
	case build == 9200:
		return 5426, true
	case build > 0 && build <= 7601:
		return 55041, true
	}
	return 0, false
}

// PlatformName names the systems that use a platform id, or returns "".
func PlatformName(platformID int) string {
	switch platformID {
	case 55041:
		return "Windows Vista, 7, Server 2008 or 2008 R2"
	case 5426:
		return "Windows 8 or Server 2012"
	case 6401:
		return "Windows 8.1 or Server 2012 R2"
	case 3612:
		return "Windows 10, Server 2016 or later"
	}
	return ""
}
