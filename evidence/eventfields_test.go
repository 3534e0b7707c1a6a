package evidence_test

import (
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// TestEventFields: each value of an event's list has its name, its unit and its
// place.
func TestEventFields(t *testing.T) {
	at := time.Date(2026, 3, 14, 2, 2, 0, 0, time.UTC)
	request := evidence.ClientRequestEvent{
		HRESULT: 0xC004F06C, Flags: 0x04000008, Host: "kms01.corp.example", Port: 1688, CMID: "id", ClientTime: at,
		VM: true, LicenseStatus: 2, MinutesLeft: 41760, ActivationID: "sku", NPolicy: 25,
	}
	answer := evidence.ClientAnswerEvent{Activated: true, Count: 50, ActivationInterval: 120, RenewalInterval: 10080, ClientTime: at}
	seen := evidence.HostRequestEvent{HRESULT: 0xC004F042, NPolicy: 5, Machine: "srv", LicenseStatus: 9}
	for _, tt := range []struct {
		fields []evidence.Field
		at     int
		want   evidence.Field
	}{
		{request.Fields(), 0, evidence.Field{Name: "HRESULT of the attempt", Value: "0xC004F06C"}},
		{request.Fields(), 1, evidence.Field{Name: "status flags", Value: "0x04000008", Unit: "no OEM marker, a note; not enough count"}},
		{request.Fields(), 2, evidence.Field{Name: "KMS host tried", Value: "kms01.corp.example:1688", Unit: "host:port"}},
		{request.Fields(), 4, evidence.Field{Name: "client time", Value: "2026-03-14 02:02", Unit: "UTC"}},
		{request.Fields(), 6, evidence.Field{Name: "licence status of the client", Value: "2", Unit: "initial grace (OOB)"}},
		{request.Fields(), 7, evidence.Field{Name: "time left in that state", Value: "41760", Unit: "minutes"}},
		{request.Fields(), 9, evidence.Field{Name: "minimum count asked for (N policy)", Value: "25", Unit: "machines"}},
		{answer.Fields(), 0, evidence.Field{Name: "HRESULT of the answer", Value: "0x00000000", Unit: "success"}},
		{answer.Fields(), 2, evidence.Field{Name: "activated", Value: "yes"}},
		{answer.Fields(), 5, evidence.Field{Name: "renewal interval", Value: "10080", Unit: "minutes"}},
		{seen.Fields(), 2, evidence.Field{Name: "client machine name", Value: "srv"}},
		{seen.Fields(), 6, evidence.Field{Name: "licence status of the client", Value: "9"}},
	} {
		if got := tt.fields[tt.at]; got != tt.want {
			t.Errorf("field %d is %+v, want %+v", tt.at, got, tt.want)
		}
	}
	if n := len(request.Fields()); n != 10 {
		t.Errorf("event 12288 has %d fields, want 10", n)
	}
}
