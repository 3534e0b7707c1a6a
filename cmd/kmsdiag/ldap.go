package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/charmbracelet/x/term"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/directory"
)

// The environment that names who reads the directory. There is no flag for a
// password: arguments are seen by every user of a machine.
const (
	envUser         = "KMSDIAG_LDAP_USER"
	envPassword     = "KMSDIAG_LDAP_PASSWORD"
	envPasswordFile = "KMSDIAG_LDAP_PASSWORD_FILE"
)

// selfUser stands for the user of this Windows session in the place of a name.
const selfUser = "self"

// reader says who reads the directory, empty for nobody, and the flag or variable
// that says so. On Windows it is the user of the session unless somebody is named.
func (o adbaOptions) reader(windows bool) (user, source string, err error) {
	user, source = o.user, "--user "+o.user
	if user == "" && !o.anonymous {
		user = os.Getenv(envUser)
		source = envUser + "=" + user
	}
	switch {
	case o.anonymous && (o.user != "" || o.file != ""):
		return "", "", usagef("--anonymous excludes --user and --password-file")
	case user == "" && o.file != "":
		return "", "", usagef("--password-file %s: there is no --user whose password it would be", o.file)
	case user == selfUser && o.file != "":
		return "", "", usagef("%s: the user of this Windows session logs on without --password-file", source)
	case user == "" && windows && !o.anonymous:
		return selfUser, "--user " + selfUser, nil
	}
	return user, source, nil
}

// asSelf makes the user of this Windows session the one who reads the directory.
// Elsewhere that is a wrong use of what named it.
func asSelf(access *directory.Access, source string) error {
	if _, err := directory.Self(); errors.Is(err, directory.ErrNoSelf) {
		return usagef("%s: %w", source, err)
	}
	access.Self = true
	return nil
}

// sayWho names the user of this Windows session before its ticket is used.
func (a *app) sayWho(access directory.Access) {
	if !access.Self {
		return
	}
	name, err := directory.Self()
	if err != nil {
		name = "a user whose name Windows does not tell"
	}
	a.say("will log on to the directory as %s, the user of this Windows session", tame(name))
}

// maxPassword is more than Active Directory takes, in bytes.
const maxPassword = 1024

// readPassword reads the first line of a file; - is standard input.
func (a *app) readPassword(name string) (directory.Secret, error) {
	from := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close() //nolint:errcheck // only read
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxPassword+1))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	line = strings.TrimSuffix(strings.TrimPrefix(line, "\ufeff"), "\r")
	switch {
	case line == "":
		return "", errors.New("its first line is empty: that is where the password belongs")
	case len(line) > maxPassword:
		return "", fmt.Errorf("its first line is longer than %d bytes: no password is", maxPassword)
	}
	return directory.Secret(line), nil
}

// plainFileError leaves the operation out of an error of reading a file.
func plainFileError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// everyCheck lists the checks of every kind of run.
func everyCheck() []*checks.Check {
	return checks.Planned(&checks.Env{Directory: new(checks.Directory)})
}

// directoryFromEnviron returns how a check reads activation objects: not at all
// unless the environment names a user, which may be that of the Windows session.
// Only are the ids of --only.
func (a *app) directoryFromEnviron(only []string) (*checks.Directory, error) {
	user := os.Getenv(envUser)
	if user == "" {
		if slices.Contains(only, checks.ADBAObjects.ID) {
			return nil, usagef("--only %s: it needs a user and a password, in %s and %s or %s; on Windows %s=%s is the user of this session",
				checks.ADBAObjects.ID, envUser, envPassword, envPasswordFile, envUser, selfUser)
		}
		return nil, nil //nolint:nilnil // nothing was asked for
	}
	if user == selfUser {
		d := &checks.Directory{}
		return d, asSelf(&d.Access, envUser+"="+user)
	}
	d := &checks.Directory{Access: directory.Access{User: user, Password: directory.Secret(os.Getenv(envPassword))}}
	if file := os.Getenv(envPasswordFile); d.Access.Password == "" && file != "" {
		var err error
		if file == "-" {
			return nil, usagef("%s: want the name of a file", envPasswordFile)
		}
		if d.Access.Password, err = a.readPassword(file); err != nil {
			return nil, usagef("%s: %s: %w", envPasswordFile, file, plainFileError(err))
		}
	}
	if d.Access.Password == "" {
		return nil, usagef("%s is set, but neither %s nor %s", envUser, envPassword, envPasswordFile)
	}
	return d, nil
}

// askPassword asks for a password on the terminal, without showing it.
func (a *app) askPassword(ctx context.Context, user string) (directory.Secret, error) {
	f, ok := a.stdin.(*os.File)
	if !ok || !term.IsTerminal(f.Fd()) {
		return "", usagef("--user %s needs a password: --password-file FILE, %s, or a terminal to ask on", user, envPassword)
	}
	state, err := term.GetState(f.Fd())
	if err != nil {
		return "", fmt.Errorf("asking for a password: %w", err)
	}
	_, _ = fmt.Fprintf(a.stderr, "Password of %s: ", tame(user))
	type typed struct {
		text []byte
		err  error
	}
	done := make(chan typed, 1)
	go func() { // ends with the process where the user stops it here
		text, err := term.ReadPassword(f.Fd())
		done <- typed{text, err}
	}()
	select {
	case <-ctx.Done():
		_ = term.Restore(f.Fd(), state) // or the shell would not echo any more
		a.say("")
		return "", ctx.Err()
	case t := <-done:
		a.say("")
		switch {
		case t.err != nil:
			return "", fmt.Errorf("asking for a password: %w", t.err)
		case len(t.text) == 0:
			return "", usagef("no password was typed")
		}
		return directory.Secret(t.text), nil
	}
}
