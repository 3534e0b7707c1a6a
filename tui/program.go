package tui

import (
	"context"
	"errors"
	"fmt"
	"io"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// Run shows the program on a terminal until the user leaves, and returns the
// model as it was then, for its events to be printed. The terminal is restored in
// any case. The error is [tea.ErrProgramPanic] when the program broke; what was
// found is in the model all the same.
func Run(ctx context.Context, in io.Reader, out io.Writer, m *Model) error {
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler()}
	if !m.opts.Style.Color {
		// The library heeds NO_COLOR of 1 and true alone.
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	} else {
		options = append(options, tea.WithColorProfile(colorprofile.ANSI))
	}
	_, err := tea.NewProgram(m, options...).Run()
	m.stop()
	m.endMatrix()
	m.endCapture()
	stopped := errors.Is(err, tea.ErrInterrupted) || ctx.Err() != nil
	if err == nil || stopped && !errors.Is(err, tea.ErrProgramPanic) {
		return nil
	}
	return fmt.Errorf("the terminal program: %w", err)
}
