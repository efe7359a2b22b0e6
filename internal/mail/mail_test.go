package mail_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// desk is Muster's side: a service over a database, with a clock of its own.
type desk struct {
	t   *testing.T
	svc *mail.Service
	db  *store.DB
	p   account.Principal
	at  time.Time
}

func newDesk(t *testing.T, db *store.DB) *desk {
	t.Helper()
	keys, err := secret.NewKeyring(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, db: db, p: account.CommandLine(), at: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	d.svc = mail.New(db, keys, func() time.Time { return d.at })
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) queue(l mail.Letter) {
	d.t.Helper()
	d.must(d.svc.Queue(d.t.Context(), l))
}

// deliver sends what is due and returns the letters, the oldest first.
func (d *desk) deliver() []mail.Letter {
	d.t.Helper()
	_, err := d.svc.Deliver(d.t.Context())
	d.must(err)
	list, err := d.svc.Letters(d.t.Context(), d.p, 0, 100)
	d.must(err)
	slices.Reverse(list)
	return list
}

func TestLettersArriveAsTextAndAsAPage(t *testing.T) {
	t.Parallel()
	for how, implicit := range map[mail.Security]bool{mail.TLS: true, mail.StartTLS: false} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				d, post := newDesk(t, db), openPost(t, implicit)
				d.must(d.svc.SaveServer(t.Context(), d.p, post.settings(how)))
				text := "Hello Zoë,\n\n- a <laptop>\n- 王小芳's phone\n\nSee https://muster.example/m/1/leavers?all=1&x=2."
				d.queue(mail.Letter{To: "zoe@contoso.example", Subject: "Zurückzugeben:\r\nBcc: x@example.com", Text: text})
				list := d.deliver()
				if len(list) != 1 || list[0].State != mail.Sent || list[0].Attempts != 1 {
					t.Fatalf("letters: %+v", list)
				}
				got := post.took()
				if len(got) != 1 || got[0].to != "zoe@contoso.example" || got[0].subject != "Zurückzugeben: Bcc: x@example.com" || strings.TrimSpace(got[0].plain) != text {
					t.Fatalf("arrived: %+v", got)
				}
				for _, want := range []string{"<li>a &lt;laptop&gt;</li>", "王小芳&#39;s phone", `<a href="https://muster.example/m/1/leavers?all=1&amp;x=2">`} {
					if !strings.Contains(got[0].html, want) {
						t.Errorf("the page lacks %s: %s", want, got[0].html)
					}
				}
				if list := d.deliver(); len(list) != 1 || len(post.took()) != 1 {
					t.Error("it was sent twice")
				}
			})
		})
	}
}

// Nothing is lost while the server is down, refuses for now, or takes no password.
func TestLettersWaitForTheServer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, post := newDesk(t, db), openPost(t, true)
		d.must(d.svc.SaveServer(t.Context(), d.p, post.settings(mail.TLS)))
		d.queue(mail.Letter{To: "a@contoso.example", Subject: "one", Text: "1"})
		d.queue(mail.Letter{To: "b@contoso.example", Subject: "two", Text: "2"})

		post.line.Cut()
		if list := d.deliver(); list[0].State != mail.Queued || list[0].Error == "" || list[1].Attempts != 0 {
			t.Errorf("with the server down: %+v", list)
		}
		post.line.Mend()
		if d.deliver(); len(post.took()) != 1 {
			t.Errorf("%d letters arrived, want the one that was not tried yet", len(post.took()))
		}
		d.at = d.at.Add(time.Minute)
		post.answer(&smtp.SMTPError{Code: 451, Message: "later"})
		if list := d.deliver(); list[0].State != mail.Queued || list[0].Attempts != 2 {
			t.Errorf("when the server says later: %+v", list[0])
		}
		post.answer(nil)
		d.at = d.at.Add(time.Hour)
		if list := d.deliver(); list[0].State != mail.Sent || len(post.took()) != 2 {
			t.Errorf("at last: %+v, %d arrived", list[0], len(post.took()))
		}
	})
}

