package capture

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestTapFileIsPrivate looks at who may read packets that hold real names.
func TestTapFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes; a file inherits the rights of its folder")
	}
	name := filepath.Join(t.TempDir(), "kms.pcapng")
	var tap Tap
	if err := tap.Start(name); err != nil {
		t.Fatal(err)
	}
	if _, err := tap.Stop(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want mode 0600", info.Mode(), err)
	}
}
