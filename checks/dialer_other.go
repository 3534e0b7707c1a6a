//go:build !linux && !windows

package checks

import "syscall"

const systemName = "this system"

// The error numbers of a failed connection attempt.
const (
	errRefused         = syscall.ECONNREFUSED
	errReset           = syscall.ECONNRESET
	errTimedOut        = syscall.ETIMEDOUT
	errHostUnreachable = syscall.EHOSTUNREACH
	errHostDown        = syscall.EHOSTDOWN
	errNetUnreachable  = syscall.ENETUNREACH
	errNoAddress       = syscall.EADDRNOTAVAIL
	errNoFamily        = syscall.EAFNOSUPPORT
	errAccess          = syscall.EACCES
	errNotPermitted    = syscall.EPERM
)
