package main

import (
	"net"
	"net/netip"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/internal/tape"
	"github.com/kmsdiag/kmsdiag/tui"
)

// taped makes the connections of a world leave a record, and returns what reads
// it: the messages of our own handshakes.
func taped(env *checks.Env) func(netip.AddrPort) []tui.Message {
	if env.Dialer == nil {
		env.Dialer = checks.SystemDialer{}
		if env.UDP == nil {
			env.UDP = &net.Dialer{}
		}
	}
	var recorder tape.Recorder
	env.Dialer = recorder.Wrap(env.Dialer)
	return func(endpoint netip.AddrPort) []tui.Message {
		var list []tui.Message
		for _, m := range recorder.Messages(endpoint) {
			shown := tui.Message{At: m.At, Sent: m.Sent, Name: m.Name, Text: m.Text, Bytes: m.Bytes, Clear: m.Clear}
			for _, f := range m.Fields {
				shown.Fields = append(shown.Fields, tui.MessageField(f))
			}
			list = append(list, shown)
		}
		return list
	}
}
