package kms

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
)

// verify makes the checks that do not belong to taking the answer apart.
func (o *OpenedResponse) verify(req *OpenedRequest) {
	o.verifyIntegrity()
	o.verifyEPID()
	o.verifyVersion(req)
	o.verifyEchoes(req)
	o.verifyProofs(req)
	o.verifyCount(req)
}

// verifyIntegrity looks at what the answer says of itself.
func (o *OpenedResponse) verifyIntegrity() {
	v := &o.Verification
	major := o.Outer.Major()
	if !o.Decoded {
		if _, tried := v.Get(CheckDecodable); !tried {
			v.impossible(notDecrypted, CheckDecodable)
		}
		v.impossible(notDecrypted, CheckExactSize)
		switch major {
		case 4:
			v.impossible(notDecrypted, CheckMAC)
		case 5:
			v.impossible(notDecrypted, CheckInnerVersion)
		case 6:
			v.impossible(notDecrypted, CheckInnerVersion, CheckHMAC)
		}
		return
	}
	if major == 4 {
		mac := kmscrypt.MACV4(o.Clear[:o.trailer])
		v.add(CheckMAC, mac == o.MAC, "MAC", o.trailer, func() string {
			return fmt.Sprintf("%x, computed %x", o.MAC, mac)
		})
		return
	}
	v.add(CheckInnerVersion, o.Version == o.Outer, "version", sealedAt, func() string {
		return fmt.Sprintf("%s inside, %s outside", o.Version, o.Outer)
	})
	if major == 6 {
		v.add(CheckHMAC, o.findSlot(), "HMAC", o.trailer+72, func() string {
			return fmt.Sprintf("%x fits the key of no time slot around %s", o.HMAC, o.ClientTime)
		})
	}
}

// findSlot looks for the time slot whose key gives the hash. Hosts may be one
// slot off.
func (o *OpenedResponse) findSlot() bool {
	slot := kmscrypt.Slot(uint64(o.ClientTime))
	for _, shift := range [...]int{0, -1, 1} {
		key := kmscrypt.HMACKey(slot + uint64(shift))
		if kmscrypt.MACV6(key, o.DecryptedIV, o.Clear[sealedAt:o.trailer+72]) == o.HMAC {
			o.SlotShift = shift
			return true
		}
	}
	return false
}

func (o *OpenedResponse) verifyEPID() {
	v := &o.Verification
	if !o.Decoded {
		v.impossible(notDecrypted, CheckEPIDLen)
		return
	}
	at := o.trailer - responseBaseSize + 8 - int(o.epidLen())
	problem := epidProblem(o.Clear[at : at+int(o.epidLen())])
	v.add(CheckEPIDLen, problem == "", "ePID", at, func() string {
		return problem
	})
}

// epidLen returns the length of the ePID with its NUL, in bytes.
func (o *OpenedResponse) epidLen() uint32 {
	at := 4
	if o.Outer.Major() != 4 {
		at += sealedAt
	}
	return binary.LittleEndian.Uint32(o.Clear[at:])
}

func epidProblem(b []byte) string {
	if len(b)%2 != 0 || len(b) < 2 || len(b) > maxEPIDSize {
		return fmt.Sprintf("%d bytes, not an even number from 2 to %d", len(b), maxEPIDSize)
	}
	for i := 0; i < len(b); i += 2 {
		if nul, last := b[i] == 0 && b[i+1] == 0, i == len(b)-2; nul != last {
			if last {
				return "does not end in a NUL"
			}
			return fmt.Sprintf("a NUL after %d of %d characters", i/2, len(b)/2-1)
		}
	}
	return ""
}

func (o *OpenedResponse) verifyVersion(req *OpenedRequest) {
	v := &o.Verification
	if req == nil {
		v.impossible(needsRequest, CheckVersionMatch)
		return
	}
	same := o.Outer == req.Outer && (!o.Decoded || o.Version == req.Outer)
	v.add(CheckVersionMatch, same, "version", 0, func() string {
		inside := "unread"
		if o.Decoded {
			inside = o.Version.String()
		}
		return fmt.Sprintf("%s outside, %s inside, asked with %s", o.Outer, inside, req.Outer)
	})
}

// verifyEchoes compares what the answer repeats of the request.
func (o *OpenedResponse) verifyEchoes(req *OpenedRequest) {
	v := &o.Verification
	switch {
	case !o.Decoded:
		v.impossible(notDecrypted, CheckCMIDMatch, CheckTimeMatch)
		return
	case req == nil || !req.Decoded:
		v.impossible(needsRequest, CheckCMIDMatch, CheckTimeMatch)
		return
	}
	at := o.trailer - 36
	v.add(CheckCMIDMatch, o.CMID == req.CMID, "client machine id", at, func() string {
		return fmt.Sprintf("%s, asked with %s", o.CMID, req.CMID)
	})
	v.add(CheckTimeMatch, o.ClientTime == req.ClientTime, "client time", at+16, func() string {
		return fmt.Sprintf("%s, asked at %s", o.ClientTime, req.ClientTime)
	})
}

// verifyProofs checks what a V5 or V6 host can only know from the request.
func (o *OpenedResponse) verifyProofs(req *OpenedRequest) {
	v := &o.Verification
	ids := []CheckID{CheckRandHash, CheckIVEquals}
	switch o.Outer.Major() {
	case 4:
		return
	case 6:
		ids = []CheckID{CheckRandHash, CheckXorSalts, CheckIVDiffers}
	}
	switch {
	case req == nil:
		v.impossible(needsRequest, ids...)
		return
	case req.Outer.Major() != o.Outer.Major():
		v.impossible(otherVersion, ids...)
		return
	}
	if o.Decoded {
		var random [16]byte
		subtle.XORBytes(random[:], o.Random[:], req.DecryptedIV[:])
		sum := sha256.Sum256(random[:])
		v.add(CheckRandHash, sum == o.RandomHash, "random hash", o.trailer+16, func() string {
			return fmt.Sprintf("%x, computed %x", o.RandomHash, sum)
		})
	} else {
		v.impossible(notDecrypted, CheckRandHash)
	}
	if o.Outer.Major() == 5 {
		v.add(CheckIVEquals, o.IV == req.IV, "IV", 4, func() string {
			return fmt.Sprintf("%x, asked with %x", o.IV, req.IV)
		})
		return
	}
	if o.Decoded {
		v.add(CheckXorSalts, o.Salts == req.DecryptedIV, "decrypted request IV", o.trailer+56, func() string {
			return fmt.Sprintf("%x, the request gives %x", o.Salts, req.DecryptedIV)
		})
	} else {
		v.impossible(notDecrypted, CheckXorSalts)
	}
	v.note(CheckIVDiffers, o.IV != req.IV, "IV", 4, func() string {
		return "the IV of the request is used again; in V6 a host draws its own"
	})
}

func (o *OpenedResponse) verifyCount(req *OpenedRequest) {
	v := &o.Verification
	switch {
	case !o.Decoded:
		v.impossible(notDecrypted, CheckCountPolicy)
	case req == nil || !req.Decoded:
		v.impossible(needsRequest, CheckCountPolicy)
	default:
		v.note(CheckCountPolicy, o.Count >= req.NPolicy, "count", o.trailer-12, func() string {
			return fmt.Sprintf("%d, the product needs %d", o.Count, req.NPolicy)
		})
	}
}

// note is add for a check that is no fault of the message.
func (v *Verification) note(id CheckID, ok bool, field string, offset int, detail func() string) {
	v.add(id, ok, field, offset, detail)
	if c := &(*v)[len(*v)-1]; !ok {
		c.Status = Noted
	}
}
