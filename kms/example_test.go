package kms_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// refusing plays a host whose key does not cover the product asked for.
func refusing(nc net.Conn) {
	defer func() { _ = nc.Close() }()
	r := dcerpc.NewReader(nc)
	if _, err := r.ReadPDU(); err != nil {
		return
	}
	no := dcerpc.ContextResult{Result: dcerpc.ProviderRejection, Reason: dcerpc.ReasonTransferSyntax}
	ack := dcerpc.BindAck{
		MaxXmit: 5840, MaxRecv: 5840, SecondaryAddress: "1688",
		Results: []dcerpc.ContextResult{{Transfer: dcerpc.SyntaxNDR32}, no, no},
	}
	_, _ = nc.Write(ack.Append(nil, dcerpc.NewHeader(dcerpc.TypeBindAck, 2)))
	if _, err := r.ReadPDU(); err != nil {
		return
	}
	stub := dcerpc.AppendResponseStub(nil, dcerpc.NDR32, nil, uint32(kms.ErrKeyMismatch))
	_, _ = nc.Write(dcerpc.Response{Stub: stub}.Append(nil, dcerpc.NewHeader(dcerpc.TypeResponse, 2)))
}

// Ask a host once, under the id that all probes share.
func ExampleConn() {
	client, host := net.Pipe()
	go refusing(host)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	c := kms.NewConn(client)
	defer func() { _ = c.Close() }()
	bound, err := c.Bind(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("bound to port", bound.SecondaryAddress, "with", bound.Accepted)

	probe := kms.NewProbe("ws-001.corp.test", time.Now())
	probe.Version, probe.NPolicy = kms.V6, 5
	_, err = c.Do(ctx, probe)
	var refused *kms.RefusedError
	if errors.As(err, &refused) {
		fmt.Println(refused)
	}
	// Output:
	// bound to port 1688 with NDR32
	// the host refused: 0xC004F042 (SL_E_VL_KEY_MANAGEMENT_SERVICE_ID_MISMATCH)
}

// An answer out of a capture, without its request.
func ExampleOpenResponse() {
	msg, err := hex.DecodeString("00000400" + "0a000000" + "6b006d007300310000000000"[:20] +
		"646d736b61696747a070726f62653031" + "00fa2f3f287bdd01" + "320000007800000060270000" +
		"00000000000000000000000000000000")
	if err != nil {
		fmt.Println(err)
		return
	}
	o, err := kms.OpenResponse(msg, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(o.EPID, o.Count, o.ClientTime)
	fmt.Println("failed:", o.Verification.With(kms.Failed))
	// Output:
	// kms1 50 2026-11-23T08:54:28Z
	// failed: [resp.mac]
}

func ExampleParseEPID() {
	e, err := kms.ParseEPID("03612-00206-557-318840-03-1033-17763.0000-0842021")
	if err != nil {
		fmt.Println(err)
		return
	}
	day, _ := e.Activated()
	fmt.Println("build", e.Build, "key", e.Group, e.KeyID, "activated", day.Format(time.DateOnly))
	// Output: build 17763 key 206 557318840 activated 2021-03-25
}

func ExampleOpenedRequest_Fields() {
	probe := kms.NewProbe("ws-001", time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	probe.Version, probe.NPolicy = kms.V5, 25
	msg, err := probe.Seal([16]byte{1})
	if err != nil {
		fmt.Println(err)
		return
	}
	o, err := kms.OpenRequest(msg)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range o.Fields()[9:12] {
		fmt.Printf("%3d %2d %s: %s\n", f.Offset, f.Length, f.Name, f.Value)
	}
	// Output:
	//  84 16 client machine id: 6b6d7364-6961-4767-a070-726f62653031
	// 100  4 N policy: 25
	// 104  8 client time: 2026-11-23T09:00:00Z
}
