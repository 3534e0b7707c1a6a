// Package lab simulates a site for the demo and the tests: DNS servers, KMS
// hosts and other machines, with faults on demand.
//
// A [Scenario] describes the site in documentation addresses (192.0.2.0/24,
// 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32) and names under corp.example.
// [Start] opens it as real sockets on loopback, and [Site.Env] gives the
// checks a dialer, a DNS exchanger, a machine and a clock that lead there. An
// address that the layout does not know is silent: nothing leaves the machine.
//
// This is the only code of the module that can seal a KMS response, and nothing
// exported does. A simulated host binds loopback, answers the probe's client id
// and closes on every other, and ends with its [Site].
package lab
