//go:build !amd64 || purego

package kmscrypt

// A schedule is not needed where the tables do the work.
type schedule struct{}

func (*schedule) set([]uint32) {}

func (*Cipher) decryptHardware([BlockSize]byte, []byte) bool { return false }
