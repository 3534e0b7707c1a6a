package kmscrypt

import "errors"

// The ciphers of protocol V5 and V6. V6 is AES-128 whose round keys 4, 6 and 8
// differ in their first byte.
var (
	V5 = newCipher([]byte{0xCD, 0x7E, 0x79, 0x6F, 0x2A, 0xB2, 0x5D, 0xCB, 0x55, 0xFF, 0xC8, 0xEF, 0x83, 0x64, 0xC4, 0x70})
	V6 = newCipher([]byte{0xA9, 0x4A, 0x41, 0x95, 0xE2, 0x01, 0x43, 0x2D, 0x9B, 0xCB, 0x46, 0x04, 0x05, 0xD8, 0x4A, 0x21},
		alteration{4, 0x73}, alteration{6, 0x09}, alteration{8, 0xE4})
)

// v4 has a 160-bit key and so 11 rounds.
var v4 = newCipher([]byte{
	0x05, 0x3D, 0x83, 0x07, 0xF9, 0xE5, 0xF0, 0x88, 0xEB, 0x5E,
	0xA6, 0x68, 0x6C, 0xF0, 0x37, 0xC7, 0xE4, 0xEF, 0xD2, 0xD6,
})

// MACV4 returns the checksum that ends a V4 message: the plain CBC-MAC of
// msg, one byte 0x80, and zeros up to a whole block.
func MACV4(msg []byte) [BlockSize]byte {
	var h block
	for ; len(msg) >= BlockSize; msg = msg[BlockSize:] {
		b := load(msg)
		h.xor(&b)
		v4.encrypt(&h)
	}
	var tail [BlockSize]byte
	tail[copy(tail[:], msg)] = 0x80
	b := load(tail[:])
	h.xor(&b)
	v4.encrypt(&h)
	h.store(tail[:])
	return tail
}

// ErrPadding says that a decrypted message does not end in PKCS#7 padding: the
// wrong key, a changed byte, or a length that is no multiple of [BlockSize].
var ErrPadding = errors.New("invalid PKCS#7 padding")

// Pad appends PKCS#7 padding: 1 to 16 bytes, each the number of them. The
// padding counts from the start of the encrypted part, which holds n bytes.
func Pad(dst []byte, n int) []byte {
	pad := BlockSize - n%BlockSize
	for range pad {
		dst = append(dst, byte(pad))
	}
	return dst
}

// Unpad returns the number of bytes of plain that are not padding, or
// [ErrPadding].
func Unpad(plain []byte) (int, error) {
	if len(plain) == 0 || len(plain)%BlockSize != 0 {
		return 0, ErrPadding
	}
	pad := plain[len(plain)-1]
	if pad == 0 || pad > BlockSize {
		return 0, ErrPadding
	}
	n := len(plain) - int(pad)
	for _, b := range plain[n:] {
		if b != pad {
			return 0, ErrPadding
		}
	}
	return n, nil
}
