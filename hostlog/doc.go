// Package hostlog reads the log of a KMS host, in which event 12290 stands for
// every request, and works out what it says about the host's clients.
//
// [Read] takes any number of files, in the forms in which Windows keeps and
// exports events: .evtx, XML, CSV and text, gzip or not, in UTF-8 or UTF-16.
// The form is told by content. A file is read once, front to back, in bounded
// memory whatever its size; what is damaged is skipped and said.
//
// A host counts distinct client machine ids (CMIDs): one list for Windows and
// one for each Office application, and an id that has not asked for 30 days
// leaves its list. So the log of 30 days holds the count. For every id the
// package keeps the stretches of time in which it was counted, which gives the
// exact course of each count, in whatever order the entries come. The forecast
// is the same course continued without further requests.
//
// The host's own list holds no more than twice the largest minimum count it was
// asked with, and it keeps the most recent ids. Where more clients ask than
// that, the host reports its ceiling and the log knows the true number.
//
// What is missing is looked for: Windows numbers the entries of a log one after
// the other, a busy log is not silent for weeks, and damage is known. Where
// entries of the 30 days before a moment are or may be missing ([Hole]), the
// count at that moment is a lower bound and is never called less than needed
// for sure.
//
// Text and CSV show local times without a zone. It is inferred from the clients'
// times, so that such a log says nothing of the host's own clock; around a change
// of summer time each entry goes by the entries behind it, and that of a client
// whose clock is off by just that hour may be an hour off.
//
// Every statement ([Fact]) says how sure it is: counted in the log, inferred
// from it by a rule that Microsoft documents, or extrapolated.
package hostlog
