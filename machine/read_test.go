package machine

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slow answers some questions only when it is released, as WMI does when it hangs.
type slow struct {
	Source
	release chan struct{}
	asked   atomic.Int32
}

func (s *slow) Service(context.Context) (*Service, error) {
	s.asked.Add(1)
	<-s.release
	return nil, errors.New("too late")
}

func (s *slow) Products(context.Context, string) ([]Product, error) {
	s.asked.Add(1)
	return nil, nil
}

func TestReadGivesUpOnOnePart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{Source: Recorded(records(t)["office"]), release: make(chan struct{})}
		start := time.Now()
		r := Read(t.Context(), s)
		if took := time.Since(start); took != limitWMI {
			t.Errorf("it took %s, want %s", took, limitWMI)
		}
		if len(r.Problems) != 2 || r.Problems[1].Part != partProducts || r.Problems[0].Part != partService || !strings.Contains(r.Problems[0].Text, "gave up waiting after 15s") {
			t.Errorf("problems %+v", r.Problems)
		}
		if len(r.Registry) == 0 || len(r.Services) == 0 {
			t.Errorf("the rest is missing: %+v", r)
		}
		if n := s.asked.Load(); n != 1 {
			t.Errorf("the licensing service was asked %d times, want once", n)
		}
		close(s.release)
	})
}

func TestReadStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{Source: Recorded(records(t)["office"]), release: make(chan struct{})}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		Read(ctx, s)
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("it took %s, want 2s", took)
		}
		close(s.release)
	})
}

func TestReadReportsPartByPart(t *testing.T) {
	r := Read(t.Context(), Recorded(records(t)["denied"]))
	var parts []string
	for _, p := range r.Problems {
		parts = append(parts, p.Part)
	}
	if got := strings.Join(parts, ", "); got != "events, licensing service, products" {
		t.Errorf("problems of %s", got)
	}
	if len(r.Services) != 1 || len(r.Registry) != 1 {
		t.Errorf("what could be read is missing: %+v", r)
	}
}

func TestReadAsksAHostMore(t *testing.T) {
	all := records(t)
	if r := Read(t.Context(), Recorded(all["host"])); len(r.Listeners) != 2 || len(r.Firewall) != 1 || !r.KMSHost() || len(r.Events) != 2 {
		t.Errorf("host: %+v", r)
	}
	client := all["pinned"]
	client.Listeners, client.Firewall = all["host"].Listeners, all["host"].Firewall
	if r := Read(t.Context(), Recorded(client)); len(r.Listeners)+len(r.Firewall) > 0 || r.KMSHost() {
		t.Errorf("client: %+v", r)
	}
}

func TestAbsent(t *testing.T) {
	r := Read(t.Context(), Absent{})
	if len(r.Problems) != 5 {
		t.Errorf("problems %+v", r.Problems)
	}
	for _, p := range r.Problems {
		if p.Text != ErrNotWindows.Error() {
			t.Errorf("%+v", p)
		}
	}
	for s, want := range map[Source]bool{nil: false, Absent{}: false, System(): runtime.GOOS == "windows"} {
		if Here(s) != want {
			t.Errorf("Here(%#v) = %v", s, !want)
		}
	}
	if !Here(Recorded(Record{})) {
		t.Error("a recorded machine is not here")
	}
}
