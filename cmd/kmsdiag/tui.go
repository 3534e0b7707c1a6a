package main

import (
	"context"
	"errors"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/internal/clipboard"
	"github.com/kmsdiag/kmsdiag/run"
	"github.com/kmsdiag/kmsdiag/tui"
)

// tuiOptions are the flags of the interactive program.
type tuiOptions struct {
	check    checkOptions
	mouse    bool
	noRecent bool
}

const tuiLong = `Tui opens the interactive program: the checks as they run, why they failed, the
pages of codes, pasted text and captures, on one screen. kmsdiag without a command
does the same on a terminal.

Leaving it prints what kmsdiag check would have printed.`

func (a *app) newTUI() *cobra.Command {
	var o tuiOptions
	cmd := &cobra.Command{
		Use:   "tui [ARG]...",
		Short: "The interactive program, as kmsdiag without a command opens it",
		Long:  tuiLong,
		Example: `  kmsdiag tui corp.example
  kmsdiag tui 10.0.0.5 --no-request`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.check.target.PortGiven = cmd.Flags().Changed("port")
			if why := a.noScreen(); why != "" {
				a.say("kmsdiag: the interactive program needs a terminal, and %s; running kmsdiag check instead", why)
				o.check.output = defaultOutput()
				return a.check(cmd.Context(), o.check, args)
			}
			return a.tui(cmd.Context(), o, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.check.addTarget(cmd)
	f.StringSliceVar(&o.check.with, "with", nil, "`FILE` with pasted text, judged together with what is seen")
	f.BoolVar(&o.mouse, "mouse", false, "let the mouse scroll and choose; it takes away the terminal's own selection")
	f.BoolVar(&o.noRecent, "no-recent", false, "neither list nor remember the targets of earlier sessions (also KMSDIAG_NO_RECENT)")
	return cmd
}

// noScreen says why the interactive program cannot be shown; empty when it can.
func (a *app) noScreen() string {
	stdin, ok := a.stdin.(*os.File)
	switch {
	case !a.screen.Terminal:
		return "standard output is not one"
	case !ok || !term.IsTerminal(stdin.Fd()):
		return "standard input is not one"
	case a.style().Accessible:
		return "" // lines are all it takes
	case a.screen.Env("TERM") == "dumb":
		return "TERM=dumb cannot show one"
	case a.screen.Plain:
		return "this console does not act on ANSI sequences"
	}
	return ""
}

// tui opens the interactive program over this machine's network.
func (a *app) tui(ctx context.Context, o tuiOptions, args []string) error {
	env, err := checkEnv(o.check, args)
	if err != nil {
		return asUsage(err)
	}
	if env.Directory, err = a.directoryFromEnviron(nil); err != nil {
		return err
	}
	with, err := a.with(ctx, o.check.with)
	if err != nil {
		return err
	}
	done, err := a.debugging(env)
	defer done()
	if err != nil {
		return err
	}
	svc := tui.Services{}
	if file, err := recentTargets(); err == nil && !o.noRecent && os.Getenv("KMSDIAG_NO_RECENT") == "" {
		svc.Recent, svc.Remember = file.read, file.add
	}
	return a.screenProgram(ctx, env, svc, tui.Options{With: with, Mouse: o.mouse})
}

// screenProgram runs the interactive program in a world, and prints what was
// found when the user leaves.
func (a *app) screenProgram(ctx context.Context, env *checks.Env, svc tui.Services, o tui.Options) error {
	o.Target, o.NoRequest = env.Target, env.Target.NoRequest
	a.services(env, &svc, o.Simulated)
	if svc.Capture == nil {
		a.captureServices(&svc, nil)
	}
	return a.onScreen(ctx, svc, o)
}

// savedProgram runs the interactive program on a saved run, over no network.
func (a *app) savedProgram(ctx context.Context, o tui.Options) error {
	var svc tui.Services
	a.stillServices(&svc)
	return a.onScreen(ctx, svc, o)
}

func (a *app) onScreen(ctx context.Context, svc tui.Services, o tui.Options) error {
	o.Style, o.Version = a.style(), buildVersion()
	if o.Style.Accessible {
		return a.converse(ctx, svc, o)
	}
	m := tui.New(ctx, svc, o)
	err := tui.Run(ctx, a.stdin, a.stdout, m)
	if err != nil && errors.Is(err, tea.ErrProgramPanic) {
		a.say("kmsdiag: the screen broke, and the terminal was restored; what was found follows. kmsdiag check does the same without a screen.")
	}
	err = errors.Join(err, a.leave(m))
	if ctx.Err() != nil {
		a.code = exitStopped
	}
	return err
}

// converse runs the line-by-line twin of the program.
func (a *app) converse(ctx context.Context, svc tui.Services, o tui.Options) error {
	last, err := tui.Converse(ctx, a.stdin, a.stdout, svc, o)
	if last != nil {
		a.code = defaultOutput().exitCode(*last)
	}
	if ctx.Err() != nil {
		a.code = exitStopped
	}
	return err
}

// leave prints the text result of a session to the normal screen.
func (a *app) leave(m *tui.Model) error {
	o := defaultOutput()
	r, err := a.renderer(o, a.stdout)
	if err != nil {
		return err
	}
	events := m.Events()
	for _, e := range events {
		if e.Summary != nil {
			a.code = o.exitCode(*e.Summary)
		}
	}
	if err := showAll(r, events); err != nil {
		return err
	}
	if talks := a.talks.Load(); talks != nil {
		if err := talks.Write(a.stdout, a.style(), m.Mask()); err != nil {
			return err
		}
	}
	return writeMatrices("text", a.stdout, a.style(), m.Matrices())
}

// services connects the program to the checks.
func (a *app) services(env *checks.Env, svc *tui.Services, scenario string) {
	svc.Run = func(ctx context.Context, ask tui.Request, emit func(run.Event)) error {
		if scenario != "" {
			emit = saidSimulated(scenario, emit)
		}
		world, err := worldOf(env, ask)
		if err != nil {
			return err
		}
		opts := checks.Options{With: ask.With, Wanted: ask.Wanted}
		if ask.BindOnly {
			opts.Skip = []string{checks.KMSRequest.ID, checks.KMSCount.ID, checks.KMSClock.ID, checks.KMSIdentity.ID}
		}
		checks.Run(ctx, world, checks.Planned(world), opts, emit)
		return nil
	}
	matrixServices(env, svc)
	svc.Parse = parseForm
	svc.Announce = func(ctx context.Context, ask tui.Request) ([]string, error) {
		world, err := worldOf(env, ask)
		if err != nil {
			return nil, err
		}
		return announced(ctx, world), nil
	}
	svc.Messages = taped(env)
	a.stillServices(svc)
}

// stillServices are those that need no network.
func (a *app) stillServices(svc *tui.Services) {
	svc.Read = readPasted
	svc.Save = func(format string, events []run.Event, matrices []run.Matrix) (string, error) {
		return saveReport(format, events, matrices, time.Now())
	}
	if os.Getenv("SSH_CONNECTION") == "" {
		// Over SSH the clipboard of this machine is not the user's.
		svc.Clipboard = clipboard.Write
	}
	svc.Judge = func(results []run.Result, with evidence.Set) run.Summary {
		return checks.Summarise(results, checks.Options{With: with})
	}
}
