package main

import (
	"encoding/binary"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
	"github.com/kmsdiag/kmsdiag/kms"
)

// identity is what a message says of its client: the id, and the name in
// UTF-16LE.
type identity struct {
	cmid kms.GUID
	name []byte
}

const sealedAt = 20 // version and IV precede the encrypted part

// reseal gives a captured message another client, in place and with the same
// length, so that it still passes every check.
func (id identity) reseal(msg []byte, request bool) {
	version := kms.Version(binary.LittleEndian.Uint32(msg))
	switch version.Major() {
	case 4:
		if n := id.rewrite(msg, request); n > 0 && n+16 <= len(msg) {
			mac := kmscrypt.MACV4(msg[:n])
			copy(msg[n:], mac[:])
		}
	case 5:
		id.resealWith(kmscrypt.V5, msg, request, false)
	case 6:
		id.resealWith(kmscrypt.V6, msg, request, !request)
	}
}

func (id identity) resealWith(c *kmscrypt.Cipher, msg []byte, request, hashed bool) {
	iv, plain := [16]byte(msg[4:]), msg[sealedAt:]
	c.DecryptCBC(iv, plain)
	n := id.rewrite(plain, request)
	if hashed && n > 0 && n+88 <= len(plain) {
		ticks := binary.LittleEndian.Uint64(plain[n-20:])
		mac := kmscrypt.MACV6(kmscrypt.HMACKey(kmscrypt.Slot(ticks)), c.DecryptBlock(iv), plain[:n+72])
		copy(plain[n+72:], mac[:])
	}
	c.EncryptCBC(iv, plain)
}

// rewrite changes a base and returns its length; 0 if it is none.
func (id identity) rewrite(base []byte, request bool) int {
	if request {
		copy(base[64:80], id.cmid[:])
		clear(base[108:236])
		copy(base[108:234], id.name)
		return kms.RequestBaseSize
	}
	epid := int(binary.LittleEndian.Uint32(base[4:]))
	if epid > 128 || 44+epid > len(base) {
		return 0
	}
	copy(base[8+epid:], id.cmid[:])
	return 44 + epid
}
