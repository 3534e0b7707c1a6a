//go:build !purego

package kmscrypt

import "encoding/binary"

// hasAES tells whether the processor has the AES instructions.
func hasAES() bool

// decryptBlocks decrypts blocks in place in CBC mode with the round keys of the
// equivalent inverse cipher. The instructions take any round keys, those of V6
// too.
//
//go:noescape
func decryptBlocks(keys *[11][16]byte, iv *[16]byte, buf *byte, blocks int)

var hardware = hasAES()

// A schedule is the round keys for decryption as the processor takes them.
type schedule [11][16]byte

// set takes the round keys of ten rounds.
func (s *schedule) set(dec []uint32) {
	for i, w := range dec[:44] {
		binary.BigEndian.PutUint32(s[i/4][4*(i%4):], w)
	}
}

// decryptHardware decrypts the whole blocks of buf, if the processor can.
func (c *Cipher) decryptHardware(iv [BlockSize]byte, buf []byte) bool {
	n := len(buf) / BlockSize
	if !hardware || c.rounds != 10 || n == 0 {
		return false
	}
	decryptBlocks((*[11][16]byte)(&c.fast), &iv, &buf[0], n)
	return true
}
