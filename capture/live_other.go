//go:build !linux && !darwin && !windows

package capture

import "errors"

// Interfaces lists the interfaces of the system.
func Interfaces() ([]Interface, error) { return plainInterfaces() }

func openHandle(LiveOptions) (handle, error) {
	return nil, &PrivilegeError{Err: errors.New("live capture is not supported on this system"), Cure: "capture with tcpdump -w and read the file"}
}
