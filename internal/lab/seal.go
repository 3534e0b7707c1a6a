package lab

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
	"github.com/kmsdiag/kmsdiag/kms"
)

// seal closes the base of an answer to a request that came with an IV. V4 is
// clear text with a checksum. V5 keeps the request's IV; V6 takes a new one, as
// Microsoft's host does, unless sameIV.
func seal(r kms.Response, base []byte, iv [16]byte, sameIV bool) []byte {
	switch r.Version.Major() {
	case 4:
		mac := kmscrypt.MACV4(base)
		return append(base, mac[:]...)
	case 5:
		return encrypt(kmscrypt.V5, iv, base, prove(nil, kmscrypt.V5.DecryptBlock(iv)))
	}
	seen := kmscrypt.V6.DecryptBlock(iv)
	if !sameIV {
		_, _ = rand.Read(iv[:]) // never fails
	}
	trailer := prove(nil, seen)
	trailer = append(append(trailer, r.HwID[:]...), seen[:]...)
	key := kmscrypt.HMACKey(kmscrypt.Slot(uint64(r.ClientTime)))
	mac := kmscrypt.MACV6(key, kmscrypt.V6.DecryptBlock(iv), append(append([]byte(nil), base...), trailer...))
	return encrypt(kmscrypt.V6, iv, base, append(trailer, mac[:]...))
}

// prove appends the proof that the host could read the request's IV: a random
// number under the decrypted IV, and the number's SHA-256.
func prove(dst []byte, seen [16]byte) []byte {
	var number [16]byte
	_, _ = rand.Read(number[:]) // never fails
	sum := sha256.Sum256(number[:])
	for i := range number {
		number[i] ^= seen[i]
	}
	return append(append(dst, number[:]...), sum[:]...)
}

// encrypt joins version, IV, and the encrypted base and trailer with padding.
func encrypt(c *kmscrypt.Cipher, iv [16]byte, base, trailer []byte) []byte {
	out := append(append([]byte(nil), base[:4]...), iv[:]...)
	start := len(out)
	out = append(append(out, base...), trailer...)
	out = kmscrypt.Pad(out, len(out)-start)
	c.EncryptCBC(iv, out[start:])
	return out
}

// oddEPID takes the last byte of the ePID's NUL away: a length that no text in
// UTF-16 has.
func oddEPID(base []byte) []byte {
	n := binary.LittleEndian.Uint32(base[4:])
	binary.LittleEndian.PutUint32(base[4:], n-1)
	return slices.Delete(base, int(8+n-1), int(8+n))
}
