package checks

import (
	"syscall"

	"golang.org/x/sys/windows"
)

const systemName = "Windows"

// The Winsock error numbers of a failed connection attempt; the last is none,
// and only Go's own.
const (
	errRefused         = windows.WSAECONNREFUSED
	errReset           = windows.WSAECONNRESET
	errTimedOut        = windows.WSAETIMEDOUT
	errHostUnreachable = windows.WSAEHOSTUNREACH
	errHostDown        = windows.WSAEHOSTDOWN
	errNetUnreachable  = windows.WSAENETUNREACH
	errNoAddress       = windows.WSAEADDRNOTAVAIL
	errNoFamily        = windows.WSAEAFNOSUPPORT
	errAccess          = windows.WSAEACCES
	errNotPermitted    = syscall.EPERM
)
