package lab

import (
	"slices"
	"time"
)

// Scenario is a site with something to see.
type Scenario struct {
	Name   string // stable: "count-too-low"
	Title  string // one line
	Shows  string // what there is to learn, in a sentence or two
	Expect Expect
	Layout Layout // as it is found
	Healed Layout // after the repair

	// Now is the site's clock; nil is time.Now.
	Now func() time.Time
}

// Expect is what a run over a scenario comes to.
type Expect struct {
	TopCause string // id of the cause that is ranked first; empty when nothing is wrong
	Exit     int    // exit status of `kmsdiag check`: 0 served, 3 a check failed
}

// Scenarios returns every scenario: the healthy site, then the faults in the
// order in which a client would meet them. The slice is the caller's.
func Scenarios() []Scenario {
	return []Scenario{
		healthy(),
		noSRV(), staleSRV(), resolversDisagree(),
		portRefused(), portSilent(), oneOfTwoIll(),
		middlebox(), wrongService(), garbage(),
		hostKeyTooOld(), clockSkew(), countTooLow(), emulator(),
		pinnedClient(),
	}
}

// Named returns the scenario with a name, and whether there is one.
func Named(name string) (Scenario, bool) {
	all := Scenarios()
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, false
	}
	return all[i], true
}

const exitFailed = 3

func healthy() Scenario {
	return Scenario{
		Name:   "healthy",
		Title:  "a site where activation works",
		Shows:  "Two resolvers agree, two hosts with different priorities answer, and the list is full: every check passes.",
		Layout: sound(),
		Healed: sound(),
	}
}

func noSRV() Scenario {
	return Scenario{
		Name:   "no-srv",
		Title:  "no KMS host is published in DNS",
		Shows:  "The zone answers, but holds no _vlmcs._tcp record: clients with the right suffix find nothing, although a host would serve them.",
		Expect: Expect{"srv-record-missing", exitFailed},
		Layout: corp(server2022(), server2022b()),
		Healed: sound(),
	}
}

func staleSRV() Scenario {
	l := corp(server2022(), nil, published("kms-old", 0), published("kms01", 10))
	for i := range l.Resolvers {
		l.Resolvers[i].Records = append(l.Resolvers[i].Records, "kms-old.corp.example. 1200 IN A 198.51.100.5")
	}
	return Scenario{
		Name:   "stale-srv",
		Title:  "DNS still publishes a host that is gone",
		Shows:  "The record with the better priority leads to an address where no port answers any more; the other host serves, so clients only lose time, until it goes too.",
		Expect: Expect{"srv-stale-host", exitFailed},
		Layout: l,
		Healed: sound(),
	}
}

func resolversDisagree() Scenario {
	l := sound()
	l.Resolvers[1].Records = corp(nil, nil).Resolvers[1].Records
	return Scenario{
		Name:   "resolvers-disagree",
		Title:  "only one of two DNS servers knows the KMS host",
		Shows:  "The first resolver has the SRV record, the second has a copy of the zone without it: clients succeed or fail by the server they happen to ask.",
		Expect: Expect{"srv-wrong-zone", 0}, // a warning: from here the host is found
		Layout: l,
		Healed: sound(),
	}
}

func portRefused() Scenario {
	return Scenario{
		Name:   "port-refused",
		Title:  "the host resets every connection to its KMS port",
		Shows:  "A reset comes back at once: the machine is up, and nothing listens on 1688.",
		Expect: Expect{"kms-host-service-stopped", exitFailed},
		Layout: single(Refused{}),
		Healed: single(server2022()),
	}
}

func portSilent() Scenario {
	return Scenario{
		Name:   "port-silent",
		Title:  "nothing comes back from the KMS port",
		Shows:  "No answer on 1688, not even a refusal, while the host answers on 445. A filter and a stopped service look the same from here; both are shown with the test that tells them apart.",
		Expect: Expect{"kms-host-service-stopped", exitFailed},
		Layout: single(nil),
		Healed: single(server2022()),
	}
}

