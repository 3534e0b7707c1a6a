// Package directory reads the objects of AD-based activation from a domain
// controller, over LDAP, and writes nothing there.
//
// [Read] has one conversation with one server: it reads the root entry without
// a name, encrypts, binds with a name and password or as the logged-on user of
// Windows where that was asked for, and lists CN=Activation Objects,CN=Microsoft SPP,CN=Services below the forest's
// configuration naming context (MS-ADTS 6.1.1.2.4). The forest replicates that
// container to every domain controller, so that one answer is enough.
//
// A password and a ticket travel over TLS alone; without TLS the bind is refused
// here. The logged-on user needs no password: SASL GSSAPI (RFC 4752) carries a
// Kerberos ticket that is bound to the TLS connection. Calls into Windows are
// behind one small interface and in one file.
// Referrals are noted and never followed. What a server can make this package
// read, keep and wait for is bounded: by [MaxBytes] and [MaxObjects], and by the
// time limits of [Access].
package directory
