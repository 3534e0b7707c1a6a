// Package integration holds the tests that put the built kmsdiag to real parts:
// dnsmasq and BIND 9, nftables between network namespaces, a terminal under tmux.
//
// Everything is a test behind the build tag "integration". Each test makes
// network namespaces of its own, which no route leaves, and needs root for that;
// it skips with its reason where root or a program is missing.
//
//	go test -count=1 -tags integration -run Integration ./internal/integration/
package integration
