// Package report shows a run: one renderer a format, each fed by the events of
// the run, live or replayed from a file.
//
// A [Renderer] takes events and judges nothing: counts, causes and the
// conclusion come from the run's summary, so the formats cannot disagree.
//
//   - [Text] prints rows as checks finish, then causes and the conclusion.
//   - [Short] is what fits into a ticket.
//   - [JSON] writes one object for a run, [JSONL] one line for an event.
//   - [Redact] stands before any of them and replaces names, addresses and ids.
//   - [Replay] feeds a saved run to any of them.
//
// An answer about codes is no run: see [Explanation].
//
// Text from peers is made harmless once more when it is printed; JSON carries
// it in full, with everything invisible escaped.
package report
