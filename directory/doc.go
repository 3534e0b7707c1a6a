// Package directory reads the objects of AD-based activation from a domain
// controller, over LDAP, and writes nothing there.
//
// [Read] has one conversation with one server: it reads the root entry without
// a name, encrypts, binds with a name and password where they were given, and
// lists CN=Activation Objects,CN=Microsoft SPP,CN=Services below the forest's
// configuration naming context (MS-ADTS 6.1.1.2.4). The forest replicates that
// container to every domain controller, so that one answer is enough.
//
// A password travels over TLS alone; without TLS the bind is refused here.
// Referrals are noted and never followed. What a server can make this package
// read, keep and wait for is bounded: by [MaxBytes] and [MaxObjects], and by the
// time limits of [Access].
package directory
