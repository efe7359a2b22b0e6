package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// The second step is a code from an app, asked for after the password. It is
// for users with a password here; at Microsoft, Microsoft asks.

// SecondStep is what is stored of a login's second step.
type SecondStep struct {
	Login    int64
	Sealed   []byte // the shared secret
	LastUsed int64  // the time step of the last code taken
	Since    time.Time
}

// secondStepStore keeps second steps and recovery codes. Using up is one
// statement each, so that of two at the same moment one fails.
type secondStepStore interface {
	SecondStep(ctx context.Context, login int64) (SecondStep, error) // NotFound
	SecondSteps(ctx context.Context) ([]SecondStep, error)
	ResealSecondStep(ctx context.Context, login int64, sealed []byte) error
	SaveSecondStep(ctx context.Context, s SecondStep, codes [][32]byte) error
	DeleteSecondStep(ctx context.Context, login int64) error                    // and its recovery codes
	UseStep(ctx context.Context, login, step int64) error                       // Conflict when it or a later one was used
	UseRecoveryCode(ctx context.Context, login int64, code [32]byte) error      // NotFound
	RecoveryCodesLeft(ctx context.Context, login int64) (left int64, err error) // 0 without a second step
}

// SecondStepAsked is the error of a sign-in whose password is right, and whose
// user has a second step: FinishSignIn is next. To whoever does not know it, it
// is a sign-in that failed.
type SecondStepAsked struct{ Login int64 }

// Error says what is missing.
func (*SecondStepAsked) Error() string { return "the code of the second step is missing" }

// Unwrap gives it its kind.
func (*SecondStepAsked) Unwrap() error {
	return errs.New(errs.Unauthenticated, "the code of the second step is missing")
}

// Enrolment is a second step being set up. Nothing is stored until its first
// code was shown.
type Enrolment struct {
	Sealed  []byte // to be shown again with the code
	Text    string // the shared secret, to type into an app
	Address string // the same as an address, for a picture to scan
}

// enrolSubject binds a sealed enrolment to whose it is.
func enrolSubject(login int64) string { return "second step enrolment/" + decimal(login) }

func stepSubject(login int64) string { return "second step/" + decimal(login) }

// BeginSecondStep draws a secret for the principal's own login.
func (s *Service) BeginSecondStep(ctx context.Context, p Principal) (Enrolment, error) {
	l, err := s.withPassword(ctx, p)
	if err != nil {
		return Enrolment{}, err
	}
	shared := make([]byte, totpSecret)
	rand.Read(shared) // never fails
	return s.enrolment(ctx, &l, shared)
}

// ShowSecondStep shows an enrolment again that was begun: after a wrong code,
// the app has the secret already.
func (s *Service) ShowSecondStep(ctx context.Context, p Principal, sealed []byte) (Enrolment, error) {
	l, err := s.withPassword(ctx, p)
	if err != nil {
		return Enrolment{}, err
	}
	shared, err := s.keys.Open(sealed, enrolSubject(l.ID))
	if err != nil {
		return Enrolment{}, errs.New(errs.Invalid, "this set-up was not begun here").WithHint("Begin anew.")
	}
	return s.enrolment(ctx, &l, shared)
}

func (s *Service) enrolment(ctx context.Context, l *Login, shared []byte) (Enrolment, error) {
	org, err := s.store.Organization(ctx)
	if err != nil {
		return Enrolment{}, err
	}
	sealed, err := s.keys.Seal(shared, enrolSubject(l.ID))
	return Enrolment{sealed, totpText(shared), totpAddress("Muster "+org.Name, l.Email, shared)}, err
}

// withPassword returns the principal's own login, which has to have a password.
func (s *Service) withPassword(ctx context.Context, p Principal) (Login, error) {
	l, err := s.Self(ctx, p)
	if err == nil && s.keys == nil {
		err = errs.New(errs.Conflict, "this installation has no key to seal secrets with")
	}
	if err == nil && !l.HasPassword {
		err = errs.New(errs.Conflict, "%s signs in with Microsoft, which asks for a second step itself", l.Name)
	}
	return l, err
}

// recoveryCodes is how many stand in for a lost device.
const recoveryCodes = 10

// ConfirmSecondStep switches the second step on, once the app shows a right
// code (Invalid otherwise). It returns the recovery codes, which cannot be had
// again.
func (s *Service) ConfirmSecondStep(ctx context.Context, p Principal, sealed []byte, code string) ([]string, error) {
	l, err := s.withPassword(ctx, p)
	if err != nil {
		return nil, err
	}
	shared, err := s.keys.Open(sealed, enrolSubject(l.ID))
	if err != nil {
		return nil, errs.New(errs.Invalid, "this set-up was not begun here").WithHint("Begin anew.")
	}
	step, ok := totpMatch(shared, digitsOf(code), s.now(), 0)
	if !ok {
		return nil, errs.New(errs.Invalid, "the code is not right").
			WithHint("Wait for the next one. If none is right, the clock of the device is wrong.")
	}
	kept, err := s.keys.Seal(shared, stepSubject(l.ID))
	if err != nil {
		return nil, err
	}
	codes, hashes := newRecoveryCodes(l.ID)
	return codes, s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.SaveSecondStep(ctx, SecondStep{Login: l.ID, Sealed: kept, LastUsed: step, Since: s.now()}, hashes); err != nil {
			return err
		}
		return s.write(ctx, p, home(&l), audit.SecondStepOn, "login", l.ID, l.Email)
	})
}

