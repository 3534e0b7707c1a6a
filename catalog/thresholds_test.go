package catalog

import (
	"math"
	"testing"
)

func TestJudgeCount(t *testing.T) {
	for _, tt := range []struct {
		count  int
		class  Class
		probed bool
		want   Tally
	}{
		{25, Client, true, Tally{Served: true, Others: 24, OthersMissing: 1}},
		{25, Client, false, Tally{Served: true, Others: 25, OthersServed: true}},
		{24, Client, false, Tally{Missing: 1, Others: 24, OthersMissing: 1}},
		{1, Client, true, Tally{Missing: 24, Others: 0, OthersMissing: 25}},
		{12, Client, true, Tally{Missing: 13, Others: 11, OthersMissing: 14}},
		{12, Server, true, Tally{Served: true, Others: 11, OthersServed: true}},
		{5, Server, true, Tally{Served: true, Others: 4, OthersMissing: 1}},
		{10, Server, false, Tally{Served: true, Others: 10, OthersServed: true, Full: true}},
		{10, Client, false, Tally{Missing: 15, Others: 10, OthersMissing: 15}},
		{50, Client, true, Tally{Served: true, Others: 49, OthersServed: true, Full: true}},
		{51, Client, true, Tally{Served: true, Others: 50, OthersServed: true, Full: true, OverCeiling: true}},
		{10, Office, true, Tally{Served: true, Others: 9, OthersServed: true, Full: true}},
		{11, Office, true, Tally{Served: true, Others: 10, OthersServed: true, Full: true, OverCeiling: true}},
		{4, Office, true, Tally{Missing: 1, Others: 3, OthersMissing: 2}},
		{0, Office, true, Tally{Missing: 5, OthersMissing: 5}},
		{-1, Client, false, Tally{Unset: true, Missing: 25, OthersMissing: 25}},
	} {
		want := tt.want
		want.Class, want.N, want.Count = tt.class, tt.class.N(), max(0, tt.count)
		if got := JudgeCount(tt.count, tt.class, tt.probed); got != want {
			t.Errorf("%d %s probed %t:\n got %+v\nwant %+v", tt.count, tt.class, tt.probed, got, want)
		}
	}
	if math.MaxInt > math.MaxUint32 {
		count := int64(math.MaxUint32)
		if got := JudgeCount(int(count), Client, true); !got.Unset || got.Count != 0 || got.Others != 0 {
			t.Errorf("4294967295: %+v", got)
		}
	}
}

func TestClasses(t *testing.T) {
	for _, c := range []Class{Client, Server, Office} {
		if c.N() == 0 || c.Ceiling() < 2*c.N() {
			t.Errorf("%s: N %d, ceiling %d", c, c.N(), c.Ceiling())
		}
	}
	if Class("").N() != 0 || Class("").Ceiling() != 0 {
		t.Error("no class has a minimum")
	}
}
