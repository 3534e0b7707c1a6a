// Package capture reads packets, from files or from an interface, and tells
// what KMS clients and hosts said to each other.
//
// The way of a packet: a [Source] reads it, the link and network layers are
// taken off, TCP streams are put together again, RPC calls are paired, and the
// messages are opened by package kms. [Run] drives that and hands on what it
// finds as [Record] values, in the order in which things end: exchanges,
// connections, DNS questions. What they add up to is a [Report], which holds
// evidence for package diagnose and an inventory of clients.
//
// KMS is found by the RPC interface id of a bind, on any port. Where the bind
// was not captured, a call whose shape only KMS has is taken for one.
//
// Every byte is hostile here: all tables are bounded, whatever does not decode
// is counted and passed over, and a file that breaks in the middle gives what
// it had until then. Nothing in this package renders.
package capture