func oneOfTwoIll() Scenario {
	return Scenario{
		Name:   "one-of-two-ill",
		Title:  "of two equal hosts one is silent",
		Shows:  "Both records have the same priority, so clients draw one of them: kms01 serves, kms02 is silent on 1688 and answers on 445.",
		Expect: Expect{"kms-host-service-stopped", exitFailed},
		Layout: corp(server2022(), nil, published("kms01", 0), published("kms02", 0)),
		Healed: corp(server2022(), server2022b(), published("kms01", 0), published("kms02", 0)),
	}
}

func middlebox() Scenario {
	return Scenario{
		Name:   "middlebox",
		Title:  "something on the way accepts the connection and stops the RPC",
		Shows:  "TCP connects at once, and a TLS alert comes back for the RPC bind: the port is open, but no raw DCE/RPC gets through.",
		Expect: Expect{"middlebox-l7-inspection", exitFailed},
		Layout: single(TLS),
		Healed: single(server2022()),
	}
}

func wrongService() Scenario {
	k := server2022()
	k.Fault = NoInterface
	return Scenario{
		Name:   "wrong-service",
		Title:  "an RPC service that is not KMS answers on the KMS port",
		Shows:  "The peer speaks DCE/RPC and rejects the KMS interface: the record leads to a machine that is no KMS host, or to another program's port.",
		Expect: Expect{"kms-host-key-missing", exitFailed},
		Layout: single(k),
		Healed: single(server2022()),
	}
}

func garbage() Scenario {
	return Scenario{
		Name:   "garbage",
		Title:  "bytes of no known protocol answer on the KMS port",
		Shows:  "The first bytes are no DCE/RPC header and no protocol that is recognised; they are shown, and nothing of them reaches the terminal raw.",
		Expect: Expect{"middlebox-l7-inspection", exitFailed},
		Layout: single(Garbage),
		Healed: single(server2022()),
	}
}

func hostKeyTooOld() Scenario {
	return Scenario{
		Name:   "host-key-too-old",
		Title:  "the host's key does not cover today's Windows",
		Shows:  "A Server 2012 R2 host with its own key refuses Windows 10 and 11 with 0xC004F042, and serves Windows 8.1.",
		Expect: Expect{"host-key-too-old-for-client", exitFailed},
		Layout: single(server2012R2()),
		Healed: single(server2022()),
	}
}

func clockSkew() Scenario {
	l := sound()
	l.Machine.Ahead = 5*time.Hour + 7*time.Minute + 30*time.Second
	return Scenario{
		Name:   "clock-skew",
		Title:  "this machine's clock is hours off",
		Shows:  "The hosts refuse the request time with 0xC004F06C, and their time service shows by how much the two clocks differ.",
		Expect: Expect{"client-clock-skew", exitFailed},
		Layout: l,
		Healed: sound(),
	}
}

func countTooLow() Scenario {
	k := server2022()
	k.Windows = List{Clients: 11, LargestN: 25}
	return Scenario{
		Name:   "count-too-low",
		Title:  "the host works, but has seen too few clients",
		Shows:  "The request is served with a count of 12, where Windows clients need 25 and servers 5: a client would show 0xC004F038.",
		Expect: Expect{"count-below-threshold", exitFailed},
		Layout: single(k),
		Healed: single(server2022()),
	}
}

func emulator() Scenario {
	return Scenario{
		Name:   "emulator",
		Title:  "the published host is not Microsoft's and answers wrongly",
		Shows:  "It serves whatever it is asked, reuses the request's IV, has the built-in hardware id, an ePID that contradicts itself and a count of 1000; its echo of the client time is wrong, so a client rejects the answer.",
		Expect: Expect{"emulator-server-fault", exitFailed},
		Layout: single(emulated()),
		Healed: single(server2022()),
	}
}
