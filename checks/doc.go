// Package checks declares what a live run asks and asks it.
//
// A [Check] is one question about one kind of subject: the site, a domain, a
// host, an endpoint. [Run] asks each check about each subject as soon as the
// subject is discovered and the checks it builds on have answered, and reports
// everything as [run.Event]s. What is observed becomes evidence; package
// diagnose explains it, and nothing here prints.
//
// [Env] is the world that checks act in. Its dialer, DNS exchanger and local
// configuration can be replaced, so that every check is tested on loopback.
package checks
