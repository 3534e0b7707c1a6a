// Package diagnose explains evidence: which causes account for what was
// observed, which are ruled out, what cures them and what to test next.
//
// Each cause has a stable id, a page (data under pages/) and a rule (code).
// [Diagnose] is pure and cheap, so that it may be asked after every event of a
// run. It never touches the network; a rule written once serves a live check, a
// packet capture and pasted text alike.
//
// A rule speaks from what was observed. Where nobody looked, a status code alone
// still makes causes possible (data/codes.tsv), and so does a statement in plain
// words (data/statements.tsv); both weigh less than an observation, and neither
// makes a cause found. [Conclude] then says in words what is proved and what
// nobody looked at.
package diagnose
