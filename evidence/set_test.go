package evidence_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// TestAddTakesEveryKind fails when a slice is added to Set and forgotten in Add.
func TestAddTakesEveryKind(t *testing.T) {
	var one, sum evidence.Set
	fill(reflect.ValueOf(&one).Elem())
	sum.Add(one)
	sum.Add(one)
	v := reflect.ValueOf(sum)
	for i := range v.NumField() {
		if n := v.Field(i).Len(); n != 2 {
			t.Errorf("%s: %d observations after adding twice one", v.Type().Field(i).Name, n)
		}
	}
}

func TestSetSurvivesJSON(t *testing.T) {
	var set, back evidence.Set
	fill(reflect.ValueOf(&set).Elem())
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(set, back) {
		t.Errorf("a set changed on its way through JSON:\n%+v\n%+v", set, back)
	}
}

func fill(set reflect.Value) {
	for i := range set.NumField() {
		set.Field(i).Set(reflect.MakeSlice(set.Field(i).Type(), 1, 1))
	}
}

func TestOriginNamesItsPlace(t *testing.T) {
	for want, origin := range map[string]evidence.Origin{
		"tcp.connect 192.0.2.5:1688": {Check: "tcp.connect", Subject: "192.0.2.5:1688"},
		"trace.pcap packet 12":       {File: "trace.pcap", Packets: []int64{12}},
		"trace.pcap packets 12..19":  {File: "trace.pcap", Packets: []int64{12, 14, 19}},
		"standard input line 3":      {Paste: "standard input", Line: 3},
	} {
		if got := origin.String(); got != want {
			t.Errorf("%+v = %q, want %q", origin, got, want)
		}
	}
}
