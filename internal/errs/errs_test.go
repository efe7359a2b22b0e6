package errs_test

import (
	"errors"
	"io"
	"testing"

	"github.com/musterhq/muster/internal/errs"
)

func TestErrorReadsFromOperationToCause(t *testing.T) {
	t.Parallel()
	err := errs.New(errs.NotFound, "no such group").During("read the members").About("group %s", "All Staff").Because(io.EOF)
	if got, want := err.Error(), "read the members: group All Staff: no such group: EOF"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestWrapKeepsKindAndHint(t *testing.T) {
	t.Parallel()
	inner := errs.New(errs.Forbidden, "refused").WithHint("grant consent")
	err := errs.Wrap(errs.Wrap(inner, "list users"), "sync")
	if got := errs.KindOf(err); got != errs.Forbidden {
		t.Errorf("KindOf = %v, want forbidden", got)
	}
	if got := errs.HintOf(err); got != "grant consent" {
		t.Errorf("HintOf = %q, want the inner hint", got)
	}
	if errs.Wrap(nil, "anything") != nil || errs.As(nil, errs.Invalid) != nil {
		t.Error("wrapping nil made an error")
	}
}

func TestUnclassifiedErrorsAreInternal(t *testing.T) {
	t.Parallel()
	plain := errors.New("boom")
	if got := errs.KindOf(plain); got != errs.Internal {
		t.Errorf("KindOf = %v, want internal", got)
	}
	if errs.Is(plain, errs.Internal) {
		t.Error("Is(plain, Internal) = true; only a classified error is of a kind")
	}
	if got := errs.HintOf(plain); got != "" {
		t.Errorf("HintOf = %q, want none", got)
	}
}
