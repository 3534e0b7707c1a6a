// Package catalog holds what Microsoft publishes about volume activation, as typed tables: products and the
// ids a KMS client sends for them, minimum counts, generic volume keys (GVLKs), KMS host keys (CSVLKs) and the
// key id ranges an ePID shows, Windows builds, and the KMS endpoints of the public clouds.
//
// A [Product] is one edition with its activation id. Several products share a counted id, the id a host knows
// them by; they form a [Group]. A [Release] is what people call a product ("Windows 11", "Windows Server 2022");
// one counted id may serve several releases, so a release cannot be read off a request.
//
// What a host key activates is said by Microsoft's lists ([HostKey.Covers]), and only those lists know it; an
// ePID merely names the key ([NameHostKey]), and [JudgeEPID] puts both together.
//
// The tables are tab-separated files under data, embedded and parsed at the first look-up that needs them. GUIDs
// are lower-case text in the usual 8-4-4-4-12 form. The package reads no network and no clock.
package catalog
