// Package dcerpc reads and writes the connection-oriented DCE/RPC PDUs
// (version 5.0, "ncacn_ip_tcp") that carry Microsoft's Key Management Service
// protocol, and the NDR32 and NDR64 stubs of a method that takes one blob of
// bytes and returns another.
//
// The Parse functions work on byte slices, allocate nothing on success unless a
// list demands it, and alias their input. They honour the byte order that a PDU
// declares; the Append functions write little-endian unless the header says
// otherwise. [Reader] is separate: it frames PDUs out of a stream, bounded, and
// tells when the bytes are no DCE/RPC at all.
//
// Facts are from The Open Group's C706 (chapter 12, "RPC PDU Encodings") and
// Microsoft's MS-RPCE (section 2.2). The package knows nothing of KMS.
package dcerpc
