// Package evidence is the vocabulary of what was observed: a DNS answer, a
// refused connection, a KMS count of 12, a line of slmgr output.
//
// Three sources write it, live checks, packet captures and pasted text, and one
// reader, package diagnose, explains it. An observation says what was seen and
// where (its [Origin]); it never says why. Every type survives JSON, so that a
// saved run can be diagnosed again by a later version.
//
// Strings that come from a peer, a packet or a paste are kept as they were
// received; whoever shows them strips control characters first (see [Clean]).
package evidence
