// Package errors is the catalogue of activation error codes: what each number
// means, which causes stand behind it and what to do next. Import it as
// kmserr, so that the standard library keeps its name.
//
// The catalogue is data. [All] lists it, [Lookup] and [Get] find one [Entry],
// [List] one [Area], [Search] finds entries by words. A code that matters to
// volume activation has a [Page] written for administrators; its causes are
// the stable ids of package diagnose, most likely first. A code is never
// removed from the catalogue and its number is never given another meaning.
//
// Numbers arrive in many notations. [Parse] reads one code in any of them,
// [Find] picks the codes out of free text, [Near] suggests what a mistyped one
// was meant to be, and [Decompose] takes any well-formed number apart, listed
// or not.
//
// Everything is embedded and parsed on first use; the package does no I/O.
// All functions may be called from several goroutines.
package errors
