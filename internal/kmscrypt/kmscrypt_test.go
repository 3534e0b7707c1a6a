package kmscrypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func block16(t testing.TB, s string) [16]byte {
	t.Helper()
	return [16]byte(unhex(t, s))
}

func TestCheckValues(t *testing.T) {
	for _, tc := range []struct {
		name   string
		cipher *Cipher
		want   string
	}{
		{"V4", v4, "933030f10e2e7782b80915d5778a4957"},
		{"V5", V5, "ec7c7e75b1923978eac4b2d2260235d5"},
		{"V6", V6, "8ca59de0c483c04aa7026a22d6dd208e"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.cipher.EncryptBlock([16]byte{})
			if hex.EncodeToString(got[:]) != tc.want {
				t.Errorf("E(0) = %x, want %s", got, tc.want)
			}
			if back := tc.cipher.DecryptBlock(got); back != [16]byte{} {
				t.Errorf("D(E(0)) = %x, want zeros", back)
			}
		})
	}
}

// Initialisation vectors seen on the wire and their decryption.
func TestDecryptBlock(t *testing.T) {
	for _, tc := range []struct {
		cipher   *Cipher
		iv, want string
	}{
		{V5, "dcaf1e0354820160fb834b848c592eb1", "ed905a48ccc363e6b19946aab7f4bc33"},
		{V5, "57868ee65d664b541c1f397b778170ea", "47ce655d150d6b46d4c829af6a08e54d"},
		{V6, "448399ec1c620d08cf478405ede81327", "be8aeac3549d3b5c0d2b1477210c3186"},
		{V6, "4220cf6bb9af288dcd8f36b28bdfe9f3", "7442f264cd23afb714b556c09b9b4256"},
		{V6, "1eb86bd5a9d507e6b56975deb0a55400", "d8463009b0c869cb86ed376e37903a51"},
	} {
		if got := tc.cipher.DecryptBlock(block16(t, tc.iv)); got != block16(t, tc.want) {
			t.Errorf("D(%s) = %x, want %s", tc.iv, got, tc.want)
		}
	}
}

// V5 is ordinary AES, so the standard library is its reference.
func TestV5AgainstCryptoAES(t *testing.T) {
	ref, err := aes.NewCipher(unhex(t, "CD7E796F2AB25DCB55FFC8EF8364C470"))
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := 0; n <= 320; n += BlockSize {
		plain, iv := make([]byte, n), [16]byte{}
		for i := range plain {
			plain[i] = byte(rnd.Uint32())
		}
		for i := range iv {
			iv[i] = byte(rnd.Uint32())
		}
		want := make([]byte, n)
		cipher.NewCBCEncrypter(ref, iv[:]).CryptBlocks(want, plain)
		got := bytes.Clone(plain)
		V5.EncryptCBC(iv, got)
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: %x, want %x", n, got, want)
		}
		V5.DecryptCBC(iv, got)
		if !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes do not come back", n)
		}
	}
}

func TestCBCRoundTrip(t *testing.T) {
	iv := block16(t, "000102030405060708090a0b0c0d0e0f")
	for name, c := range map[string]*Cipher{"V4": v4, "V5": V5, "V6": V6} {
		plain := bytes.Repeat([]byte("kms "), 21) // 84 bytes: five blocks and a rest
		buf := bytes.Clone(plain)
		c.EncryptCBC(iv, buf)
		if bytes.Equal(buf[:16], plain[:16]) || !bytes.Equal(buf[80:], plain[80:]) {
			t.Errorf("%s: whole blocks change and the rest stays: %x", name, buf)
		}
		c.DecryptCBC(iv, buf)
		if !bytes.Equal(buf, plain) {
			t.Errorf("%s: round trip = %q", name, buf)
		}
	}
}

func TestMACV4(t *testing.T) {
	// A message of whole blocks still gets the 0x80 byte, in a block of its own.
	zero := v4.EncryptBlock([16]byte{})
	zero[0] ^= 0x80
	if got, want := MACV4(make([]byte, 16)), v4.EncryptBlock(zero); got != want {
		t.Errorf("one block: %x, want %x", got, want)
	}
	if got, want := MACV4(nil), v4.EncryptBlock([16]byte{0x80}); got != want {
		t.Errorf("empty: %x, want %x", got, want)
	}
	if MACV4([]byte{1}) == MACV4([]byte{1, 0}) {
		t.Error("a trailing zero must change the checksum")
	}
}

