package directory_test

import (
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

func TestF1OnlyDrainedReadingsAreComplete(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tell func(*directory.Reading)
		ok   bool
		says string
	}{
		"nothing read":     {func(r *directory.Reading) {}, false, "not read to the end"},
		"one of two":       {func(r *directory.Reading) { r.Drained("users") }, false, "group a"},
		"both":             {func(r *directory.Reading) { r.Drained("users"); r.Drained("group a") }, true, ""},
		"one failed":       {func(r *directory.Reading) { r.Drained("users"); r.Failed("group a", "404") }, false, "404"},
		"failure is final": {func(r *directory.Reading) { r.Failed("users", "cut"); r.Drained("users"); r.Drained("group a") }, false, "cut"},
		"failed at last":   {func(r *directory.Reading) { r.Drained("users"); r.Drained("group a"); r.Failed("users", "cut") }, false, "cut"},
		"promised again":   {func(r *directory.Reading) { r.Drained("users"); r.Drained("group a"); r.Promise("users") }, true, ""},
		"promised more": {func(r *directory.Reading) {
			r.Drained("users")
			r.Drained("group a")
			r.Promise("devices")
		}, false, "devices"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := directory.NewReading("users", "group a")
			tc.tell(r)
			proof, err := r.Complete()
			if (err == nil) != tc.ok || proof.Valid() != tc.ok || proof.Covers("users") != tc.ok {
				t.Fatalf("got %v, valid %v", err, proof.Valid())
			}
			if err != nil && (!errs.Is(err, errs.Incomplete) || !strings.Contains(strings.Join(r.Problems(), " "), tc.says)) {
				t.Errorf("got %v, problems %q, want %q", err, r.Problems(), tc.says)
			}
		})
	}
}

func TestNothingPromisedIsNotComplete(t *testing.T) {
	t.Parallel()
	proof, err := directory.NewReading().Complete()
	if err == nil || proof.Valid() || (directory.Complete{}).Valid() || proof.Covers("users") {
		t.Errorf("got %v, %v", proof, err)
	}
}

func TestProofCoversWhatWasRead(t *testing.T) {
	t.Parallel()
	r := directory.NewReading("users")
	r.Drained("users")
	proof, err := r.Complete()
	if err != nil || !proof.Covers("users") || proof.Covers("devices") {
		t.Errorf("got %v, %v", proof, err)
	}
}
