package checks

import (
	"os"
	"strings"
)

// container names what stands between this process and the network of its
// machine: "wsl", "container", or "" for neither.
func (c *systemConfig) container() string {
	if strings.Contains(strings.ToLower(c.firstBytes("/proc/sys/kernel/osrelease")), "microsoft") {
		return "wsl"
	}
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(c.root + mark); err == nil {
			return "container"
		}
	}
	groups := c.firstBytes("/proc/1/cgroup")
	for _, word := range []string{"/docker/", "/kubepods", "/lxc/", "/libpod-"} {
		if strings.Contains(groups, word) {
			return "container"
		}
	}
	return ""
}

// firstBytes returns the start of a small file, "" when there is none.
func (c *systemConfig) firstBytes(name string) string {
	f, err := os.Open(c.root + name)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	b := make([]byte, 4096)
	n, _ := f.Read(b)
	return string(b[:n])
}
