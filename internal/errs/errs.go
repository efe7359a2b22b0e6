// Package errs gives errors a kind, a context and, for people, a next step.
//
// A kind is what a caller may act on: a command maps it to an exit code, a
// handler to a status. Everything else is prose. Wrap where the fault is
// understood, return it upwards untouched, and handle it once.
package errs

import (
	"errors"
	"fmt"
)

// Kind says what sort of fault an error is. The zero Kind is Internal: a fault
// that nobody classified is ours until shown otherwise.
type Kind uint8

// The kinds, and what a caller does about each.
//
//	kind             who can mend it          exit   HTTP
//	Internal         the developers           1      500
//	Invalid          the caller, by input     2      422
//	NotFound         the caller, by name      1      404
//	Conflict         the caller, by retrying  1      409
//	Forbidden        an administrator         1      403
//	Unauthenticated  whoever holds secrets    1      401
//	Unavailable      time                     1      503
//	Incomplete       the next run             1      502
//	Expired          a fresh start            1      410
//	Held             an approver              3      409
const (
	Internal Kind = iota
	Invalid
	NotFound
	Conflict
	Forbidden
	Unauthenticated
	Unavailable
	Incomplete
	Expired
	Held
)

var kindNames = [...]string{
	"internal", "invalid", "not found", "conflict", "forbidden",
	"unauthenticated", "unavailable", "incomplete", "expired", "held",
}

// String returns the kind's name in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// ErrUnsure is in the chain of an error after which it is not known whether the
// change was made: the line broke while it was being kept.
var ErrUnsure = errors.New("it is not known whether it was done")

// Error is a fault with its context. Construct it with New, Wrap or the
// literal; leave out what is not known.
type Error struct {
	Kind    Kind
	Op      string // what was being done, as a verb phrase: "read the members"
	Subject string // to what: "group All Staff"
	Message string // what is wrong, in words for people
	Hint    string // what to do next; empty when nobody can do anything
	Err     error  // the cause, if any
}

// New returns an error of a kind with a message made like fmt.Sprintf.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap gives err an operation and keeps its kind and hint. It returns nil for
// a nil err, so that it can stand in a return statement.
func Wrap(err error, op string) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Op: op, Hint: HintOf(err), Err: err}
}

// As returns err with another kind, or nil for a nil err.
func As(err error, kind Kind) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Hint: HintOf(err), Err: err}
}

// During sets what was being done and returns the error for chaining.
func (e *Error) During(op string) *Error { e.Op = op; return e }

// About sets what the error is about and returns the error for chaining.
func (e *Error) About(format string, args ...any) *Error {
	e.Subject = fmt.Sprintf(format, args...)
	return e
}

// WithHint sets the next step and returns the error for chaining.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Because sets the cause and returns the error for chaining.
func (e *Error) Because(err error) *Error { e.Err = err; return e }

// Error returns "operation: subject: message: cause", without the hint.
func (e *Error) Error() string {
	s := ""
	for _, part := range []string{e.Op, e.Subject, e.Message} {
		s = join(s, part)
	}
	if e.Err != nil {
		s = join(s, e.Err.Error())
	}
	if s == "" {
		return e.Kind.String()
	}
	return s
}

func join(s, part string) string {
	if part == "" {
		return s
	}
	if s == "" {
		return part
	}
	return s + ": " + part
}

// Brief is what the outermost message in err's chain says, without what it is
// about and its cause: for people whom names of hosts are none of their business.
func Brief(err error) string {
	for rest := err; rest != nil; {
		e, ok := errors.AsType[*Error](rest)
		if !ok {
			break
		}
		if e.Message != "" {
			return e.Message
		}
		rest = e.Err
	}
	return err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost classified error in err's chain,
// and Internal when there is none or err is nil.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a classified error of the given kind.
func Is(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// HintOf returns the nearest next step in err's chain, or "".
func HintOf(err error) string {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
