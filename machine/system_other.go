//go:build !windows

package machine

// System returns the source of this machine: [Absent], for it is not Windows.
func System() Source { return Absent{} }
