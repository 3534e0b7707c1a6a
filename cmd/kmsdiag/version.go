package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/report"
)

func (a *app) newVersion() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Which build this is",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := buildInfo()
			if format == "json" {
				return v.JSON(a.stdout)
			}
			return v.Text(a.stdout)
		},
	}
	cmd.Flags().VarP(choice(&format, "text", "json"), "output", "o", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	return cmd
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, and got %q", cmd.Name(), args[0])
	}
	return nil
}

// buildInfo collects what the Go linker knows of this binary.
func buildInfo() *report.Version {
	v := report.NewVersion("devel", runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if s := info.Main.Version; s != "" && s != "(devel)" {
		v.Version = s
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Date = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func buildVersion() string { return buildInfo().Version }
