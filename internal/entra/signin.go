package entra

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/musterhq/muster/internal/errs"
)

// proof adds what shows that we are the application: a secret, or an assertion
// signed with its certificate.
type proof func(form url.Values) error

// newProof returns the proof that the configuration asks for.
func newProof(cfg *Config, audience string) (proof, error) {
	switch {
	case !cfg.ClientSecret.IsZero() && !cfg.Certificate.IsZero():
		return nil, errs.New(errs.Invalid, "there are both a client secret and a certificate").About("credential").
			WithHint("Give one of the two.")
	case !cfg.Certificate.IsZero():
		return newAssertion(cfg, audience)
	case cfg.ClientSecret.IsZero():
		return nil, errs.New(errs.Invalid, "there is no client secret").About("client secret").
			WithHint("Create a client secret under Certificates & secrets and paste its Value.")
	}
	return func(form url.Values) error {
		form.Set("client_secret", cfg.ClientSecret.Reveal())
		return nil
	}, nil
}

// signIn asks the token endpoint for app-only tokens.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
type signIn struct {
	client *Client
	prove  proof
}

func (c *Client) tokenURL() string {
	return c.login.String() + "/" + url.PathEscape(c.cfg.TenantID) + "/oauth2/v2.0/token"
}

// token asks until there is a token, patience ends or the refusal is final.
func (s *signIn) token(ctx context.Context) (grant, error) {
	for attempt := 0; ; attempt++ {
		g, refused, fault := s.once(ctx)
		switch {
		case fault == nil && refused == nil:
			return g, nil
		case fault == nil:
			return grant{}, refused.classify(s.client.cfg.Cloud, s.client.secretLooksLikeID())
		case s.client.retry.wait(ctx, attempt, fault):
			continue
		case refused != nil && ctx.Err() == nil:
			return grant{}, refused.classify(s.client.cfg.Cloud, false)
		}
		rq := call{op: "sign in", host: s.client.login.Host}
		err := fault.classify(ctx, &rq)
		if e, ok := errors.AsType[*errs.Error](err); ok && ctx.Err() == nil && e.Kind != errs.Forbidden {
			e.Kind, e.Message = errs.Unavailable, "the sign-in host could not be used"
		}
		return grant{}, err
	}
}

// once sends one request. A refusal that may pass comes with a fault as well,
// which says how long to wait.
func (s *signIn) once(ctx context.Context) (grant, *SignInError, *Fault) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	id := uuid.NewString()
	req, err := s.request(ctx, id)
	if err != nil {
		return grant{}, nil, &Fault{Cause: err}
	}
	s.client.usage.requests.Add(1)
	resp, err := s.client.http.Do(req)
	if err != nil {
		return grant{}, nil, &Fault{Cause: withoutURL(err), ClientRequestID: id}
	}
	defer resp.Body.Close()
	body, err := readBody(resp, nil, 1<<20, nil)
	s.client.usage.bytes.Add(int64(len(body)))
	f := &Fault{Status: resp.StatusCode, ClientRequestID: id, RequestID: resp.Header.Get("x-ms-request-id")}
	f.wait, f.asked = retryAfter(resp.Header, s.client.cfg.Now())
	if err != nil {
		f.Damage = err.Error()
		return grant{}, nil, f
	}
	if resp.StatusCode == http.StatusOK {
		return readGrant(body, f)
	}
	refused := readSignInError(resp.StatusCode, body)
	if refused == nil || refused.transient() || f.transient() {
		if refused != nil && refused.transient() && !f.transient() {
			f.Status = http.StatusServiceUnavailable // told by its code, not its status
		}
		return grant{}, refused, f
	}
	return grant{}, refused, nil
}

// A token whose life is not said lives so long; no token lives for days.
const shortLife, maxLife = 10 * time.Minute, 48 * time.Hour

func readGrant(body []byte, f *Fault) (grant, *SignInError, *Fault) {
	var shape struct {
		Type  string `json:"token_type"`
		Token string `json:"access_token"`
		// Seconds, as a number or as a text. Without them the token is used for
		// a while all the same.
		Expires json.Number `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &shape); err != nil || shape.Token == "" || !strings.EqualFold(shape.Type, "Bearer") {
		f.Damage = "the sign-in host sent something that is not a token"
		return grant{}, nil, f
	}
	seconds, err := shape.Expires.Float64()
	if err != nil || seconds <= 0 || seconds > maxLife.Seconds() {
		seconds = shortLife.Seconds()
	}
	return grant{shape.Token, time.Duration(seconds * float64(time.Second))}, nil, nil
}

// request builds the form. url.Values encodes it, exactly once (F59).
func (s *signIn) request(ctx context.Context, id string) (*http.Request, error) {
	c := s.client
	form := url.Values{
		"client_id":  {c.cfg.ClientID},
		"grant_type": {"client_credentials"},
		"scope":      {c.graph.String() + "/.default"},
	}
	if err := s.prove(form); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.tokenURL(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	req.Header.Set("client-request-id", id)
	return req, nil
}

// withoutURL takes the address out of an error of net/http: links are long and
// their tokens mean nothing to people.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// secretLooksLikeID reports whether the client secret has the shape of a GUID,
// which a secret's ID has and its value never.
func (c *Client) secretLooksLikeID() bool { return guid.MatchString(c.cfg.ClientSecret.Reveal()) }