// Greeting the server shows what a letter would meet, and sends none.
func TestTheServerIsGreetedWithoutALetter(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, post := newDesk(t, db), openPost(t, false)
		if _, err := d.svc.Greet(t.Context()); !errs.Is(err, errs.NotFound) {
			t.Errorf("without a server: got %v, want NotFound", err)
		}
		if n, err := d.svc.TrySecrets(t.Context()); n != 0 || err != nil {
			t.Errorf("without a server there are %d passwords, %v", n, err)
		}
		d.must(d.svc.SaveServer(t.Context(), d.p, post.settings(mail.StartTLS)))
		if at, err := d.svc.Greet(t.Context()); err != nil || at != post.line.Address() {
			t.Errorf("got %q, %v; want to be let in at %s", at, err, post.line.Address())
		}
		if n, err := d.svc.TrySecrets(t.Context()); n != 1 || err != nil {
			t.Errorf("got %d passwords, %v", n, err)
		}
		post.mu.Lock()
		post.password = "another one"
		post.mu.Unlock()
		if _, err := d.svc.Greet(t.Context()); !errs.Is(err, errs.Unavailable) || errs.HintOf(err) == "" {
			t.Errorf("with a wrong password: got %v, want Unavailable with a next step", err)
		}
		if len(post.took()) != 0 {
			t.Error("a letter was sent")
		}
	})
}

func TestLettersAreGivenUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, post := newDesk(t, db), openPost(t, true)
		d.must(d.svc.SaveServer(t.Context(), d.p, post.settings(mail.TLS)))
		post.answer(&smtp.SMTPError{Code: 550, Message: "nobody of that name"})
		d.queue(mail.Letter{To: "gone@contoso.example", Subject: "one", Text: "1"})
		d.queue(mail.Letter{To: "there@contoso.example", Subject: "two", Text: "2"})
		list := d.deliver()
		if list[0].State != mail.Failed || !strings.Contains(list[0].Error, "nobody of that name") || list[1].Attempts != 1 {
			t.Fatalf("refused for good: %+v", list)
		}
		post.answer(nil)
		d.must(d.svc.Retry(t.Context(), d.p, list[0].ID))
		if list = d.deliver(); list[0].State != mail.Sent {
			t.Errorf("tried again by hand: %+v", list[0])
		}
		if err := d.svc.Retry(t.Context(), d.p, list[0].ID); !errs.Is(err, errs.Conflict) {
			t.Errorf("sending a letter again that was sent: %v, want Conflict", err)
		}
		d.queue(mail.Letter{To: "x@contoso.example", Subject: "three", Text: "3"})
		post.answer(&smtp.SMTPError{Code: 451, Message: "later"})
		for range 60 {
			d.at = d.at.Add(3 * time.Hour)
			d.deliver()
		}
		if list = d.deliver(); list[2].State != mail.Failed || list[2].Attempts < 20 {
			t.Errorf("after a week: %+v", list[2])
		}
		d.at = d.at.Add(31 * 24 * time.Hour)
		d.must(d.svc.Tidy(t.Context()))
		if list = d.deliver(); len(list) != 0 {
			t.Errorf("%d letters are kept for ever", len(list))
		}
	})
}

func TestALetterBelongsToItsTransactionAndItsKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, post := newDesk(t, db), openPost(t, true)
		l := mail.Letter{To: "a@contoso.example", Subject: "one", Text: "the link", Key: "run 7 failed", Secret: true}
		if err := d.svc.Queue(t.Context(), l); !errs.Is(err, errs.Conflict) {
			t.Errorf("without a server: %v, want Conflict", err)
		}
		d.must(d.svc.SaveServer(t.Context(), d.p, post.settings(mail.TLS)))
		stop := errors.New("stop")
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			d.must(d.svc.Queue(ctx, mail.Letter{To: "a@contoso.example", Subject: "never", Text: "happened"}))
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		d.queue(l)
		d.queue(l)
		if waiting, err := db.Letters(t.Context(), 0, 10); err != nil || len(waiting) != 1 || strings.Contains(waiting[0].Text, "link") {
			t.Errorf("a secret text waits in the clear: %+v, %v", waiting, err)
		}
		list := d.deliver()
		if len(list) != 1 || len(post.took()) != 1 || post.took()[0].subject != "one" || strings.TrimSpace(post.took()[0].plain) != "the link" {
			t.Fatalf("letters: %+v, %d arrived", list, len(post.took()))
		}
		if kept, err := db.Letter(t.Context(), list[0].ID); err != nil || kept.Text != "" {
			t.Errorf("a secret text is kept: %q, %v", kept.Text, err)
		}
		for _, bad := range []string{"", "nobody", "A <a@example.com>", "a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com"} {
			if err := d.svc.Queue(t.Context(), mail.Letter{To: bad, Subject: "x"}); !errs.Is(err, errs.Invalid) {
				t.Errorf("a letter to %q: %v, want Invalid", bad, err)
			}
		}
	})
}

