package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// recentFile keeps the names of the targets that the interactive program was
// used on, newest first, a line each. It holds nothing else.
type recentFile struct{ name string }

// Bounds of the file of recent targets.
const (
	maxRecent      = 10
	maxRecentLine  = 256     // bytes of a name
	maxRecentBytes = 8 << 10 // that are read
)

// recentTargets is the file of this user. The error says why there is none.
func recentTargets() (recentFile, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return recentFile{}, err
	}
	return recentFile{filepath.Join(dir, "kmsdiag", "recent")}, nil
}

// read returns the targets, newest first; none where there is no file. Lines that
// are no names are passed over.
func (r recentFile) read() ([]string, error) {
	f, err := os.Open(r.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	var list []string
	lines := bufio.NewScanner(io.LimitReader(f, maxRecentBytes))
	for lines.Scan() && len(list) < maxRecent {
		if line := lines.Text(); isTargetName(line) && !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return list, err
	}
	return list, nil
}

// isTargetName tells whether a line is printable and as long as a name may be.
func isTargetName(line string) bool {
	return line != "" && len(line) <= maxRecentLine && !strings.ContainsAny(line, " \t") && typeset.Printable(line) == line
}

// add puts a target in front. The file is replaced as a whole, so that a reader
// sees the old or the new one; only its owner can read it.
func (r recentFile) add(target string) error {
	if !isTargetName(target) {
		return nil
	}
	list, err := r.read()
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(old string) bool { return old == target })
	list = append([]string{target}, list...)
	list = list[:min(len(list), maxRecent)]
	dir := filepath.Dir(r.name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".recent-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(strings.Join(list, "\n") + "\n")
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), r.name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
