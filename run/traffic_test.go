package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTrafficLines(t *testing.T) {
	first := []Traffic{
		{"DNS question", "192.0.2.53", 4},
		{"TCP connection attempt", "192.0.2.6:1688", 2},
		{"TCP connection attempt", "192.0.2.5:1688", 1},
		{"KMS request", "192.0.2.5:1688", 1},
		{"SNTP question", "time.example", 1},
		{"SNTP question", "192.0.2.10", 1},
	}
	second := []Traffic{{"TCP connection attempt", "192.0.2.5:1688", 1}, {"RPC bind", "192.0.2.5:1688", 1}}
	for _, c := range []struct {
		list []Traffic
		want []string
	}{
		{nil, nil},
		{first, []string{
			"4 DNS questions to 192.0.2.53",
			"3 TCP connection attempts (1 to 192.0.2.5:1688, 2 to 192.0.2.6:1688)",
			"1 KMS request to 192.0.2.5:1688",
			"2 SNTP questions (1 to 192.0.2.10, 1 to time.example)",
		}},
		{AddTraffic(first, second, second), []string{
			"4 DNS questions to 192.0.2.53",
			"5 TCP connection attempts (3 to 192.0.2.5:1688, 2 to 192.0.2.6:1688)",
			"1 KMS request to 192.0.2.5:1688",
			"2 SNTP questions (1 to 192.0.2.10, 1 to time.example)",
			"2 RPC binds to 192.0.2.5:1688",
		}},
	} {
		if got := TrafficLines(c.list); !slices.Equal(got, c.want) {
			t.Errorf("%v:\n%q\nwant\n%q", c.list, got, c.want)
		}
	}
	if first[0].Times != 4 || first[2].Times != 1 {
		t.Errorf("adding changed what was added: %v", first)
	}
}

// Adding the rounds of a long watch stays as large as one of them.
func TestTrafficIsBounded(t *testing.T) {
	var round []Traffic
	for i := range 12 {
		round = append(round, Traffic{"RPC bind", fmt.Sprintf("192.0.2.%d:1688", i+1), 1})
	}
	var sum []Traffic
	for range 1000 {
		sum = AddTraffic(sum, round)
	}
	lines := TrafficLines(sum)
	if len(sum) != 12 || len(lines) != 1 || !strings.HasPrefix(lines[0], "12000 RPC binds (1000 to 192.0.2.1:1688, ") || !strings.HasSuffix(lines[0], "the rest to 4 others)") {
		t.Errorf("%d entries: %q", len(sum), lines)
	}
}
