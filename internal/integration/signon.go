package integration

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/syncer"
)

// Door is where a directory vouches for the people who come. entra.Door answers
// it, through the wiring.
type Door interface {
	// Address returns where to send the browser for an attempt.
	Address(ctx context.Context, a Attempt) (string, error)
	// Redeem exchanges what the browser brought back for who came.
	Redeem(ctx context.Context, a Attempt, code string) (Identity, error)
	// SignOutAddress returns where people sign out of the directory; "" for nowhere.
	SignOutAddress(ctx context.Context) (string, error)
	Close()
}

// Attempt is one attempt to sign in. State ties the answer to the browser, Nonce
// the identity token to this attempt, Verifier the code to who began (PKCE).
type Attempt struct {
	State, Nonce, Verifier, Redirect string
	Choose                           bool // have the directory ask which account
}

// newAttempt draws secrets of 256 bits each.
func newAttempt(w SignOnWish) Attempt {
	text := func() string {
		var raw [32]byte
		rand.Read(raw[:]) // never fails
		return base64.RawURLEncoding.EncodeToString(raw[:])
	}
	return Attempt{State: text(), Nonce: text(), Verifier: text(), Redirect: w.Redirect, Choose: w.Choose}
}

// Identity is who came, as the directory says.
type Identity struct {
	Tenant         string
	Object         directory.ObjectID
	Name, Username string
}

// SignOn is a way in with Microsoft: a connection that logins come from.
type SignOn struct {
	Connection int64
	Account    string // in which the connection is, to tell several apart
}

// ticketLife is how long somebody may take at Microsoft's pages.
const ticketLife = 15 * time.Minute

// ticket is what a browser keeps, sealed, between leaving for Microsoft and
// coming back.
type ticket struct {
	Connection int64
	Attempt    Attempt
	Next       string // where to go afterwards
	Began      time.Time
	Link       int64 // the login that is to be linked to who comes; 0 for signing in
}

// ticketSubject binds sealed tickets to their purpose.
const ticketSubject = "sign-on"

// SignOns lists the ways in, one a realm: that of its first connection. It is
// for everybody, as it stands on the sign-in page.
func (s *Service) SignOns(ctx context.Context) ([]SignOn, error) {
	connections, err := s.Sync.Connections(ctx)
	if err != nil {
		return nil, err
	}
	var out []SignOn
	names, err := s.accountNames(ctx)
	if err != nil {
		return nil, err
	}
	realms := map[string]bool{}
	for i := range connections {
		c := &connections[i]
		if realms[c.Realm()] {
			continue
		}
		if opens, err := s.opens(ctx, c); err != nil {
			return nil, err
		} else if !opens {
			continue
		}
		realms[c.Realm()] = true
		out = append(out, SignOn{Connection: c.ID, Account: names[c.Account]})
	}
	return out, nil
}

func (s *Service) accountNames(ctx context.Context) (map[int64]string, error) {
	list, err := s.Accounts.Accounts(ctx, account.System())
	names := make(map[int64]string, len(list))
	for _, a := range list {
		names[a.ID] = a.Name
	}
	return names, err
}

// opens reports whether people sign in with a connection: it is configured, and
// logins come from it.
func (s *Service) opens(ctx context.Context, c *syncer.Connection) (bool, error) {
	if !c.Configured() || c.Kind != syncer.EntraKind {
		return false, nil
	}
	maps, err := s.Sync.Mappings(ctx, c.ID)
	return slices.ContainsFunc(maps, func(m syncer.Mapping) bool { return m.Kind == mapping.Login }), err
}

// SignOnWish says how somebody wants to sign in.
type SignOnWish struct {
	Connection int64
	Redirect   string // where Microsoft sends the browser back to
	Next       string // where to go afterwards
	Choose     bool   // with another account than the one that Microsoft knows already
	Link       int64  // the visitor's login, to be linked to who they are there; 0 for signing in
}

