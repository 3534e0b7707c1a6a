package kms

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// covering fails the test unless the fields cover the message.
func covering(t *testing.T, fields []Field, n int) {
	t.Helper()
	at := 0
	for _, f := range fields {
		if f.Offset != at || f.Length < 0 {
			t.Fatalf("%+v at %d", f, at)
		}
		at += f.Length
	}
	if at != n {
		t.Errorf("the fields cover %d of %d bytes", at, n)
	}
}

func FuzzOpenRequest(f *testing.F) {
	for _, v := range vectors(f).Vectors {
		f.Add([]byte(v.RequestMessage))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := OpenRequest(b)
		if err != nil {
			var de *DecodeError
			if !errors.As(err, &de) || de.Offset > len(b) {
				t.Errorf("%#v", err)
			}
			return
		}
		covering(t, o.Fields(), len(b))
		// An intact request is sealed to the same bytes again, if nothing was
		// hidden behind the workstation name.
		if o.Verification.Err() != nil {
			return
		}
		again, err := o.Seal(o.IV)
		if err != nil {
			return
		}
		p := openRequest(t, again)
		if p.Request != o.Request {
			t.Errorf("%+v, then %+v", o.Request, p.Request)
		}
	})
}

func FuzzOpenResponse(f *testing.F) {
	for _, v := range vectors(f).Vectors {
		f.Add([]byte(v.RequestMessage), []byte(v.ResponseMessage))
	}
	f.Fuzz(func(t *testing.T, request, response []byte) {
		req, err := OpenRequest(request)
		if err != nil {
			req = nil
		}
		o, err := OpenResponse(response, req)
		if err != nil {
			var de *DecodeError
			if !errors.As(err, &de) || de.Offset > len(response) {
				t.Errorf("%#v", err)
			}
			return
		}
		covering(t, o.Fields(), len(response))
		seen := map[CheckID]bool{}
		for _, c := range o.Verification {
			if seen[c.ID] || c.Offset > len(response) || c.ID.Title() == "" {
				t.Errorf("%+v", c)
			}
			seen[c.ID] = true
		}
		if alone, _ := OpenResponse(response, nil); len(alone.Verification) != len(o.Verification) {
			t.Errorf("%d checks, %d without the request", len(o.Verification), len(alone.Verification))
		}
		if !o.Decoded && o.Response != (Response{}) {
			t.Errorf("undecoded, yet %+v", o.Response)
		}
	})
}

// The bodies behind the cipher, which random bytes seldom reach.
func FuzzResponseBase(f *testing.F) {
	for _, v := range vectors(f).Vectors {
		base, err := v.response().AppendBase(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(base, uint8(v.Version.Major()))
	}
	f.Fuzz(func(t *testing.T, base []byte, major uint8) {
		r, n, err := ParseResponseBase(base)
		if err == nil && (n > len(base) || n < responseBaseSize) {
			t.Errorf("%d bytes of %d", n, len(base))
		}
		if len(base) > 300 {
			return
		}
		r.Version = Version(4+major%3) << 16
		req := &OpenedRequest{Outer: r.Version, Request: Request{Version: r.Version, CMID: r.CMID}, Decoded: true}
		o, err := OpenResponse(sealBase(bytes.Clone(base), r, req, [16]byte{}, [16]byte{}, 0), req)
		if err == nil {
			covering(t, o.Fields(), len(o.Clear))
		}
	})
}

func FuzzRequestBase(f *testing.F) {
	for _, v := range vectors(f).Vectors {
		base, err := v.request().AppendBase(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(base)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRequestBase(b)
		if err != nil {
			if !errors.Is(err, dcerpc.ErrTruncated) || len(b) >= RequestBaseSize {
				t.Error(err)
			}
			return
		}
		base, err := r.AppendBase(nil)
		if err != nil {
			return // 64 characters without a NUL
		}
		if !bytes.Equal(base[:108], b[:108]) {
			t.Errorf("%x is written as %x", b[:108], base[:108])
		}
		if again, err := ParseRequestBase(base); err != nil || again != r {
			t.Errorf("%+v, then %+v, %v", r, again, err)
		}
	})
}

func FuzzParseEPID(f *testing.F) {
	for _, v := range vectors(f).Vectors {
		f.Add(v.Fields.EPID)
	}
	f.Add("03612-00206-557-318840-03-1033-17763-3662020")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseEPID(s)
		if err != nil {
			return
		}
		if again, err := ParseEPID(e.String()); err != nil || again != e {
			t.Errorf("%q: %+v, then %+v, %v", s, e, again, err)
		}
		if day, ok := e.Activated(); ok && uint32(day.YearDay()) != e.Day {
			t.Errorf("day %d is %s", e.Day, day)
		}
	})
}

func FuzzVersionText(f *testing.F) {
	f.Add("6.0")
	f.Fuzz(func(t *testing.T, s string) {
		var v, again Version
		if v.UnmarshalText([]byte(s)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(v.String())); err != nil || again != v {
			t.Errorf("%q: %s, then %s, %v", s, v, again, err)
		}
	})
}

// Whatever a host sends, the client comes to an end with one of its errors.
func FuzzConn(f *testing.F) {
	f.Add(ackNDR64, answerPDU(dcerpc.NDR64, 2, 1, nil, ErrKeyMismatch))
	f.Add(ackNDR32("1688"), []byte(vectorOf(f, V6).ResponsePDU))
	f.Add(recordedNak, recordedFault)
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), []byte{})
	f.Fuzz(func(t *testing.T, ack, answer []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			p := &peer{theirs, dcerpc.NewReader(theirs)}
			p.read()
			go p.wait() // takes the request whenever it comes, if it does
			p.say(ack)
			p.say(answer)
			_ = theirs.Close()
		}()
		c := NewConn(ours)
		_, err := c.Bind(ctx)
		if err == nil {
			_, err = c.Do(ctx, ask)
		}
		_ = c.Close()
		<-done
		var transport *TransportError
		var reply *ReplyError
		var refused *RefusedError
		if !errors.As(err, &transport) && !errors.As(err, &reply) && !errors.As(err, &refused) {
			t.Errorf("%#v", err)
		}
	})
}
