package kmscrypt

import "math/bits"

// The tables of Rijndael with a 128-bit block (FIPS 197, section 5): the
// substitution box, its inverse, and for each the product with a column of
// (Inv)MixColumns in the top-byte position; the other three positions are
// rotations. They are initialised by expressions, so that the ciphers, which
// are package variables too, find them filled.
var (
	sbox, invSbox      = boxes()
	te0, te1, te2, te3 = columns(func(x byte) uint32 {
		s := sbox[x]
		return uint32(mul(s, 2))<<24 | uint32(s)<<16 | uint32(s)<<8 | uint32(mul(s, 3))
	})
	td0, td1, td2, td3 = columns(func(x byte) uint32 {
		return invMixColumn(uint32(invSbox[x]) << 24)
	})
)

// boxes finds inverses by logarithms: 3 generates every element but 0, so the
// inverse of 3^i is 3^(255-i).
func boxes() (box, inv [256]byte) {
	var power [256]byte
	power[0] = 1
	for i := range 255 {
		power[i+1] = mul(power[i], 3)
	}
	box[0] = affine(0)
	for i := range 255 {
		box[power[i]] = affine(power[255-i])
	}
	for i, s := range box {
		inv[s] = byte(i)
	}
	return box, inv
}

func columns(word func(byte) uint32) (a, b, c, d [256]uint32) {
	for i := range a {
		w := word(byte(i))
		a[i], b[i] = w, bits.RotateLeft32(w, -8)
		c[i], d[i] = bits.RotateLeft32(w, -16), bits.RotateLeft32(w, -24)
	}
	return a, b, c, d
}

// mul multiplies in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
func mul(a, b byte) byte {
	var p byte
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			p ^= a
		}
		carry := a & 0x80
		a <<= 1
		if carry != 0 {
			a ^= 0x1b
		}
	}
	return p
}

// affine is the second half of a substitution.
func affine(inverse byte) byte {
	s := inverse
	for i := 1; i < 5; i++ {
		s ^= bits.RotateLeft8(inverse, i)
	}
	return s ^ 0x63
}

// invMixColumn applies InvMixColumns to one column.
func invMixColumn(w uint32) uint32 {
	var r uint32
	for i := range 4 {
		b := byte(w >> (24 - 8*i))
		col := uint32(mul(b, 14))<<24 | uint32(mul(b, 9))<<16 | uint32(mul(b, 13))<<8 | uint32(mul(b, 11))
		r ^= bits.RotateLeft32(col, -8*i)
	}
	return r
}