// BeginSignOn starts an attempt to sign in with a connection. It returns where
// to send the browser, and the sealed ticket that the browser has to bring back.
func (s *Service) BeginSignOn(ctx context.Context, w SignOnWish) (address string, sealed []byte, err error) {
	door, _, err := s.door(ctx, w.Connection)
	if err != nil {
		return "", nil, err
	}
	t := ticket{Connection: w.Connection, Attempt: newAttempt(w), Next: w.Next, Began: s.Now(), Link: w.Link}
	if address, err = door.Address(ctx, t.Attempt); err != nil {
		s.Log.Warn("nobody can sign in with Microsoft", "connection", w.Connection, "error", err)
		return "", nil, forVisitor(err)
	}
	plain, err := json.Marshal(t)
	if err != nil {
		return "", nil, err
	}
	sealed, err = s.Keys.Seal(plain, ticketSubject)
	return address, sealed, err
}

// SignOnAnswer is what the browser brings back from Microsoft.
type SignOnAnswer struct {
	State, Code string
	Fault       string // OAuth's error: access_denied when the visitor gave up
	Address     string // the visitor's network address
	// Session is who is signed in on the browser; zero for nobody.
	Session account.Principal
}

// FinishSignOn checks what the browser brings back against its ticket and signs
// in who came. Each ticket is good once: a second use, one of another browser,
// an old one, and an answer that does not belong to it fail with Unauthenticated.
// Somebody without access gets Forbidden.
func (s *Service) FinishSignOn(ctx context.Context, sealed []byte, a SignOnAnswer) (p account.Principal, next string, err error) {
	t, err := s.openTicket(sealed, a.State)
	if err != nil {
		return p, "", err
	}
	if a.Fault != "" {
		return p, t.Next, refusedThere(a.Fault)
	}
	err = s.Accounts.Attempt(ctx, func() error {
		p, err = s.redeem(ctx, t, a)
		return err
	}, account.GuessFrom(a.Address, "Microsoft", time.Minute))
	return p, t.Next, err
}

// redeem exchanges the code for who came, and signs them in. Each state is
// good once, on whichever process.
func (s *Service) redeem(ctx context.Context, t ticket, a SignOnAnswer) (p account.Principal, err error) {
	door, c, err := s.door(ctx, t.Connection)
	if err != nil {
		return p, err
	}
	if first, err := s.Accounts.Once(ctx, "state "+t.Attempt.State); err != nil || !first {
		return p, cmp.Or(err, foreign())
	}
	who, err := door.Redeem(ctx, t.Attempt, a.Code)
	if err != nil {
		s.Log.Warn("a sign-in with Microsoft failed", "connection", c.ID, "address", a.Address, "error", err)
		return p, s.noteFailure(ctx, a.Address, forVisitor(err))
	}
	visitor := account.Visitor{Realm: c.Realm(), Object: who.Object, Name: who.Name, Username: who.Username, Address: a.Address}
	if t.Link != 0 {
		return a.Session, s.link(ctx, t, a.Session, visitor)
	}
	return s.Accounts.SignInFromDirectory(ctx, visitor)
}

// foreign says that an answer of Microsoft belongs to no attempt of this browser.
func foreign() error {
	return errs.New(errs.Unauthenticated, "this sign-in was not begun in this browser, or has been used already").WithHint("Sign in again.")
}

// link links the visitor's own login to who they are at Microsoft, if it is still
// theirs on this browser.
func (s *Service) link(ctx context.Context, t ticket, p account.Principal, v account.Visitor) error {
	if p.Login != t.Link {
		return errs.New(errs.Unauthenticated, "you are not signed in any more as who began this").WithHint("Sign in and begin again.")
	}
	return s.Accounts.LinkDirectory(ctx, p, v)
}

// noteFailure records a sign-in of nobody knows who, and returns what to tell.
func (s *Service) noteFailure(ctx context.Context, address string, tell error) error {
	if err := s.Accounts.NoteRefusal(ctx, address, "Microsoft's answer was not accepted"); err != nil {
		return err
	}
	return tell
}

