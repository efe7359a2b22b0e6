// Package mail writes letters to people. A letter is queued in the transaction
// that causes it, so that one is neither lost when the mail server is down nor
// sent for what was rolled back; Deliver takes queued letters to the server.
//
// Each letter is sent at least once: a process that is killed between the
// server's word and the database's leaves it to be sent again, under the same
// Message-ID, by which mail systems tell copies.
package mail

import (
	"context"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// Security is how the way to the server is protected. Its text is stored.
type Security string

// The ways to a server.
const (
	TLS      Security = "tls"      // from the first byte, mostly on port 465
	StartTLS Security = "starttls" // from the first command on, mostly on port 587
	Plain    Security = "none"     // not at all: for a server on this machine
)

// Server is the server that takes letters.
type Server struct {
	Host       string
	Port       int
	Security   Security
	Username   string // "" to send without signing in
	Password   secret.Text
	Sender     string // the address that letters come from
	SenderName string
	CA         string // PEM; "" for the certificates that the machine trusts
}

// Address returns the host with its port.
func (s Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// sameDoor reports whether a password for one server may be shown to the other:
// only the same user at the same address, in the same way.
func (s Server) sameDoor(o Server) bool {
	return s.Host == o.Host && s.Port == o.Port && s.Security == o.Security && s.Username == o.Username && s.CA == o.CA
}

// check refuses settings that cannot work, or would show the password around.
func (s Server) check() error {
	if s.Host == "" || strings.ContainsAny(s.Host, " /:@") && net.ParseIP(s.Host) == nil {
		return errs.New(errs.Invalid, "%q is no name of a mail server", s.Host).WithHint("Write it like smtp.example.com, without a port.")
	}
	if s.Port < 1 || s.Port > 65535 {
		return errs.New(errs.Invalid, "%d is no port", s.Port).WithHint("Mail servers mostly listen on 587 (STARTTLS) or 465 (TLS).")
	}
	switch s.Security {
	case TLS, StartTLS:
	case Plain:
		if s.Username != "" && !local(s.Host) {
			return errs.New(errs.Invalid, "the password would cross the network unprotected").WithHint("Choose STARTTLS or TLS, or no user name.")
		}
	default:
		return errs.New(errs.Invalid, "%q is no way to protect a connection", s.Security).WithHint("The ways are: tls, starttls, none.")
	}
	if _, err := mail.ParseAddress(s.Sender); err != nil || strings.ContainsAny(s.Sender, "<> ") {
		return errs.New(errs.Invalid, "%q is no email address", s.Sender).WithHint("Letters come from this address: muster@example.com.")
	}
	if strings.ContainsAny(s.SenderName, "\r\n") || len(s.SenderName) > 120 {
		return errs.New(errs.Invalid, "the sender's name is too long, or has several lines")
	}
	if s.CA != "" {
		if _, err := pool(s.CA); err != nil {
			return err
		}
	}
	return nil
}

// local reports whether a host is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Sealed is a server as it is stored: its password is sealed.
type Sealed struct {
	Server
	Sealed []byte // nil when there is no password
}

// subject is what the password is sealed for.
const subject = "mail server"

// Store is the database as this package needs it; store.DB implements it.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	MailServer(ctx context.Context) (Sealed, error) // NotFound when there is none
	SaveMailServer(ctx context.Context, s Sealed) error
	DeleteMailServer(ctx context.Context) error

	// InsertLetter queues a letter; one whose key is there already is left out.
	InsertLetter(ctx context.Context, l Letter) error
	// ClaimLetter gives the letter that is due the longest to the caller until a
	// moment: nobody else gets it before. NotFound when none is due.
	ClaimLetter(ctx context.Context, now, until time.Time) (Letter, error)
	// SaveLetter stores what became of a letter.
	SaveLetter(ctx context.Context, l Letter) error
	Letter(ctx context.Context, id int64) (Letter, error) // NotFound
	// Letters lists the letters before a number, the newest first; 0 for all.
	Letters(ctx context.Context, before int64, limit int) ([]Letter, error)
	CountLetters(ctx context.Context) (map[State]int, error)
	// DeleteLetters forgets letters that were done before a moment.
	DeleteLetters(ctx context.Context, before time.Time) error

	WriteAudit(ctx context.Context, e audit.Event) error
}

// Service is the use cases of this package. It is safe for concurrent use.
type Service struct {
	store Store
	keys  *secret.Keyring
	now   func() time.Time
}

// New returns the use cases over a store. keys seal the server's password; now
// is nil for the time of day.
func New(store Store, keys *secret.Keyring, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store: store, keys: keys, now: now}
}

// may lets only those in who administer the whole organization.
func may(p account.Principal) error { return p.May(account.ManageIntegrations, 0, 0, 0) }

// Server returns the mail server without its password, and whether it has one. It
// fails with NotFound while none is set up.
func (s *Service) Server(ctx context.Context, p account.Principal) (Server, bool, error) {
	if err := may(p); err != nil {
		return Server{}, false, err
	}
	known, err := s.store.MailServer(ctx)
	return known.Server, known.Sealed != nil, err
}

