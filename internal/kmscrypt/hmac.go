package kmscrypt

import (
	"crypto/sha256"
	"encoding/binary"
)

// The V6 key changes with the time in the answer: a slot is slotTicks long,
// about 4.117 hours in 100 ns ticks.
const (
	slotTicks  = 0x00000022816889BD
	slotFactor = 0x000000208CBAB5ED
	slotOffset = 0x3156CD5AC628477A
)

// Slot returns the number of the time slot that a FILETIME (100 ns ticks since
// 1601-01-01 UTC) falls into.
func Slot(filetime uint64) uint64 { return filetime / slotTicks }

// HMACKey returns the key of the V6 hash for a slot: the second half of the
// SHA-256 of the slot's linear image, little-endian and modulo 2^64.
func HMACKey(slot uint64) [16]byte {
	var le [8]byte
	binary.LittleEndian.PutUint64(le[:], slot*slotFactor+slotOffset)
	sum := sha256.Sum256(le[:])
	return [16]byte(sum[16:])
}

// MACV6 returns the hash that ends a V6 answer: the last 16 bytes of the
// HMAC-SHA256 over the decrypted response IV and msg. The message is everything
// in the encrypted part that precedes the hash.
func MACV6(key [16]byte, decryptedIV [BlockSize]byte, msg []byte) [16]byte {
	// RFC 2104 spelled out: crypto/hmac would allocate four times for what is
	// two short hashes.
	var inner [512]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	for i := range sha256.BlockSize {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, k := range key {
		inner[i] ^= k
		outer[i] ^= k
	}
	buf := append(inner[:sha256.BlockSize], decryptedIV[:]...)
	sum := sha256.Sum256(append(buf, msg...))
	copy(outer[sha256.BlockSize:], sum[:])
	sum = sha256.Sum256(outer[:])
	return [16]byte(sum[16:])
}
