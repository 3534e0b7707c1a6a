package kms

import (
	"encoding/binary"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
)

// OpenCapturedRequest is [OpenRequest] for a reader of captures, who also meets
// requests of versions that do not exist: hosts refuse them, but what was asked
// can still be read. Such a message has the layout of V4 if it has that size,
// and that of V6 or V5 otherwise. Errors are those of OpenRequest.
func OpenCapturedRequest(msg []byte) (*OpenedRequest, error) {
	if len(msg) >= 4 && !Version(binary.LittleEndian.Uint32(msg)).Known() {
		o := &OpenedRequest{Outer: Version(binary.LittleEndian.Uint32(msg)), Clear: append([]byte(nil), msg...)}
		switch len(msg) {
		case RequestSizeV4:
			o.openV4()
			return o, nil
		case RequestSizeV56:
			o.openV56(kmscrypt.V6)
			if !o.Decoded {
				copy(o.Clear, msg)
				o.openV56(kmscrypt.V5)
			}
			return o, nil
		}
	}
	return OpenRequest(msg)
}
