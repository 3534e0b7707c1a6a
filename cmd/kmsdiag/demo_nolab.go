//go:build nolab

package main

import "github.com/spf13/cobra"

// newDemo returns nil: this build has no simulated site.
func (a *app) newDemo() *cobra.Command { return nil }
