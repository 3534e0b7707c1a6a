package clipboard

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	user32           = windows.NewLazySystemDLL("user32.dll")
	openClipboard    = user32.NewProc("OpenClipboard")
	emptyClipboard   = user32.NewProc("EmptyClipboard")
	setClipboardData = user32.NewProc("SetClipboardData")
	closeClipboard   = user32.NewProc("CloseClipboard")

	kernel32     = windows.NewLazySystemDLL("kernel32.dll")
	globalAlloc  = kernel32.NewProc("GlobalAlloc")
	globalLock   = kernel32.NewProc("GlobalLock")
	globalUnlock = kernel32.NewProc("GlobalUnlock")
	globalFree   = kernel32.NewProc("GlobalFree")
	moveMemory   = kernel32.NewProc("RtlMoveMemory")
)

const (
	unicodeText = 13 // CF_UNICODETEXT: UTF-16, ended by a zero
	moveable    = 2  // GMEM_MOVEABLE, which the clipboard demands
)

// Write replaces the text on the clipboard. It fails where another program holds
// the clipboard, and where there is no desktop, as in a remote shell.
var Write = write

func write(text string) error {
	units, err := windows.UTF16FromString(text)
	if err != nil {
		return fmt.Errorf("clipboard: %w", err)
	}
	// The clipboard belongs to the thread that opened it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := acquire(); err != nil {
		return err
	}
	defer closeClipboard.Call() //nolint:errcheck // nothing to be done about it
	if ok, _, err := emptyClipboard.Call(); ok == 0 {
		return fmt.Errorf("clipboard: emptying it: %w", err)
	}
	size := uintptr(len(units) * 2)
	block, _, err := globalAlloc.Call(moveable, size)
	if block == 0 {
		return fmt.Errorf("clipboard: %w", err)
	}
	at, _, err := globalLock.Call(block)
	if at == 0 {
		globalFree.Call(block) //nolint:errcheck // the lock's error is the one to tell
		return fmt.Errorf("clipboard: %w", err)
	}
	moveMemory.Call(at, uintptr(unsafe.Pointer(&units[0])), size) //nolint:errcheck // it returns nothing
	runtime.KeepAlive(units)
	globalUnlock.Call(block) //nolint:errcheck // zero is its success
	if ok, _, err := setClipboardData.Call(unicodeText, block); ok == 0 {
		globalFree.Call(block) //nolint:errcheck // the block is ours still
		return fmt.Errorf("clipboard: %w", err)
	}
	return nil // the block is the system's now
}

// Another program may hold the clipboard for a moment.
const (
	tries = 5
	pause = 20 * time.Millisecond
)

func acquire() error {
	var last error
	for range tries {
		ok, _, err := openClipboard.Call(0)
		if ok != 0 {
			return nil
		}
		last = err
		time.Sleep(pause)
	}
	if errors.Is(last, windows.ERROR_ACCESS_DENIED) {
		return errors.New("clipboard: another program holds it")
	}
	return fmt.Errorf("clipboard: opening it: %w", last)
}
