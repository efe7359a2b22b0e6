package entrasim

import (
	"net/http"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/permission"
	"github.com/musterhq/muster/internal/entrasim/sts"
)

// authorize checks the bearer token and the roles of a call.
func (t *Tenant) authorize(req *request) error {
	token, ok := strings.CutPrefix(req.header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return t.unauthorized(req, "Access token is empty.")
	}
	c, err := t.issuer.Keys.Check(token)
	switch now := t.now().Unix(); {
	case err != nil:
		return t.unauthorized(req, "CompactToken parsing failed with error code: 80049217")
	case !sts.GraphAudience(req.base, c.Aud):
		return t.unauthorized(req, "Access token validation failure. Invalid audience.")
	case c.TID != t.cfg.TenantID:
		return t.unauthorized(req, "Access token validation failure. Invalid issuer.")
	case now >= c.Expires:
		return t.unauthorized(req, "Lifetime validation failed, the token is expired.")
	case now < c.NotBefore-300:
		return t.unauthorized(req, "Access token has expired or is not yet valid.")
	case c.Generation < t.issuer.App.Generation():
		return t.unauthorized(req, "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp")
	}
	req.roles = c.Roles
	if need := permission.ForCall(req.method, req.path); need != nil && !permission.Any(c.Roles, need...) {
		return denied()
	}
	return nil
}

func (t *Tenant) unauthorized(req *request, text string) error {
	return &graphError{status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: text, header: http.Header{
		"Www-Authenticate": {`Bearer realm="", authorization_uri="` + req.base + `/common/oauth2/authorize", client_id="` + sts.GraphAppID + `"`}}}
}
