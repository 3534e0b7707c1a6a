package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/directory"
	"github.com/kmsdiag/kmsdiag/run"
	"github.com/kmsdiag/kmsdiag/tui"
)

func TestWhoReadsTheDirectory(t *testing.T) {
	for _, tt := range []struct {
		name    string
		o       adbaOptions
		env     string
		windows bool
		user    string
		source  string
		wrong   string
	}{
		{"nobody", adbaOptions{}, "", false, "", "", ""},
		{"the session's user", adbaOptions{}, "", true, "self", "--user self", ""},
		{"the session's user by flag", adbaOptions{user: "self"}, "", false, "self", "--user self", ""},
		{"the session's user by environment", adbaOptions{}, "self", true, "self", "KMSDIAG_LDAP_USER=self", ""},
		{"without a name on Windows", adbaOptions{anonymous: true}, "", true, "", "", ""},
		{"without a name whatever the environment says", adbaOptions{anonymous: true}, "auditor", true, "", "", ""},
		{"another by flag", adbaOptions{user: "auditor", file: "f"}, "self", true, "auditor", "--user auditor", ""},
		{"another by environment", adbaOptions{file: "f"}, "auditor", true, "auditor", "KMSDIAG_LDAP_USER=auditor", ""},
		{"a name and none", adbaOptions{anonymous: true, user: "self"}, "", true, "", "", "--anonymous excludes"},
		{"a password of nobody", adbaOptions{file: "f"}, "", true, "", "", "there is no --user"},
		{"a password of the session's user", adbaOptions{user: "self", file: "f"}, "", true, "", "", "logs on without --password-file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(envUser, tt.env)
			user, source, err := tt.o.reader(tt.windows)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("error %v, want %s", err, tt.wrong)
				}
				return
			}
			if err != nil || user != tt.user || user != "" && source != tt.source {
				t.Errorf("%q by %q, %v; want %q by %q", user, source, err, tt.user, tt.source)
			}
		})
	}
}

// A run that nobody asked to read the directory does not, on Windows either.
func TestCheckReadsNoDirectoryByItself(t *testing.T) {
	t.Setenv(envUser, "")
	d, err := (&app{}).directoryFromEnviron(nil)
	if d != nil || err != nil {
		t.Errorf("%+v, %v", d, err)
	}
	t.Setenv(envUser, selfUser)
	d, err = (&app{}).directoryFromEnviron(nil)
	if isWindows && (err != nil || !d.Access.Self || d.Access.User != "") || !isWindows && !errors.Is(err, directory.ErrNoSelf) {
		t.Errorf("self: %+v, %v", d, err)
	}
}

// The interactive program announces and plans what a check does.
func TestScreenPlansTheDirectory(t *testing.T) {
	env := &checks.Env{Target: run.Target{Domains: []string{"corp.example"}}, Directory: &checks.Directory{Access: directory.Access{Self: true}}}
	svc := tui.Services{}
	(&app{}).services(env, &svc, "")
	for name, with := range map[string]*checks.Directory{"ticket": env.Directory, "": nil} {
		env.Directory = with
		sends, err := svc.Announce(t.Context(), tui.Request{Target: env.Target})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(sends, "; "), "Kerberos ticket, over TLS alone"); got != (name != "") {
			t.Errorf("announced %q", sends)
		}
	}
}
