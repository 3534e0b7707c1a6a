package tui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// recordedServices plays one recorded run after another.
func recordedServices(t *testing.T, names ...string) Services {
	t.Helper()
	next := 0
	return Services{
		Run: func(_ context.Context, _ Request, emit func(run.Event)) error {
			for _, e := range recordedRun(t, names[min(next, len(names)-1)]) {
				emit(e)
			}
			next++
			return nil
		},
		Judge: func([]run.Result, evidence.Set) run.Summary {
			return run.Summary{Worst: run.Pass, Counts: map[run.Status]int{run.Pass: 1}, Conclusion: "Judged again."}
		},
		Read: func(_ context.Context, text string) (Pasted, error) {
			if strings.Contains(text, "Name: Windows") {
				return Pasted{Kinds: []string{"slmgr /dlv"}}, nil
			}
			return Pasted{}, errors.New("the text is empty")
		},
		Save: func(format string, events []run.Event, _ []run.Matrix) (string, error) {
			if len(events) == 0 {
				return "", errors.New("nothing to save")
			}
			return "kmsdiag." + format, nil
		},
		Heal: func() error { return nil },
	}
}

func converse(t *testing.T, svc Services, typed string) (string, *run.Summary) {
	t.Helper()
	var out strings.Builder
	last, err := Converse(t.Context(), strings.NewReader(typed), &out, svc, Options{Style: report.Style{}})
	if err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(out.String(), func(r rune) bool { return r < ' ' && r != '\n' }); i >= 0 {
		t.Errorf("a control character at %d: %q", i, out.String()[max(i-20, 0):i+1])
	}
	return out.String(), last
}

func TestConversation(t *testing.T) {
	// Explain, evidence, nonsense, repair, rerun, save, leave.
	out, last := converse(t, recordedServices(t, "one-of-two-ill", "healthy"), "1\n3\nbanana\n99\n7\n4\n6\njsonl\nleave\n")
	golden.RequireEqual(t, out)
	if last == nil || last.Worst != run.Pass {
		t.Errorf("after the repair the last summary is %+v", last)
	}
}

func TestConversationEndsWithItsInput(t *testing.T) {
	out, last := converse(t, recordedServices(t, "one-of-two-ill"), "")
	if last == nil || last.Worst != run.Fail || !strings.HasSuffix(out, "Choice: \n") {
		t.Errorf("summary %+v, output ends %q", last, out[max(len(out)-80, 0):])
	}
}

func TestConversationPaste(t *testing.T) {
	out, last := converse(t, recordedServices(t, "one-of-two-ill"), "6\nName: Windows(R), Enterprise edition\n.\n5\n\n.\n")
	if last == nil || last.Conclusion != "Judged again." {
		t.Errorf("a paste did not join the run: %+v", last)
	}
	for _, want := range []string{"Read: slmgr /dlv.", "Nothing was read: the text is empty."} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestConversationStopsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close() //nolint:errcheck // a pipe in memory
	svc := recordedServices(t, "healthy")
	play := svc.Run
	svc.Run = func(ctx context.Context, ask Request, emit func(run.Event)) error {
		defer stop()
		return play(ctx, ask, emit)
	}
	if _, err := Converse(ctx, r, io.Discard, svc, Options{}); err != nil {
		t.Fatal(err)
	}
}

func TestConversationHidesNames(t *testing.T) {
	out, _ := converse(t, recordedServices(t, "one-of-two-ill"), "9\n5\nleave\n")
	_, after, ok := strings.Cut(out, "Names are hidden from here on.")
	if !ok || strings.Contains(after, "corp.example") || !strings.Contains(after, "host-1.name-1") {
		t.Errorf("names are not hidden: %.300q", after)
	}
}