// forVisitor says what a visitor can do about a failure. What is wrong with the
// app registration or a token is the administrators' affair: it is in the log.
func forVisitor(err error) error {
	switch errs.KindOf(err) {
	case errs.Expired:
		return errs.New(errs.Unauthenticated, "this sign-in is over or was used already").WithHint("Sign in again.")
	case errs.Unavailable:
		return errs.New(errs.Unavailable, "Microsoft could not be reached").WithHint("Try again in a moment.")
	}
	return errs.New(errs.Unauthenticated, "Muster could not make sure who you are").
		WithHint("Try again. If it happens again, an administrator finds the reason in the log.")
}

// openTicket opens a ticket for the answer that came with it.
func (s *Service) openTicket(sealed []byte, state string) (t ticket, err error) {
	if len(sealed) == 0 || state == "" {
		return t, foreign()
	}
	plain, err := s.Keys.Open(sealed, ticketSubject)
	if err != nil || json.Unmarshal(plain, &t) != nil {
		return t, foreign()
	}
	if subtle.ConstantTimeCompare([]byte(t.Attempt.State), []byte(state)) != 1 {
		return t, foreign()
	}
	if age := s.Now().Sub(t.Began); age > ticketLife || age < 0 {
		return t, errs.New(errs.Unauthenticated, "the sign-in took too long").WithHint("Sign in again.")
	}
	return t, nil
}

// refusedThere says what Microsoft's error means to the visitor.
func refusedThere(fault string) error {
	switch fault {
	case "access_denied":
		return errs.New(errs.Unauthenticated, "you did not sign in at Microsoft").WithHint("Try again, and accept what Microsoft asks.")
	case "temporarily_unavailable", "server_error":
		return errs.New(errs.Unavailable, "Microsoft cannot sign anybody in at the moment").WithHint("Try again in a few minutes.")
	}
	return errs.New(errs.Unauthenticated, "Microsoft did not sign you in").
		WithHint("Try again. If it happens again, an administrator has to look at the app registration.")
}

// SignOutAddress returns where people of a realm end their session with
// Microsoft, "" when there is no such place.
func (s *Service) SignOutAddress(ctx context.Context, connection int64) (string, error) {
	door, _, err := s.door(ctx, connection)
	if err != nil {
		return "", err
	}
	return door.SignOutAddress(ctx)
}

// SignOnOf returns the connection by which people of a realm sign in, 0 when
// there is none.
func (s *Service) SignOnOf(ctx context.Context, realm string) (int64, error) {
	connections, err := s.Sync.Connections(ctx)
	for i := range connections {
		if c := &connections[i]; c.Configured() && c.Realm() == realm {
			return c.ID, nil
		}
	}
	return 0, err
}

// doors keeps a connection's door open from one visitor to the next, with what
// it knows of the sign-in host.
type doors struct {
	mu   sync.Mutex
	open map[int64]openDoor
}

type openDoor struct {
	Door
	version int64 // of the connection: an edit opens another door
}

// door returns a connection's door. NotFound says that nobody signs in there.
func (s *Service) door(ctx context.Context, connection int64) (Door, syncer.Connection, error) {
	c, err := s.Sync.Connection(ctx, connection)
	if err != nil {
		return nil, c, err
	}
	opens, err := s.opens(ctx, &c)
	if err != nil {
		return nil, c, err
	}
	if !opens || s.OpenDoor == nil {
		return nil, c, errs.New(errs.NotFound, "nobody signs in there")
	}
	s.doors.mu.Lock()
	defer s.doors.mu.Unlock()
	had, there := s.doors.open[c.ID]
	if there && had.version == c.Version {
		return had.Door, c, nil
	}
	fresh, err := s.OpenDoor(c)
	if err != nil {
		return nil, c, err
	}
	if there {
		had.Close()
	}
	if s.doors.open == nil {
		s.doors.open = map[int64]openDoor{}
	}
	s.doors.open[c.ID] = openDoor{fresh, c.Version}
	return fresh, c, nil
}

// close closes all doors.
func (d *doors) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.open {
		one.Close()
	}
	d.open = nil
}
