package kmscrypt

import (
	"encoding/binary"
	"math/bits"
)

// BlockSize is the block size of all three ciphers, in bytes.
const BlockSize = 16

// A Cipher is Rijndael with a 128-bit block under one of the protocol's keys.
// It is safe for concurrent use.
type Cipher struct {
	enc, dec [48]uint32 // round keys, the words of a block big-endian
	rounds   int
	fast     schedule // dec for the processor's own instructions
}

// An alteration changes the first byte of a round key after key expansion.
type alteration struct {
	round int
	xor   byte
}

// newCipher expands a key of 16 or 20 bytes; Rijndael runs Nk+6 rounds.
func newCipher(key []byte, alter ...alteration) *Cipher {
	nk := len(key) / 4
	c := &Cipher{rounds: nk + 6}
	words := 4 * (c.rounds + 1)
	rcon := byte(1)
	for i := range words {
		if i < nk {
			c.enc[i] = binary.BigEndian.Uint32(key[4*i:])
			continue
		}
		t := c.enc[i-1]
		if i%nk == 0 {
			t = subWord(bits.RotateLeft32(t, 8)) ^ uint32(rcon)<<24
			rcon = mul(rcon, 2)
		}
		c.enc[i] = c.enc[i-nk] ^ t
	}
	for _, a := range alter {
		c.enc[4*a.round] ^= uint32(a.xor) << 24
	}
	// The table-driven inverse wants its inner round keys through
	// InvMixColumns. Taken from the altered schedule it is the exact inverse;
	// altering the transformed keys instead would not be.
	for r := range c.rounds + 1 {
		for i := range 4 {
			w := c.enc[4*(c.rounds-r)+i]
			if r > 0 && r < c.rounds {
				w = invMixColumn(w)
			}
			c.dec[4*r+i] = w
		}
	}
	if c.rounds == 10 {
		c.fast.set(c.dec[:])
	}
	return c
}

func subWord(w uint32) uint32 {
	return uint32(sbox[w>>24])<<24 | uint32(sbox[w>>16&0xff])<<16 |
		uint32(sbox[w>>8&0xff])<<8 | uint32(sbox[w&0xff])
}

// A block is a cipher block as four big-endian words.
type block [4]uint32

func load(b []byte) block {
	_ = b[15]
	return block{
		binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]),
		binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:]),
	}
}

func (x *block) store(b []byte) {
	_ = b[15]
	binary.BigEndian.PutUint32(b, x[0])
	binary.BigEndian.PutUint32(b[4:], x[1])
	binary.BigEndian.PutUint32(b[8:], x[2])
	binary.BigEndian.PutUint32(b[12:], x[3])
}

func (x *block) xor(y *block) {
	x[0] ^= y[0]
	x[1] ^= y[1]
	x[2] ^= y[2]
	x[3] ^= y[3]
}

func (c *Cipher) encrypt(x *block) {
	k := c.enc[: 4*(c.rounds+1) : 48]
	s0, s1, s2, s3 := x[0]^k[0], x[1]^k[1], x[2]^k[2], x[3]^k[3]
	k = k[4:]
	for len(k) > 4 {
		t0 := te0[s0>>24] ^ te1[s1>>16&0xff] ^ te2[s2>>8&0xff] ^ te3[s3&0xff] ^ k[0]
		t1 := te0[s1>>24] ^ te1[s2>>16&0xff] ^ te2[s3>>8&0xff] ^ te3[s0&0xff] ^ k[1]
		t2 := te0[s2>>24] ^ te1[s3>>16&0xff] ^ te2[s0>>8&0xff] ^ te3[s1&0xff] ^ k[2]
		t3 := te0[s3>>24] ^ te1[s0>>16&0xff] ^ te2[s1>>8&0xff] ^ te3[s2&0xff] ^ k[3]
		s0, s1, s2, s3 = t0, t1, t2, t3
		k = k[4:]
	}
	x[0] = last(&sbox, s0, s1, s2, s3) ^ k[0]
	x[1] = last(&sbox, s1, s2, s3, s0) ^ k[1]
	x[2] = last(&sbox, s2, s3, s0, s1) ^ k[2]
	x[3] = last(&sbox, s3, s0, s1, s2) ^ k[3]
}

func (c *Cipher) decrypt(x *block) {
	k := c.dec[: 4*(c.rounds+1) : 48]
	s0, s1, s2, s3 := x[0]^k[0], x[1]^k[1], x[2]^k[2], x[3]^k[3]
	k = k[4:]
	for len(k) > 4 {
		t0 := td0[s0>>24] ^ td1[s3>>16&0xff] ^ td2[s2>>8&0xff] ^ td3[s1&0xff] ^ k[0]
		t1 := td0[s1>>24] ^ td1[s0>>16&0xff] ^ td2[s3>>8&0xff] ^ td3[s2&0xff] ^ k[1]
		t2 := td0[s2>>24] ^ td1[s1>>16&0xff] ^ td2[s0>>8&0xff] ^ td3[s3&0xff] ^ k[2]
		t3 := td0[s3>>24] ^ td1[s2>>16&0xff] ^ td2[s1>>8&0xff] ^ td3[s0&0xff] ^ k[3]
		s0, s1, s2, s3 = t0, t1, t2, t3
		k = k[4:]
	}
	x[0] = last(&invSbox, s0, s3, s2, s1) ^ k[0]
	x[1] = last(&invSbox, s1, s0, s3, s2) ^ k[1]
	x[2] = last(&invSbox, s2, s1, s0, s3) ^ k[2]
	x[3] = last(&invSbox, s3, s2, s1, s0) ^ k[3]
}

// last is the round without MixColumns: (Inv)ShiftRows chose the words.
func last(box *[256]byte, a, b, c, d uint32) uint32 {
	return uint32(box[a>>24])<<24 | uint32(box[b>>16&0xff])<<16 |
		uint32(box[c>>8&0xff])<<8 | uint32(box[d&0xff])
}

// EncryptBlock returns the encryption of the single block x.
func (c *Cipher) EncryptBlock(x [BlockSize]byte) [BlockSize]byte {
	b := load(x[:])
	c.encrypt(&b)
	b.store(x[:])
	return x
}

// DecryptBlock returns the decryption of the single block x: the D() that the
// V5 and V6 answers apply to initialisation vectors.
func (c *Cipher) DecryptBlock(x [BlockSize]byte) [BlockSize]byte {
	b := load(x[:])
	c.decrypt(&b)
	b.store(x[:])
	return x
}

// EncryptCBC encrypts the whole blocks of buf in place in CBC mode. Bytes after
// the last whole block stay as they are.
func (c *Cipher) EncryptCBC(iv [BlockSize]byte, buf []byte) {
	prev := load(iv[:])
	for ; len(buf) >= BlockSize; buf = buf[BlockSize:] {
		b := load(buf)
		b.xor(&prev)
		c.encrypt(&b)
		b.store(buf)
		prev = b
	}
}

// DecryptCBC decrypts the whole blocks of buf in place in CBC mode. Bytes after
// the last whole block stay as they are.
func (c *Cipher) DecryptCBC(iv [BlockSize]byte, buf []byte) {
	if !c.decryptHardware(iv, buf) {
		c.decryptTables(iv, buf)
	}
}

func (c *Cipher) decryptTables(iv [BlockSize]byte, buf []byte) {
	prev := load(iv[:])
	for ; len(buf) >= BlockSize; buf = buf[BlockSize:] {
		sealed := load(buf)
		b := sealed
		c.decrypt(&b)
		b.xor(&prev)
		b.store(buf)
		prev = sealed
	}
}
