package account_test

import (
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestPasswordHash(t *testing.T) {
	t.Parallel()
	hash, err := account.HashPassword(secret.New("pässword ☃ 12"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %s, want argon2id in PHC form", hash)
	}
	again, _ := account.HashPassword(secret.New("pässword ☃ 12"))
	if again == hash {
		t.Error("two hashes of one password are equal: there is no salt")
	}
	for _, tt := range []struct {
		name, hash, password string
		want                 bool
	}{
		{"the password", hash, "pässword ☃ 12", true},
		{"another", hash, "pässword ☃ 13", false},
		{"the empty one", hash, "", false},
		{"no hash", "", "", false},
		{"another algorithm", "$2b$10$x$y$z", "x", false},
		{"a hash cut short", hash[:len(hash)-4], "pässword ☃ 12", false},
		{"an empty sum", hash[:strings.LastIndex(hash, "$")+1], "x", false},
		{"too much memory", strings.Replace(hash, "m=19456", "m=99999999", 1), "pässword ☃ 12", false},
		{"no pass at all", strings.Replace(hash, "t=2", "t=0", 1), "pässword ☃ 12", false},
		{"no lane at all", strings.Replace(hash, "p=1", "p=0", 1), "pässword ☃ 12", false},
	} {
		if got := account.CheckPassword(tt.hash, secret.New(tt.password)); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
	for _, short := range []string{"", "12345678901", "ü2345678901"} {
		_, err := account.HashPassword(secret.New(short))
		want(t, short, err, errs.Invalid)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ann := w.member("Ann@example.com", account.ModuleAdmin, w.north)
		good := secret.New("correct horse battery")
		p, err := w.svc.SignIn(t.Context(), " ann@EXAMPLE.com", good, "192.0.2.7")
		w.must(err)
		if p.Login != ann.ID || p.Address != "192.0.2.7" || p.May(account.ManageUsers, w.north.Account, w.north.ID, 0) != nil ||
			!errs.Is(p.May(account.View, w.west.Account, w.west.ID, 0), errs.NotFound) {
			t.Errorf("got %+v, want Ann with the role in her module only", p)
		}
		refuse := func(what, email string, password secret.Text) {
			t.Helper()
			_, err := w.svc.SignIn(t.Context(), email, password, "")
			want(t, what, err, errs.Unauthenticated)
			if err != nil && err.Error() != "the email or the password is wrong" {
				t.Errorf("%s: %q tells more than that it failed", what, err)
			}
		}
		refuse("another password", "ann@example.com", secret.New("correct horse batterx"))
		refuse("nobody", "nobody@example.com", good)
		refuse("no email", "", good)
		refuse("a user without a password", chief, secret.Text{})
		w.synced("ben@example.com")
		refuse("a user of the directory", "ben@example.com", good)
		w.must(w.svc.Deactivate(t.Context(), w.p, ann.ID))
		refuse("a deactivated user", "ann@example.com", good)
	})
}

// No hash, however damaged, makes CheckPassword panic or lets a wrong password in.
func FuzzCheckPassword(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=0,t=0,p=0$$")
	f.Add("$argon2id$v=19$m=8,t=1,p=255$AAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, hash string) {
		if strings.Count(hash, "m=") > 0 && !strings.Contains(hash, "m=8,t=1,") && !strings.Contains(hash, "m=0,t=0,") {
			t.Skip("costs that would take too long")
		}
		if account.CheckPassword(hash, secret.New("a wrong password")) {
			t.Errorf("%q lets a wrong password in", hash)
		}
	})
}
