// Package run says what a run is made of: its [Target], its [Plan], the
// [Subject]s it discovers, a [Result] for each question asked about a subject,
// and the [Event] stream that carries all of it to whoever shows it.
//
// Checks and capture emit events, report and tui read them; nothing here acts.
package run
