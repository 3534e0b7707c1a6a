// Package kms speaks Microsoft's Key Management Service protocol as a client
// and as a reader: it seals and opens requests (V4, V5, V6), opens and verifies
// answers, splits the host's ePID into its parts, and asks a host over a
// [Conn], step by step and with every step's outcome kept.
//
// A message is opened whether it came from the network or from a capture: a
// request alone, an answer alone, or an answer with its request, which allows
// more checks. What was found is a [Verification], a list of named checks; a
// failed check is data for a reader of captures and an error for a client.
//
// The package never seals an answer, and nothing here activates Windows.
//
// Inside a message all integers are little-endian, GUIDs have the Windows wire
// order, texts are UTF-16, and times are [Filetime] values in UTC.
package kms
