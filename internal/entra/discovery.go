package entra

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/musterhq/muster/internal/errs"
)

// discovery is what a tenant's sign-in host says of itself.
type discovery struct {
	Issuer    string `json:"issuer"`
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	Keys      string `json:"jwks_uri"`
	SignOut   string `json:"end_session_endpoint"`

	tenant string // the directory's ID, out of the issuer
}

// How long the sign-in host's documents are believed. An unknown key has them
// asked for again, but not more often than now and then: a token with a made-up
// key must not turn us against the sign-in host.
const (
	documentLife = 24 * time.Hour
	keysAgain    = time.Minute
	failureLife  = 5 * time.Second // those who waited behind a failure do not repeat it
)

// papers are the sign-in host's documents as last read.
type papers struct {
	mu      sync.Mutex
	doc     discovery
	docAt   time.Time
	fault   error // of the last attempt to read doc
	faultAt time.Time
	keys    jose.JSONWebKeySet
	keysAt  time.Time
}

// discover returns the tenant's metadata, asked for once a day.
// https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
func (d *Door) discover(ctx context.Context) (discovery, error) {
	p := &d.papers
	p.mu.Lock()
	defer p.mu.Unlock()
	now := d.client.cfg.Now()
	if !p.docAt.IsZero() && now.Sub(p.docAt) < documentLife {
		return p.doc, nil
	}
	if p.fault != nil && now.Sub(p.faultAt) < failureLife {
		return discovery{}, p.fault
	}
	var doc discovery
	tenant := url.PathEscape(d.client.cfg.TenantID)
	err := d.document(ctx, d.client.login.String()+"/"+tenant+"/v2.0/.well-known/openid-configuration", &doc)
	if err == nil {
		err = d.check(&doc)
	}
	if err != nil {
		p.fault, p.faultAt = err, d.client.cfg.Now()
		return discovery{}, err
	}
	p.doc, p.docAt, p.fault = doc, now, nil
	return doc, nil
}

// check holds the metadata to the configured host and tenant.
func (d *Door) check(doc *discovery) error {
	for _, address := range []string{doc.Issuer, doc.Authorize, doc.Token, doc.Keys} {
		if !sameOrigin(d.client.login, address) {
			return errs.New(errs.Unauthenticated, "the sign-in host names %q, which is elsewhere", address).During("sign in").
				WithHint("Check the cloud and the sign-in address of the connection.")
		}
	}
	if doc.SignOut != "" && !sameOrigin(d.client.login, doc.SignOut) {
		doc.SignOut = ""
	}
	rest, ok := strings.CutPrefix(doc.Issuer, d.client.login.String()+"/")
	doc.tenant, _ = strings.CutSuffix(rest, "/v2.0")
	mine := d.client.cfg.TenantID
	if !ok || !guid.MatchString(doc.tenant) || guid.MatchString(mine) && !strings.EqualFold(doc.tenant, mine) {
		return errs.New(errs.Unauthenticated, "the sign-in host speaks for %q, not for the connection's tenant", doc.Issuer).During("sign in").
			WithHint("Check the tenant ID of the connection.")
	}
	return nil
}

// document reads one of the sign-in host's JSON documents.
func (d *Door) document(ctx context.Context, address string, into any) error {
	ctx = context.WithoutCancel(ctx) // others wait for it, whether or not this visitor does
	status, body, err := d.ask(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if refused := readSignInError(status, body); status != http.StatusOK && refused != nil {
		return refused.classify(d.client.cfg.Cloud, false)
	}
	if status != http.StatusOK || json.Unmarshal(body, into) != nil {
		return errs.New(errs.Unavailable, "the sign-in host answered %d with something unreadable", status).During("sign in").
			WithHint("Try again in a moment.")
	}
	return nil
}

// key returns the sign-in host's key of an ID. Keys change without notice: for
// one not known yet the list is read anew.
// https://learn.microsoft.com/entra/identity-platform/signing-key-rollover
func (d *Door) key(ctx context.Context, address, id string) (jose.JSONWebKey, error) {
	p := &d.papers
	p.mu.Lock()
	defer p.mu.Unlock()
	now := d.client.cfg.Now()
	age := now.Sub(p.keysAt)
	found, ok := signingKey(p.keys, id)
	if ok && age < documentLife {
		return found, nil
	}
	if p.keysAt.IsZero() || age >= keysAgain {
		var set jose.JSONWebKeySet
		if err := d.document(ctx, address, &set); err != nil {
			return jose.JSONWebKey{}, err
		}
		p.keys, p.keysAt = set, now
		found, ok = signingKey(set, id)
	}
	if !ok {
		return jose.JSONWebKey{}, badToken("the identity token is signed with a key that the directory does not have")
	}
	return found, nil
}

// signingKey finds a key that may sign.
func signingKey(set jose.JSONWebKeySet, id string) (jose.JSONWebKey, bool) {
	for _, k := range set.Key(id) {
		if k.Valid() && k.IsPublic() && (k.Use == "" || k.Use == "sig") {
			return k, true
		}
	}
	return jose.JSONWebKey{}, false
}
