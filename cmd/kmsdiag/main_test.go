package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kmsdiag": main})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	schema, err := filepath.Abs(filepath.Join("..", "..", "docs", "schema", "kmsdiag-1.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	captures, err := filepath.Abs(filepath.Join("..", "..", "capture", "testdata", "captures"))
	if err != nil {
		t.Fatal(err)
	}
	hostlogs, err := filepath.Abs(filepath.Join("..", "..", "hostlog", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"NO_COLOR", "KMSDIAG_NO_REQUEST", "LC_ALL", "LC_CTYPE"} {
				env.Setenv(name, "")
			}
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("TERM", "xterm")
			env.Setenv("SCHEMA", schema)
			env.Setenv("CAPTURES", captures)
			env.Setenv("HOSTLOGS", hostlogs)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "lab" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return (&app{}).newDemo() != nil, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":  code,
			"valid": valid,
			"alike": alike,
		},
	})
}

// code N ARG... runs kmsdiag and wants the exit code N.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: code N ARG...")
	}
	err := ts.Exec("kmsdiag", args[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("kmsdiag %s: exit code %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// valid FILE... holds each line of a .jsonl file, or a whole other file, against
// the published schema.
func valid(ts *testscript.TestScript, neg bool, args []string) {
	text, err := os.ReadFile(ts.Getenv("SCHEMA"))
	ts.Check(err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	ts.Check(err)
	c := jsonschema.NewCompiler()
	ts.Check(c.AddResource("s.json", doc))
	schema, err := c.Compile("s.json")
	ts.Check(err)
	for _, file := range args {
		content := ts.ReadFile(file)
		values := []string{content}
		if strings.HasSuffix(file, ".jsonl") {
			values = strings.Split(strings.TrimSpace(content), "\n")
		}
		for i, v := range values {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(v))
			ts.Check(err)
			if err := schema.Validate(value); (err != nil) != neg {
				ts.Fatalf("%s, value %d: %v", file, i+1, err)
			}
		}
	}
}

var (
	tookPattern  = regexp.MustCompile(` +(<1 ms|\d+ ms|\d+\.\d s)$`)
	totalPattern = regexp.MustCompile(` in (<1 ms|\d+ ms|\d+\.\d s)$`)
	clockPattern = regexp.MustCompile(`\d\d:\d\d(:\d\d\.\d)?`)
)

// alike FILE FILE tells whether two texts of runs differ in nothing but times
// and the order of rows that finish side by side.
func alike(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: alike FILE FILE")
	}
	normal := func(file string) string {
		lines := strings.Split(ts.ReadFile(file), "\n")
		for i, l := range lines {
			l = tookPattern.ReplaceAllString(l, "")
			l = totalPattern.ReplaceAllString(l, "")
			lines[i] = clockPattern.ReplaceAllString(l, "TIME")
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	if a, b := normal(args[0]), normal(args[1]); (a == b) == neg {
		ts.Fatalf("%s and %s:\n%s\n---\n%s", args[0], args[1], a, b)
	}
}