func TestTheServersPasswordStaysWhereItWasTypedFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, post, thief := newDesk(t, db), openPost(t, true), openPost(t, true)
		ctx := t.Context()
		good := post.settings(mail.TLS)
		d.must(d.svc.Test(ctx, d.p, good, "me@contoso.example"))
		d.must(d.svc.SaveServer(ctx, d.p, good))
		silent := good
		silent.Password, silent.SenderName = secret.Text{}, "Assets"
		d.must(d.svc.SaveServer(ctx, d.p, silent))
		d.must(d.svc.Test(ctx, d.p, silent, "me@contoso.example"))
		if len(post.took()) != 2 {
			t.Errorf("%d tests arrived, want 2", len(post.took()))
		}
		known, has, err := d.svc.Server(ctx, d.p)
		if err != nil || !has || !known.Password.IsZero() || known.SenderName != "Assets" {
			t.Errorf("the settings show as %+v, %v, %v", known, has, err)
		}
		elsewhere := thief.settings(mail.TLS)
		elsewhere.Password = secret.Text{}
		if err := d.svc.Test(ctx, d.p, elsewhere, "me@contoso.example"); !errs.Is(err, errs.Invalid) {
			t.Errorf("testing another server with the stored password: %v, want Invalid", err)
		}
		if err := d.svc.SaveServer(ctx, d.p, elsewhere); !errs.Is(err, errs.Invalid) {
			t.Errorf("saving another server with the stored password: %v, want Invalid", err)
		}
		wrong := good
		wrong.Password = secret.New("wrong")
		if err := d.svc.Test(ctx, d.p, wrong, "me@contoso.example"); err == nil || !strings.Contains(err.Error(), "does not let muster in") {
			t.Errorf("a wrong password: %v", err)
		}
		strange := good
		strange.CA = ""
		if err := d.svc.Test(ctx, d.p, strange, "me@contoso.example"); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("a certificate of nobody: %v", err)
		}
		for name, edit := range map[string]func(*mail.Server){
			"no host":                      func(s *mail.Server) { s.Host = "" },
			"a host with a port":           func(s *mail.Server) { s.Host = "smtp.example.com:587" },
			"port 0":                       func(s *mail.Server) { s.Port = 0 },
			"a password in the clear":      func(s *mail.Server) { s.Security, s.Host = mail.Plain, "smtp.example.com" },
			"a sender that is none":        func(s *mail.Server) { s.Sender = "muster" },
			"a sender's name of two lines": func(s *mail.Server) { s.SenderName = "a\r\nBcc: b@example.com" },
			"a certificate that is none":   func(s *mail.Server) { s.CA = "x" },
		} {
			bad := good
			edit(&bad)
			if err := d.svc.SaveServer(ctx, d.p, bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v, want Invalid", name, err)
			}
		}
		stranger := account.Principal{Login: 9, Name: "somebody"}
		if err := d.svc.SaveServer(ctx, stranger, good); !errs.Is(err, errs.Forbidden) {
			t.Errorf("somebody saves it: %v, want Forbidden", err)
		}
		if err := d.svc.Test(ctx, stranger, good, "a@example.com"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("somebody tests it: %v, want Forbidden", err)
		}
		if _, err := d.svc.Letters(ctx, stranger, 0, 10); !errs.Is(err, errs.Forbidden) {
			t.Errorf("somebody reads letters: %v, want Forbidden", err)
		}
		d.must(d.svc.RemoveServer(ctx, d.p))
		if up, err := d.svc.SetUp(ctx); up || err != nil {
			t.Errorf("after it is removed: %v, %v", up, err)
		}
	})
}
