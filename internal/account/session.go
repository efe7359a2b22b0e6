package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// How long a session lasts without being used, and in all.
const (
	SessionIdle = 12 * time.Hour
	SessionLife = 7 * 24 * time.Hour
	seenEvery   = time.Minute // how often using a session is written down
)

// Session is somebody signed in on one device.
type Session struct {
	ID        int64
	Login     int64
	CreatedAt time.Time
	SeenAt    time.Time // to about a minute
	Address   string    // the network address it was last used from
	Agent     string    // what the browser says it is
}

// over reports whether a session has ended by itself.
func (s *Session) over(now time.Time) bool {
	return now.Sub(s.SeenAt) > SessionIdle || now.Sub(s.CreatedAt) > SessionLife
}

// sessionStore keeps sessions by the hash of their token, so that whoever reads
// the database cannot sign in with what is there.
type sessionStore interface {
	InsertSession(ctx context.Context, token [32]byte, s Session) (Session, error)
	SessionByToken(ctx context.Context, token [32]byte) (Session, error) // NotFound
	TouchSession(ctx context.Context, id int64, at time.Time, address string) error
	Sessions(ctx context.Context, login int64) ([]Session, error) // the last used first
	DeleteSession(ctx context.Context, login, id int64) error     // NotFound
	DeleteSessionsOf(ctx context.Context, logins []int64) error
	DeleteSessionsBefore(ctx context.Context, seen, created time.Time) error
}

// agentLimit is how much of a browser's name is kept, in bytes.
const agentLimit = 300

// StartSession signs a principal in on a device and returns the token that the
// device shows from now on. It is not stored and cannot be had again. Sessions
// that have ended by themselves are cleared away on the occasion.
func (s *Service) StartSession(ctx context.Context, p Principal, agent string) (secret.Text, error) {
	if p.Login == 0 {
		return secret.Text{}, errs.New(errs.Unauthenticated, "only users have sessions")
	}
	var raw [32]byte
	rand.Read(raw[:])
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	now := s.now()
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.DeleteSessionsBefore(ctx, now.Add(-SessionIdle), now.Add(-SessionLife)); err != nil {
			return err
		}
		_, err := s.store.InsertSession(ctx, sha256.Sum256([]byte(token)), Session{
			Login: p.Login, CreatedAt: now, SeenAt: now, Address: p.Address, Agent: agent[:min(len(agent), agentLimit)],
		})
		return err
	})
	return secret.New(token), err
}

// EndToken ends the session of a token, whoever's it is: the one that a browser
// came with when somebody signs in on it again, so that a token that was planted
// there or left behind is worth nothing afterwards.
func (s *Service) EndToken(ctx context.Context, token secret.Text) error {
	ses, err := s.store.SessionByToken(ctx, sha256.Sum256([]byte(token.Reveal())))
	if err == nil {
		err = s.store.DeleteSession(ctx, ses.Login, ses.ID)
	}
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}

// Continue returns whose session a token is, with the rights of this moment. It
// fails with Unauthenticated when the session ended or the login was closed.
func (s *Service) Continue(ctx context.Context, token secret.Text, address string) (Principal, Session, error) {
	over := errs.New(errs.Unauthenticated, "the session has ended").WithHint("Sign in again.")
	ses, err := s.store.SessionByToken(ctx, sha256.Sum256([]byte(token.Reveal())))
	now := s.now()
	if errs.Is(err, errs.NotFound) || err == nil && ses.over(now) {
		return Principal{}, Session{}, over
	}
	if err != nil {
		return Principal{}, Session{}, err
	}
	p, err := s.PrincipalOf(ctx, ses.Login, address)
	if err != nil {
		return Principal{}, Session{}, err
	}
	if now.Sub(ses.SeenAt) > seenEvery || ses.Address != address {
		ses.SeenAt, ses.Address = now, address
		if err := s.store.TouchSession(ctx, ses.ID, now, address); err != nil {
			return Principal{}, Session{}, err
		}
	}
	return p, ses, nil
}

// Sessions lists the principal's own sessions, the last used first.
func (s *Service) Sessions(ctx context.Context, p Principal) ([]Session, error) {
	return s.store.Sessions(ctx, p.Login)
}

// EndSession ends one of the principal's own sessions, on whatever device.
func (s *Service) EndSession(ctx context.Context, p Principal, id int64) error {
	return s.store.DeleteSession(ctx, p.Login, id)
}
