package tui

import "github.com/kmsdiag/kmsdiag/diagnose"

// ticket is the shell of a step that somebody else is asked for, in prose.
const ticket = "ticket"

// where says at which place and in which shell a step is done: "on the KMS host,
// in PowerShell".
func where(s diagnose.Step) string {
	if s.Shell == ticket {
		return "as a ticket"
	}
	place := placed(s.Who)
	if s.Shell != "" {
		place += ", in " + article[s.Shell] + shellWord(s.Shell)
	}
	return place
}

// whereShort is the same in as few words as it takes: "KMS host, PowerShell".
func whereShort(s diagnose.Step) string {
	if s.Shell == ticket {
		return ticket
	}
	place := whoWord(s.Who)
	if s.Shell != "" {
		place += ", " + shellWord(s.Shell)
	}
	return place
}

// placed says where somebody acts.
func placed(who string) string {
	before := map[string]string{
		"network": "in the ", "cloud": "in the ", "directory": "in the ", "image": "in the ",
		"licensing portal": "at the ",
	}[who]
	if before == "" {
		before = "on the "
	}
	return before + whoWord(who)
}

func whoWord(who string) string {
	if who == "DNS" {
		return "DNS server"
	}
	return who
}

// article stands before the shells that are no proper name.
var article = map[string]string{"sh": "a "}

func shellWord(shell string) string {
	if shell == "sh" {
		return "shell"
	}
	return shell
}

// comment is a line that a step's shell ignores, with the place the step is for.
func comment(s diagnose.Step) string {
	mark := "# "
	if s.Shell == "cmd" {
		mark = "rem "
	}
	text := placed(s.Who)
	if s.Shell != "" {
		text += ", " + shellWord(s.Shell)
	}
	return mark + text
}
