package kms

import (
	"time"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// ProbeCMID is the client machine id of every kmsdiag everywhere:
// 6b6d7364-6961-4767-a070-726f62653031. It has the form of a random (version 4)
// GUID, and most of its digits spell "kmsdia" and "probe01" in ASCII.
//
// A host counts a client for 30 days after its request. With one constant id
// all probes together are one client, however many people probe; an admin finds
// it in event 12290 under this id, with the name of the probing machine. Rules
// about duplicate ids must except it.
var ProbeCMID = dcerpc.MustParseUUID("6b6d7364-6961-4767-a070-726f62653031")

// NewProbe returns a request under [ProbeCMID] that names the probing machine,
// cut to what fits, and the time now. It says of itself what a freshly
// installed physical machine says. The caller sets what it asks for: Version,
// AppID, SKUID, CountedID, and NPolicy, which must be the product's own, for a
// host sizes its table by the largest that it is asked with.
func NewProbe(workstation string, now time.Time) Request {
	return Request{
		LicenseStatus:    OOBGrace,
		RemainingMinutes: 30 * 24 * 60,
		CMID:             ProbeCMID,
		ClientTime:       FiletimeOf(now),
		Workstation:      cutText(workstation),
	}
}
