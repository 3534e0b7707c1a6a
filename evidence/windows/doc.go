// Package windows reads what Windows and its administrators' tools print, from
// pasted text, into an evidence.Set.
//
// [Read] takes any mixture: output of slmgr.vbs, ospp.vbs and their successors,
// KMS events in every form in which they are exported, the answers of DNS,
// port, clock and routing tools, logs of other KMS servers, bare error codes
// and plain words. The text may have come by console, mail or web page: it may
// be wrapped in the middle of words, quoted, fenced, in full-width characters
// and in any of the usual encodings, and labels may be in another language than
// English.
//
// A paste is read line by line and in bounded memory. A line is freed of its
// dressing and joined with the next where a console cut it, then offered to the
// open section (a block of slmgr, an event, a DNS answer), to the openers of
// sections, to the readers of single lines, and at last to the readers of codes
// and of words. What nobody understood is listed as unread.
//
// Every observation has an evidence.Origin with the line it was read from. No
// product key leaves this package: all but the last five characters are masked,
// unless it is a generic key that Microsoft prints for everybody.
package windows
