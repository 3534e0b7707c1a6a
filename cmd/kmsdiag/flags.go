package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// asUsage makes an error one of usage; nil stays nil.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

// flagError turns what the flag parser says into a sentence that names the
// flag, what was given and what is accepted.
func flagError(cmd *cobra.Command, err error) error {
	var (
		unknown  *pflag.NotExistError
		invalid  *pflag.InvalidValueError
		required *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &invalid):
		return usagef("--%s %s: %s", invalid.GetFlag().Name, invalid.GetValue(), plainCause(invalid))
	case errors.As(err, &required):
		f := required.GetFlag()
		return usagef("--%s needs a value: %s", f.Name, strings.ReplaceAll(f.Usage, "`", ""))
	}
	return asUsage(err)
}

// plainCause says why a value was refused, in words.
func plainCause(e *pflag.InvalidValueError) string {
	switch kind := e.GetFlag().Value.Type(); kind {
	case "int":
		return "want a whole number"
	case "bool":
		return "want no value, or =true or =false"
	default:
		return e.Unwrap().Error()
	}
}

func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	help := cmd.CommandPath() + " --help lists the flags"
	name := e.GetSpecifiedName()
	if e.GetSpecifiedShortnames() != "" {
		return usagef("there is no flag -%s; %s", name, help)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := nearest(name, names); near != "" {
		return usagef("there is no flag --%s; did you mean --%s?", name, near)
	}
	return usagef("there is no flag --%s; %s", name, help)
}

// choiceValue is a flag that accepts a few words.
type choiceValue struct {
	to    *string
	words []string
}

// choice returns the value of a flag that accepts words, the first by default.
func choice(to *string, words ...string) *choiceValue {
	*to = words[0]
	return &choiceValue{to, words}
}

// String is the current word.
func (c *choiceValue) String() string { return *c.to }

// Type is shown in the help.
func (c *choiceValue) Type() string { return "string" }

// Set takes one of the words.
func (c *choiceValue) Set(s string) error {
	if !slices.Contains(c.words, s) {
		last := len(c.words) - 1
		text := "want " + strings.Join(c.words[:last], ", ") + " or " + c.words[last]
		if near := nearest(s, c.words); near != "" {
			text += "; did you mean " + near + "?"
		}
		return errors.New(text)
	}
	*c.to = s
	return nil
}

// complete lets the shell complete the values of a flag of the command.
func complete(cmd *cobra.Command, flag string, words ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("kmsdiag: " + err.Error()) // the flag is not defined: a mistake in this program
	}
}

// durationValue is a flag that accepts a duration of at least min.
type durationValue struct {
	to  *time.Duration
	min time.Duration
}

// String is the duration; empty for none.
func (d durationValue) String() string {
	if *d.to == 0 {
		return ""
	}
	return d.to.String()
}

// Type is shown in the help.
func (d durationValue) Type() string { return "duration" }

// Set takes a duration such as 5s.
func (d durationValue) Set(s string) error {
	v, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return errors.New("want a duration such as 5s, 2m or 1h")
	case v < d.min:
		return fmt.Errorf("want %s at least", d.min)
	}
	*d.to = v
	return nil
}

// nearest returns the candidate that a mistyped word most likely meant; "" when
// none is close.
func nearest(word string, candidates []string) string {
	best, bestDistance := "", 3
	for _, c := range candidates {
		if d := distance(word, c); d < bestDistance && d < len([]rune(c)) {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance counts the letters to add, drop, change or swap with the next.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
