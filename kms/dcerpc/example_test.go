package dcerpc_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// A web server answers where a KMS host was expected.
func ExampleReader() {
	r := dcerpc.NewReader(strings.NewReader("HTTP/1.1 400 Bad Request\r\n\r\n"))
	_, err := r.ReadPDU()
	var not *dcerpc.NotRPCError
	if errors.As(err, &not) {
		fmt.Printf("%s: %q\n", not.Looks, not.First[:12])
	}
	// Output: HTTP: "HTTP/1.1 400"
}

// A fault PDU, written and read again.
func ExampleParseFault() {
	b := dcerpc.Fault{Status: dcerpc.FaultUnknownInterface}.Append(nil, dcerpc.NewHeader(dcerpc.TypeFault, 2))
	pdu, err := dcerpc.ParsePDU(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	fault, err := dcerpc.ParseFault(pdu)
	fmt.Println(pdu.Type, fault.Status, err)
	// Output: fault 0x1C010003 (nca_unk_if) <nil>
}

func ExampleParsePDU_truncated() {
	_, err := dcerpc.ParsePDU([]byte{5, 0, 12, 3, 0x10, 0, 0, 0, 108, 0, 0, 0, 2, 0, 0, 0, 208, 22})
	fmt.Println(err)
	// Output: bind_ack at offset 18: truncated: 18 bytes of 108
}
