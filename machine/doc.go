// Package machine asks one Windows machine what it says of its own licensing:
// the licensing service and its products through WMI, the values of the
// registry that choose a KMS host, the state of the services, the newest
// licensing events and, on a KMS host, its listener and its firewall rule.
//
// A [Source] answers these questions. The one of Windows is thin and needs no
// administrator rights; a recorded one, see [Recorded], answers the same from a
// [Record], so that everything behind it is tested on any system. [Read] asks a
// source within limits of time, part by part: what one part refuses does not
// touch the others and is listed in the record's problems.
//
// A record in JSON has the shape of what [PowerShell] prints on a machine where
// kmsdiag does not run. [Record.Evidence] reads it as package evidence/windows
// reads that text when somebody pastes it, so that the same machine gives the
// same evidence by both ways.
//
// Nothing here writes, and nothing leaves the machine. COM is initialised by
// the first WMI query, not before.
package machine
