package evidence

import (
	"fmt"
	"strings"
)

// Origin says where an observation was made. One of the three groups is filled:
// a live check, a captured packet, or a line of pasted text.
type Origin struct {
	Check   string `json:"check,omitempty"`   // id of the check, such as "tcp.connect"
	Subject string `json:"subject,omitempty"` // key of the subject that was asked about

	File    string  `json:"file,omitempty"`    // capture file or interface
	Packets []int64 `json:"packets,omitempty"` // packet numbers in it, counted from 1

	Paste string `json:"paste,omitempty"` // name of the pasted source: a file name, "standard input", "arguments"
	Line  int    `json:"line,omitempty"`  // line in it, counted from 1
	Text  string `json:"text,omitempty"`  // the line itself, as it was read
}

// String names the place for a person: "tcp.connect kms01:1688",
// "trace.pcap packet 12", "standard input line 3".
func (o Origin) String() string {
	switch {
	case o.Check != "":
		return strings.TrimSpace(o.Check + " " + o.Subject)
	case o.File != "" && len(o.Packets) == 1:
		return fmt.Sprintf("%s packet %d", o.File, o.Packets[0])
	case o.File != "" && len(o.Packets) > 1:
		return fmt.Sprintf("%s packets %d..%d", o.File, o.Packets[0], o.Packets[len(o.Packets)-1])
	case o.File != "":
		return o.File
	case o.Paste != "" && o.Line > 0:
		return fmt.Sprintf("%s line %d", o.Paste, o.Line)
	}
	return o.Paste
}

// Live tells whether the observation was made by a check of this run.
func (o Origin) Live() bool { return o.Check != "" }

// Pasted tells whether the observation was read from text.
func (o Origin) Pasted() bool { return o.Paste != "" }
