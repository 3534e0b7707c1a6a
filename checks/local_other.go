//go:build !linux && !windows

package checks

// container is known on Linux only.
func (c *systemConfig) container() string { return "" }
