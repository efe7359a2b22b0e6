package once_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/once"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var (
	key   = once.Key{1}
	asked = once.Print{2}
	done  = once.Answer{Status: 201, Header: map[string][]string{"Etag": {`"1"`}}, Body: []byte(`{"id":1}`)}
)

func keys(t *testing.T) *secret.Keyring {
	t.Helper()
	k, err := secret.NewKeyring(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAnAnswerIsKeptSealed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := once.New(db, keys(t), nil)
		if _, err := s.Begin(t.Context(), key, asked); err != nil {
			t.Fatal(err)
		}
		if err := s.Finish(t.Context(), key, once.Answer{Status: 201, Body: []byte("a link of one use")}); err != nil {
			t.Fatal(err)
		}
		kept, err := db.Answer(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if len(kept.Answer.Body) == 0 || bytes.Contains(kept.Answer.Body, []byte("link")) {
			t.Errorf("the database holds %q, want it sealed", kept.Answer.Body)
		}
	})
}

func TestARepetitionIsAnsweredAsItWas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := once.New(db, keys(t), nil)
		first, err := s.Begin(t.Context(), key, asked)
		if err != nil || first != nil {
			t.Fatalf("the first time: %v, %v; want leave to go on", first, err)
		}
		if _, err := s.Begin(t.Context(), key, asked); !errs.Is(err, errs.Conflict) {
			t.Errorf("while it is in progress: %v, want a conflict", err)
		}
		if err := s.Finish(t.Context(), key, done); err != nil {
			t.Fatal(err)
		}
		again, err := s.Begin(t.Context(), key, asked)
		if err != nil || again == nil {
			t.Fatalf("the second time: %v, %v; want the answer", again, err)
		}
		if again.Status != 201 || string(again.Body) != `{"id":1}` || len(again.Header["Etag"]) != 1 {
			t.Errorf("the answer kept is %+v", again)
		}
		if _, err := s.Begin(t.Context(), key, once.Print{3}); !errs.Is(err, errs.Invalid) {
			t.Errorf("another request under the key: %v, want it refused", err)
		}
		if other, err := s.Begin(t.Context(), once.Key{9}, asked); err != nil || other != nil {
			t.Errorf("the same request under another key: %v, %v; want leave to go on", other, err)
		}
	})
}

func TestWhatFailedMayBeSentAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := once.New(db, keys(t), nil)
		if _, err := s.Begin(t.Context(), key, asked); err != nil {
			t.Fatal(err)
		}
		if err := s.Forget(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if a, err := s.Begin(t.Context(), key, once.Print{7}); a != nil || err != nil {
			t.Errorf("after a failure: %v, %v; want leave to go on", a, err)
		}
	})
}

func TestAKeyIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		s := once.New(db, keys(t), func() time.Time { return now })
		if _, err := s.Begin(t.Context(), key, asked); err != nil {
			t.Fatal(err)
		}
		if err := s.Finish(t.Context(), key, done); err != nil {
			t.Fatal(err)
		}
		now = now.Add(once.Kept - time.Minute)
		if a, err := s.Begin(t.Context(), key, asked); err != nil || a == nil {
			t.Fatalf("within a day: %v, %v; want the answer", a, err)
		}
		now = now.Add(2 * time.Minute)
		if a, err := s.Begin(t.Context(), key, asked); err != nil || a != nil {
			t.Errorf("after a day: %v, %v; want leave to go on", a, err)
		}
	})
}
