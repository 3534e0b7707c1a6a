// Command kmsdiag finds out why Windows or Office does not activate against a
// KMS host.
//
// # Usage
//
//	kmsdiag [check] [ARG]...    ask DNS, connect, bind, request, judge
//	kmsdiag explain CODE...     what a status code or a cause means
//	kmsdiag products [HOST]     what can be activated, or which of it a host serves
//	kmsdiag adba DOMAIN         what the activation objects of Active Directory cover
//	kmsdiag show FILE           a saved run again, in any format
//	kmsdiag demo [SCENARIO]     a check of a simulated site
//	kmsdiag version             which build this is
//
// # Exit codes
//
// The exit code is the same in every format.
//
//	0    nothing failed; warnings included
//	1    kmsdiag itself failed
//	2    it was called wrongly, or knows no such code
//	3    something failed
//	4    something warned, and --fail-on warn was given
//	130  stopped
//
// # Environment
//
//	NO_COLOR             of any value: no colours
//	TERM=dumb            no colours, plain marks
//	KMSDIAG_NO_REQUEST   of any value: as --no-request
//	KMSDIAG_NO_RECENT    of any value: as tui --no-recent
//	KMSDIAG_LDAP_USER    who reads activation objects; self: the user of this Windows session
//	KMSDIAG_LDAP_PASSWORD, KMSDIAG_LDAP_PASSWORD_FILE
//	                     the password of another user, or the file of it
//
// # Limitations
//
// A check says what this machine meets, from this place, for one product. No
// other PC's licence, key or pinned host is looked at.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/report"
)

// The exit codes, whatever --output says.
const (
	exitOK       = 0
	exitInternal = 1
	exitUsage    = 2
	exitFailed   = 3
	exitWarned   = 4
	exitStopped  = 130
)

func main() {
	// A double click in Explorer runs a check like any other start.
	cobra.MousetrapHelpText = ""
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	screen, restore := report.OpenScreen(os.Stdout)
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, screen: screen, pause: firstPause}
	code := a.run(ctx, os.Args[1:])
	restore()
	os.Exit(code)
}

// app is what every subcommand needs of the world around it.
type app struct {
	stdin  io.Reader
	stdout io.Writer // results
	stderr io.Writer // everything else
	screen report.Screen
	look   report.Look
	debug  string                               // file of --debug; empty: none
	log    *debugLog                            // that was opened for it; nil: none yet
	talks  atomic.Pointer[report.Conversations] // of the capture that the command is about; nil: of none
	pause  time.Duration                        // between the first attempts of --wait
	code   int                                  // exit code of a command that did its work
}

// run executes a command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.newRoot()
	root.SetArgs(codesAreNoFlags(args))
	if err := root.ExecuteContext(ctx); err != nil {
		return a.failed(err)
	}
	if err := a.nothingSent(); err != nil {
		return a.failed(err)
	}
	return a.code
}
