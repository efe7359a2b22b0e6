package entra

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// Door signs people of one tenant in with the application's registration, by
// OpenID Connect's authorization code flow. It keeps no token: who came is all
// that it is for. It is safe for concurrent use; Close it when done.
//
// Nothing that a browser or a token brings chooses whom we talk to. The sign-in
// host comes from the configuration, and its documents may name addresses on
// that host only.
type Door struct {
	client *Client
	prove  proof
	papers papers
}

// doorScope is what people are asked to agree to. There is no offline_access:
// nothing is done in their name after they came in.
const doorScope = "openid profile email User.Read"

// NewDoor returns a door. It checks the configuration as New does, and sends nothing.
func NewDoor(cfg Config) (*Door, error) {
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	prove, err := newProof(&c.cfg, c.tokenURL())
	if err != nil {
		return nil, err
	}
	return &Door{client: c, prove: prove}, nil
}

// Close ends the connections that are kept alive.
func (d *Door) Close() { d.client.Close() }

// Knock is one attempt to sign in: what is sent along, and has to come back. The
// three secrets are the caller's to draw afresh each time and to keep.
type Knock struct {
	State    string // ties the answer to this browser
	Nonce    string // ties the identity token to this attempt
	Verifier string // ties the code to whoever began, PKCE (RFC 7636)
	Redirect string // where the directory sends the browser back to
	Choose   bool   // ask which account, even where there is only one
}

// Address returns where to send the browser to sign in.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
func (d *Door) Address(ctx context.Context, k Knock) (string, error) {
	doc, err := d.discover(ctx)
	if err != nil {
		return "", err
	}
	challenge := sha256.Sum256([]byte(k.Verifier))
	query := url.Values{
		"client_id": {d.client.cfg.ClientID}, "response_type": {"code"}, "response_mode": {"query"},
		"redirect_uri": {k.Redirect}, "scope": {doorScope}, "state": {k.State}, "nonce": {k.Nonce},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if k.Choose {
		query.Set("prompt", "select_account")
	}
	return doc.Authorize + "?" + query.Encode(), nil
}

// SignOutAddress returns where people end their session with Microsoft, "" when
// the directory does not say.
// https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#send-a-sign-out-request
func (d *Door) SignOutAddress(ctx context.Context) (string, error) {
	doc, err := d.discover(ctx)
	return doc.SignOut, err
}

// Identity is who came. Tenant and Object name them for good; the rest is for
// people to read, changes, and proves nothing.
type Identity struct {
	Tenant   string // the directory's ID
	Object   directory.ObjectID
	Name     string
	Username string
}

// Redeem exchanges a code for who it stands for. It fails with Expired when the
// code is over, used or somebody else's, with Unavailable when the directory does
// not answer, with Unauthenticated when its token is not what this attempt asked
// for, and otherwise with what is wrong with the app registration.
func (d *Door) Redeem(ctx context.Context, k Knock, code string) (Identity, error) {
	doc, err := d.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	token, err := d.exchange(ctx, doc, k, code)
	if err != nil {
		return Identity{}, err
	}
	return d.read(ctx, doc, token, k.Nonce)
}

// exchange asks the token endpoint for the identity token. A code is good for
// one attempt, so it is not tried again.
func (d *Door) exchange(ctx context.Context, doc discovery, k Knock, code string) (string, error) {
	form := url.Values{
		"client_id": {d.client.cfg.ClientID}, "grant_type": {"authorization_code"}, "scope": {doorScope},
		"code": {code}, "redirect_uri": {k.Redirect}, "code_verifier": {k.Verifier},
	}
	if err := d.prove(form); err != nil {
		return "", err
	}
	status, body, err := d.ask(ctx, http.MethodPost, doc.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", refusedCode(status, body, d.client.cfg.Cloud)
	}
	var shape struct {
		IDToken string `json:"id_token"`
	}
	if json.Unmarshal(body, &shape) != nil || shape.IDToken == "" {
		return "", badToken("the sign-in host sent no identity token")
	}
	return shape.IDToken, nil
}

// spentCode are the AADSTS numbers of codes that are over, used, or somebody
// else's: what the visitor can mend by signing in again.
var spentCode = []int{54005, 70000, 70008, 70043, 501481, 50089, 50132, 50133, 50173}

// refusedCode says why a code was refused: the visitor's affair, or the
// administrator's.
func refusedCode(status int, body []byte, cloud Cloud) error {
	refused := readSignInError(status, body)
	if refused == nil {
		return errs.New(errs.Unavailable, "the sign-in host answered %d", status).During("sign in").WithHint("Try again in a moment.")
	}
	if slices.ContainsFunc(refused.Codes, func(n int) bool { return slices.Contains(spentCode, n) }) ||
		refused.Name == "invalid_grant" && len(refused.Codes) == 0 {
		return errs.New(errs.Expired, "this sign-in is over or was used already").WithHint("Sign in again.").Because(refused)
	}
	return refused.classify(cloud, false)
}

// doorPatience bounds one question to the sign-in host while somebody waits.
const doorPatience = 20 * time.Second

// ask sends one request to the sign-in host and reads the answer.
func (d *Door) ask(ctx context.Context, method, address string, form io.Reader) (status int, body []byte, err error) {
	if !sameOrigin(d.client.login, address) {
		return 0, nil, errs.New(errs.Invalid, "%s is not on the connection's sign-in host", address).During("sign in")
	}
	ctx, cancel := context.WithTimeout(ctx, doorPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, form)
	if err != nil {
		return 0, nil, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", d.client.cfg.UserAgent)
	req.Header.Set("client-request-id", uuid.NewString())
	resp, err := d.client.http.Do(req)
	if err == nil {
		defer resp.Body.Close()
		body, err = readBody(resp, nil, 1<<20, nil)
	}
	if err != nil {
		return 0, nil, errs.New(errs.Unavailable, "the sign-in host could not be reached").During("sign in").
			WithHint("Try again in a moment.").Because(withoutURL(err))
	}
	return resp.StatusCode, body, nil
}