// SetUp reports whether letters can be sent.
func (s *Service) SetUp(ctx context.Context) (bool, error) {
	_, err := s.store.MailServer(ctx)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// SaveServer sets the mail server up or changes it. Without a password the one
// that is stored stays, for the same user of the same server only.
func (s *Service) SaveServer(ctx context.Context, p account.Principal, to Server) error {
	if err := may(p); err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		old, err := s.store.MailServer(ctx)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		next := Sealed{Server: to}
		if next.Sealed, err = s.seal(to, old); err != nil {
			return err
		}
		if err := s.store.SaveMailServer(ctx, next); err != nil {
			return err
		}
		details := []audit.Detail{
			{Name: "server", Before: addressOf(old.Server), After: to.Address()}, {Name: "security", Before: string(old.Security), After: string(to.Security)},
			{Name: "user", Before: old.Username, After: to.Username}, {Name: "sender", Before: old.Sender, After: to.Sender},
		}
		if !to.Password.IsZero() {
			details = append(details, audit.Detail{Name: "password", After: "another one"})
		}
		return s.write(ctx, p, audit.MailServerSaved, changed(details)...)
	})
}

func addressOf(s Server) string {
	if s.Host == "" {
		return ""
	}
	return s.Address()
}

// changed leaves out details that are as they were.
func changed(all []audit.Detail) []audit.Detail {
	var out []audit.Detail
	for _, d := range all {
		if d.Before != d.After {
			out = append(out, d)
		}
	}
	return out
}

// seal returns the password to store: the new one, or the one there is.
func (s *Service) seal(to Server, old Sealed) ([]byte, error) {
	switch {
	case to.Username == "":
		return nil, nil
	case !to.Password.IsZero():
		return s.keys.Seal([]byte(to.Password.Reveal()), subject)
	case old.Sealed == nil || !old.sameDoor(to):
		return nil, errs.New(errs.Invalid, "the password of %s at %s is missing", to.Username, to.Address()).
			WithHint("Type it: the stored one is only for the user and the server that it was typed for.")
	}
	return old.Sealed, nil
}

// RemoveServer takes the mail server away. Letters on their way wait for another.
func (s *Service) RemoveServer(ctx context.Context, p account.Principal) error {
	if err := may(p); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.DeleteMailServer(ctx); err != nil {
			return err
		}
		return s.write(ctx, p, audit.MailServerRemoved)
	})
}

func (s *Service) write(ctx context.Context, p account.Principal, action audit.Action, details ...audit.Detail) error {
	return s.store.WriteAudit(ctx, audit.Event{
		At: s.now(), Actor: p.Actor(), Action: action, SubjectKind: "mail server", SubjectName: "mail server", Details: details,
	})
}

// open returns the server that letters go through, with its password.
func (s *Service) open(ctx context.Context) (Server, error) {
	known, err := s.store.MailServer(ctx)
	if err != nil || known.Sealed == nil {
		return known.Server, err
	}
	plain, err := s.keys.Open(known.Sealed, subject)
	if err != nil {
		return Server{}, errs.Wrap(err, "open the password of the mail server")
	}
	known.Password = secret.New(string(plain))
	return known.Server, nil
}

// Test sends a letter at once through a server that need not be saved yet, and
// returns what was wrong. Without a password the stored one is taken, by the rule
// of SaveServer.
func (s *Service) Test(ctx context.Context, p account.Principal, server Server, to string) error {
	if err := may(p); err != nil {
		return err
	}
	if err := server.check(); err != nil {
		return err
	}
	if err := checkRecipient(to); err != nil {
		return err
	}
	if server.Username != "" && server.Password.IsZero() {
		known, err := s.open(ctx)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if _, err := s.seal(server, Sealed{known, []byte(known.Password.Reveal())}); err != nil {
			return err
		}
		server.Password = known.Password
	}
	return send(ctx, server, Letter{
		To: to, Subject: "Muster can send mail", CreatedAt: s.now(),
		Text: "This is the test that " + p.Name + " asked for. Letters from Muster arrive here.",
	})
}

// TrySecrets opens the password, and returns how many there are, none or one.
func (s *Service) TrySecrets(ctx context.Context) (n int, err error) {
	known, err := s.store.MailServer(ctx)
	if errs.Is(err, errs.NotFound) || err == nil && known.Sealed == nil {
		return 0, nil
	}
	if err == nil {
		_, err = s.open(ctx)
	}
	return 1, err
}

// Greet connects to the mail server as for a letter, signs in and leaves without
// one. It returns the server's address, and NotFound when none is set up. It is
// for the program itself: nothing of what is stored comes back.
func (s *Service) Greet(ctx context.Context) (address string, err error) {
	server, err := s.open(ctx)
	if err != nil {
		return "", err
	}
	c, err := client(server)
	if err != nil {
		return server.Address(), err
	}
	if err := c.DialWithContext(ctx); err != nil {
		return server.Address(), explain(server, err)
	}
	return server.Address(), c.Close()
}

// Reseal seals the password with the newest key, and reports whether it had to.
func (s *Service) Reseal(ctx context.Context) (bool, error) {
	known, err := s.store.MailServer(ctx)
	if errs.Is(err, errs.NotFound) || err == nil && (known.Sealed == nil || s.keys.Current(known.Sealed)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	plain, err := s.keys.Open(known.Sealed, subject)
	if err != nil {
		return false, errs.Wrap(err, "open the password of the mail server")
	}
	if known.Sealed, err = s.keys.Seal(plain, subject); err != nil {
		return false, err
	}
	return true, s.store.SaveMailServer(ctx, known)
}
