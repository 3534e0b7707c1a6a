package machine

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
)

// maxEventText bounds the text of one answer of an event log, in bytes.
const maxEventText = 4 << 20

// Events implements [Source] with wevtutil, which Windows has since Vista: its
// own reader of logs in a process of its own, that can be ended when it hangs.
func (system) Events(ctx context.Context, q EventQuery) ([]Event, error) {
	folder, err := windows.GetSystemDirectory()
	if err != nil {
		return nil, fmt.Errorf("system folder: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(folder, "wevtutil.exe"),
		"qe", q.Log, "/q:"+q.xpath(), "/c:"+strconv.Itoa(q.Max), "/rd:true", "/f:xml")
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true}
	var out, problem limited
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(strings.ToValidUTF8(problem.String(), "?")); text != "" {
			return nil, fmt.Errorf("wevtutil: %.200s", text)
		}
		return nil, fmt.Errorf("wevtutil: %w", err)
	}
	return parseEvents(out.String(), q.Max)
}

// limited keeps the first bytes that a program prints.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := maxEventText - l.Len(); room > 0 {
		_, _ = l.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}