func TestPadding(t *testing.T) {
	for n := range 40 {
		b := Pad(make([]byte, n), n)
		got, err := Unpad(b)
		if err != nil || got != n || len(b)%16 != 0 || len(b) == n {
			t.Errorf("%d bytes: padded to %d, unpadded to %d, %v", n, len(b), got, err)
		}
	}
	for _, bad := range []string{
		"", "01", "00000000000000000000000000000000",
		"00000000000000000000000000000011", "00000000000000000000000000000302",
	} {
		if n, err := Unpad(unhex(t, bad)); !errors.Is(err, ErrPadding) || n != 0 {
			t.Errorf("Unpad(%s) = %d, %v", bad, n, err)
		}
	}
}

func TestHMACKey(t *testing.T) {
	key := HMACKey(Slot(134398976700000000))
	if got := hex.EncodeToString(key[:]); got != "6ef8b1f8e749b5094436ad84ae3cffe8" {
		t.Errorf("key = %s", got)
	}
	if Slot(134398976700000000) == Slot(134398976700000000+slotTicks) {
		t.Error("the next slot has the same number")
	}
}

func TestMACV6AgainstCryptoHMAC(t *testing.T) {
	key := HMACKey(7)
	iv := [16]byte{1, 2, 3}
	for _, n := range []int{0, 1, 232, 432, 433, 2000} { // 432 fills the stack buffer
		msg := bytes.Repeat([]byte{0xa5}, n)
		ref := hmac.New(sha256.New, key[:])
		ref.Write(iv[:])
		ref.Write(msg)
		want := ref.Sum(nil)[16:]
		if got := MACV6(key, iv, msg); !bytes.Equal(got[:], want) {
			t.Errorf("%d bytes: %x, want %x", n, got, want)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	buf := make([]byte, 240)
	allocs := testing.AllocsPerRun(100, func() {
		V6.EncryptCBC([16]byte{}, buf)
		V6.DecryptCBC([16]byte{}, buf)
		mac := MACV4(buf)
		mac = MACV6(HMACKey(1), mac, buf)
		buf[0] = mac[0]
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}

func FuzzUnpad(f *testing.F) {
	f.Add(Pad([]byte("abc"), 3))
	f.Add(make([]byte, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := Unpad(b)
		if err != nil {
			return
		}
		if got := Pad(bytes.Clone(b[:n]), n); !bytes.Equal(got, b) {
			t.Errorf("padding of %x comes back as %x", b, got)
		}
	})
}

// The processor's instructions and the tables must agree on every length.
func TestDecryptCBCBothWays(t *testing.T) {
	for _, c := range []*Cipher{V5, V6} {
		for n := range 70 {
			fast := make([]byte, n)
			for i := range fast {
				fast[i] = byte(i*7 + n)
			}
			slow := bytes.Clone(fast)
			iv := [16]byte{1, 2, byte(n)}
			c.DecryptCBC(iv, fast)
			c.decryptTables(iv, slow)
			if !bytes.Equal(fast, slow) {
				t.Fatalf("%d bytes: %x, by tables %x", n, fast, slow)
			}
		}
	}
}

func BenchmarkDecryptCBC(b *testing.B) {
	buf := make([]byte, 240)
	b.SetBytes(240)
	b.ReportAllocs()
	for b.Loop() {
		V6.DecryptCBC([16]byte{}, buf)
	}
}

func BenchmarkMACV4(b *testing.B) {
	buf := make([]byte, 236)
	b.SetBytes(236)
	b.ReportAllocs()
	for b.Loop() {
		MACV4(buf)
	}
}

func BenchmarkMACV6(b *testing.B) {
	buf := make([]byte, 216)
	b.ReportAllocs()
	for b.Loop() {
		MACV6(HMACKey(Slot(134398976700000000)), [16]byte{}, buf)
	}
}
