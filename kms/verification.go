package kms

import (
	"errors"
	"fmt"
)

// A CheckID names one check of an opened message; the names are stable.
type CheckID string

// The checks of a request.
const (
	CheckReqMAC          CheckID = "req.mac"           // V4
	CheckReqPadding      CheckID = "req.padding"       // V5, V6
	CheckReqInnerVersion CheckID = "req.inner_version" // V5, V6
	CheckReqExactSize    CheckID = "req.exact_size"    // V5, V6
)

// The checks of an answer. Those marked † need its request too.
const (
	CheckVersionMatch CheckID = "resp.version_match"        // †
	CheckMAC          CheckID = "resp.mac"                  // V4
	CheckPadding      CheckID = "resp.padding"              // V5, V6
	CheckDecodable    CheckID = "resp.undecodable"          // the base can be taken apart
	CheckInnerVersion CheckID = "resp.inner_version"        // V5, V6
	CheckExactSize    CheckID = "resp.exact_size"           //
	CheckEPIDLen      CheckID = "resp.epid_len"             //
	CheckCMIDMatch    CheckID = "resp.cmid_match"           // †
	CheckTimeMatch    CheckID = "resp.time_match"           // †
	CheckRandHash     CheckID = "resp.rand_hash"            // † V5, V6
	CheckIVEquals     CheckID = "resp.iv_equals_request_iv" // † V5
	CheckXorSalts     CheckID = "resp.xor_salts"            // † V6
	CheckHMAC         CheckID = "resp.hmac"                 // V6
	CheckIVDiffers    CheckID = "resp.iv_differs"           // † V6; never fails, only noted
	CheckCountPolicy  CheckID = "resp.count_policy"         // †; never fails, only noted
)

var checkTitles = map[CheckID]string{
	CheckReqMAC:          "the checksum of the request matches",
	CheckReqPadding:      "the request decrypts to valid padding",
	CheckReqInnerVersion: "the encrypted version of the request is the clear one",
	CheckReqExactSize:    "the request is as long as its fields",
	CheckVersionMatch:    "the answer has the version of the request",
	CheckMAC:             "the checksum of the answer matches",
	CheckPadding:         "the answer decrypts to valid padding",
	CheckDecodable:       "the answer can be taken apart",
	CheckInnerVersion:    "the encrypted version of the answer is the clear one",
	CheckExactSize:       "the answer is as long as its fields",
	CheckEPIDLen:         "the ePID fills its length and ends in its only NUL",
	CheckCMIDMatch:       "the answer is for this client machine id",
	CheckTimeMatch:       "the answer is for the request of this time",
	CheckRandHash:        "the hash proves that the host decrypted the request",
	CheckIVEquals:        "the V5 answer repeats the IV of the request",
	CheckXorSalts:        "the V6 answer contains the decrypted IV of the request",
	CheckHMAC:            "the keyed hash over the V6 answer matches",
	CheckIVDiffers:       "the V6 answer has an IV of its own",
	CheckCountPolicy:     "the count reaches what the product needs",
}

// Title returns the check as an assertion: "the checksum of the answer matches".
func (c CheckID) Title() string { return checkTitles[c] }

// A CheckStatus is how a check ended.
type CheckStatus string

// The ends of a check.
const (
	Passed      CheckStatus = "ok"
	Failed      CheckStatus = "failed"       // the message is not what an intact exchange with a working host gives
	Noted       CheckStatus = "noted"        // remarkable, but no fault of the message
	NotPossible CheckStatus = "not possible" // the request, or what is inside, is not at hand
)

// A Check is one check with its outcome.
type Check struct {
	ID     CheckID
	Status CheckStatus
	Field  string // the field looked at: "ePID length"
	Offset int    // of the field in the opened message, in bytes: see [OpenedResponse.Clear]
	Detail string // what was found and what was expected, unless the check passed
}

// A Verification is the checks that apply to a message of its version.
type Verification []Check

// With returns the ids of the checks that ended so.
func (v Verification) With(s CheckStatus) []CheckID {
	var ids []CheckID
	for _, c := range v {
		if c.Status == s {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Get returns the check with an id; ok is false if the check does not apply.
func (v Verification) Get(id CheckID) (c Check, ok bool) {
	for _, c := range v {
		if c.ID == id {
			return c, true
		}
	}
	return Check{}, false
}

// Err returns nil if no check failed. Otherwise it returns an error of type
// [*VerifyError], for several failed checks joined by [errors.Join].
func (v Verification) Err() error {
	var failed []error
	for _, c := range v {
		if c.Status == Failed {
			failed = append(failed, &VerifyError{c})
		}
	}
	if len(failed) == 1 {
		return failed[0]
	}
	return errors.Join(failed...)
}

// A VerifyError is a failed check.
type VerifyError struct {
	Check Check
}

func (e *VerifyError) Error() string {
	return fmt.Sprintf("%s: %s at offset %d: %s", e.Check.ID, e.Check.Field, e.Check.Offset, e.Check.Detail)
}

// Is reports whether target is a VerifyError of the same check, so that
// errors.Is finds one check among several.
func (e *VerifyError) Is(target error) bool {
	t, ok := target.(*VerifyError)
	return ok && t.Check.ID == e.Check.ID
}

// add notes the outcome of a check. The detail is worded only if it failed:
// boxing its arguments would cost more than the checks.
func (v *Verification) add(id CheckID, ok bool, field string, offset int, detail func() string) {
	c := Check{ID: id, Status: Passed, Field: field, Offset: offset}
	if !ok {
		c.Status, c.Detail = Failed, detail()
	}
	*v = append(*v, c)
}

// impossible notes a check that cannot be made.
func (v *Verification) impossible(why string, ids ...CheckID) {
	for _, id := range ids {
		*v = append(*v, Check{ID: id, Status: NotPossible, Detail: why})
	}
}