// newRecoveryCodes draws codes of 80 bits, and what is stored of them.
func newRecoveryCodes(login int64) (codes []string, hashes [][32]byte) {
	for range recoveryCodes {
		var raw [10]byte
		rand.Read(raw[:])
		text := strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		hashes = append(hashes, recoveryHash(login, text))
	}
	return codes, hashes
}

// recoveryHash is what is stored of a code, however it was typed.
func recoveryHash(login int64, code string) [32]byte {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	return sha256.Sum256([]byte(decimal(login) + "/" + code))
}

// digitsOf returns a code without the spaces that people type.
func digitsOf(code string) string { return strings.ReplaceAll(strings.TrimSpace(code), " ", "") }

// SecondStepState tells whether a login has a second step, and how many
// recovery codes are left.
func (s *Service) SecondStepState(ctx context.Context, p Principal) (on bool, codes int, err error) {
	_, err = s.store.SecondStep(ctx, p.Login)
	if errs.Is(err, errs.NotFound) {
		return false, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	left, err := s.store.RecoveryCodesLeft(ctx, p.Login)
	return true, int(left), err
}

// HasSecondStep tells whether another user has a second step. It is for who may
// switch it off.
func (s *Service) HasSecondStep(ctx context.Context, p Principal, login int64) (bool, error) {
	if err := p.May(ManageUsers, 0, 0, 0); err != nil {
		return false, err
	}
	_, err := s.store.SecondStep(ctx, login)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// FinishSignIn signs in whose password was right a moment ago, with the code of
// their app or a recovery code. Every way to fail is Unauthenticated. Whoever
// calls it has seen the password checked.
func (s *Service) FinishSignIn(ctx context.Context, login int64, code, address string) (p Principal, err error) {
	wrong := errs.New(errs.Unauthenticated, "the code is not right").WithHint("Wait for the next code of the app, or use one of the recovery codes.")
	list, err := s.LoadLogins(ctx, []int64{login})
	if err != nil {
		return p, err
	}
	if len(list) == 0 {
		return p, wrong
	}
	way, err := s.useCode(ctx, login, code)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Conflict) {
		if err := s.signInRefused(ctx, &list[0], address, "a password", "wrong code"); err != nil {
			return p, err
		}
		return p, wrong
	}
	if err != nil {
		return p, err
	}
	if p, err = s.PrincipalOf(ctx, login, address); err != nil {
		return Principal{}, err
	}
	return p, s.signedIn(ctx, p, &list[0], way)
}

// useCode uses up a code of the app or a recovery code. NotFound and Conflict
// say that it is not good, or not any more.
func (s *Service) useCode(ctx context.Context, login int64, code string) (way string, err error) {
	kept, err := s.store.SecondStep(ctx, login)
	if err != nil {
		return "", err
	}
	typed := digitsOf(code)
	if _, notDigits := strconv.Atoi(typed); len(typed) != totpDigits || notDigits != nil {
		return "a password and a recovery code", s.store.UseRecoveryCode(ctx, login, recoveryHash(login, code))
	}
	shared, err := s.keys.Open(kept.Sealed, stepSubject(login))
	if err != nil {
		return "", err
	}
	step, ok := totpMatch(shared, typed, s.now(), kept.LastUsed)
	if !ok {
		return "", errs.New(errs.NotFound, "no such code")
	}
	return "a password and a code", s.store.UseStep(ctx, login, step)
}

// RemoveSecondStep switches the principal's own second step off, against the
// password (Forbidden when it is wrong).
func (s *Service) RemoveSecondStep(ctx context.Context, p Principal, password secret.Text) error {
	l, err := s.Self(ctx, p)
	if err != nil {
		return err
	}
	if err := s.ConfirmPassword(ctx, p, password); err != nil {
		return err
	}
	return s.dropSecondStep(ctx, p, &l)
}

// ResetSecondStep switches another user's second step off, for those who lost
// device and recovery codes. It is for Organization Admins and the command line.
func (s *Service) ResetSecondStep(ctx context.Context, p Principal, login int64) error {
	if err := p.May(ManageUsers, 0, 0, 0); err != nil {
		return err
	}
	l, err := s.visible(ctx, p, login)
	if err == nil {
		err = notOneself(p, &l)
	}
	if err != nil {
		return err
	}
	return s.dropSecondStep(ctx, p, &l)
}

func (s *Service) dropSecondStep(ctx context.Context, p Principal, l *Login) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.store.SecondStep(ctx, l.ID); err != nil {
			return err
		}
		if err := s.store.DeleteSecondStep(ctx, l.ID); err != nil {
			return err
		}
		return s.write(ctx, p, home(l), audit.SecondStepOff, "login", l.ID, l.Email)
	})
}
