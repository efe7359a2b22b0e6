package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
)

// tagged is the answer with a thing that can be changed. Its ETag is a print of
// what the answer says, or the thing's version where it has one.
type tagged[T any] struct {
	ETag string `header:"ETag" doc:"For If-Match."`
	Body T
}

// tagOf is the answer with a thing that has no version of its own.
func tagOf[T any](b T) *tagged[T] { return &tagged[T]{printOf(b), b} }

// printOf is the ETag of what an answer says.
func printOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return "" // which no header matches
	}
	sum := sha256.Sum256(data)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
}

// Seen is the input of a change that may say on what it is based.
type Seen struct {
	IfMatch string `header:"If-Match" maxLength:"2000" doc:"The ETag of what is changed, as it was read: 412 when it is otherwise by now. Left out, it is changed whatever it is."`
}

// fits refuses a change that is based on another state than there is. Several
// ETags may be given, of which one has to fit.
func (in Seen) fits(now string) error {
	if in.IfMatch == "" || in.IfMatch == "*" {
		return nil
	}
	for one := range strings.SplitSeq(in.IfMatch, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == now && now != "" {
			return nil
		}
	}
	return otherwise()
}

// otherwise refuses a change of what is no longer as it was seen.
func otherwise() error {
	return refusal(http.StatusPreconditionFailed, "this has been changed since it was read", "Read it again, and send the new ETag if the change still holds.")
}

// stripes are locks for changes that are compared with what was seen: between
// the look and the change nobody of this process changes the same thing. Things
// with a version of their own, records and automations, are compared where they
// are written, which holds between processes too.
type stripes struct {
	seed  maphash.Seed
	locks [64]sync.Mutex
}

// on locks what a name stands for and returns how to unlock it.
func (s *stripes) on(name string) func() {
	m := &s.locks[maphash.String(s.seed, name)%uint64(len(s.locks))]
	m.Lock()
	return m.Unlock
}

// change does a change to a thing if it is as it was seen, and answers with the
// thing as it is then. now reads it, do changes it.
func change[T any](v *visit, name string, in Seen, now func() (T, error), do func() error) (*tagged[T], error) {
	defer v.stripes.on(name)()
	if in.IfMatch != "" {
		is, err := now()
		if err != nil {
			return nil, err
		}
		if err := in.fits(printOf(is)); err != nil {
			return nil, err
		}
	}
	if err := do(); err != nil {
		return nil, err
	}
	is, err := now()
	if err != nil {
		return nil, err
	}
	return tagOf(is), nil
}
