package checks

import "testing"

func TestContainer(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"":          {"/proc/1/cgroup": "0::/init.scope\n", "/proc/sys/kernel/osrelease": "6.1.0-13-amd64\n"},
		"wsl":       {"/proc/sys/kernel/osrelease": "5.15.90.1-microsoft-standard-WSL2\n"},
		"container": {"/proc/1/cgroup": "11:cpu:/docker/0123\n"},
	} {
		if got := tree(t, files).container(); got != want {
			t.Errorf("%v: %q, want %q", files, got, want)
		}
	}
	if got := tree(t, map[string]string{"/.dockerenv": ""}).container(); got != "container" {
		t.Errorf(".dockerenv: %q", got)
	}
}
