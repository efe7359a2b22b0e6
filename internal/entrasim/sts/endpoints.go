package sts

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strconv"
)

// Serve answers a call of /{tenant}/{rest}. A nil reply means that a page or a
// redirect has been written to w already.
func (t *Issuer) Serve(w http.ResponseWriter, r *http.Request, tenant, rest string) *Reply {
	switch rest {
	case "oauth2/v2.0/token":
		return t.serveToken(r, tenant)
	case "v2.0/.well-known/openid-configuration", ".well-known/openid-configuration":
		return t.discovery(r, tenant)
	case "discovery/v2.0/keys", "discovery/keys":
		return t.keysDocument(r)
	case "discovery/instance":
		return t.instances(r)
	case "oauth2/v2.0/authorize":
		t.serveAuthorize(w, r, tenant)
		return nil
	case "oauth2/v2.0/logout":
		t.serveLogout(w, r)
		return nil
	case "adminconsent", "v2.0/adminconsent":
		t.serveAdminConsent(w, r)
		return nil
	}
	return &Reply{Status: 404, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("no such endpoint\n")}
}

func (t *Issuer) marshal(v any) *Reply {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // documents of strings and lists
	}
	r := jsonReply(200, raw)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Access-Control-Allow-Origin", "*")
	return r
}

// discovery is the OpenID Connect metadata document. With a shared endpoint
// the issuer is a template.
// https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
func (t *Issuer) discovery(r *http.Request, tenant string) *Reply {
	if err := t.checkTenant(tenant, false); err != nil {
		if err.code == 90002 {
			err.name = "invalid_tenant"
		}
		return err.Render(t, r)
	}
	base, id := baseURL(r), t.cfg.TenantID
	path := base + "/" + id
	if sharedEndpoint(tenant) {
		path, id = base+"/"+tenant, "{tenantid}"
	}
	return t.marshal(map[string]any{
		"token_endpoint":                        path + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"jwks_uri":                              path + "/discovery/v2.0/keys",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                base + "/" + id + "/v2.0",
		"request_uri_parameter_supported":       false,
		"userinfo_endpoint":                     "https://graph.microsoft.com/oidc/userinfo",
		"authorization_endpoint":                path + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         path + "/oauth2/v2.0/devicecode",
		"http_logout_supported":                 true,
		"frontchannel_logout_supported":         true,
		"end_session_endpoint":                  path + "/oauth2/v2.0/logout",
		"claims_supported": []string{"sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
			"msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"},
		"kerberos_endpoint":     path + "/kerberos",
		"tenant_region_scope":   "EU",
		"cloud_instance_name":   "microsoftonline.com",
		"cloud_graph_host_name": "graph.windows.net",
		"msgraph_host":          "graph.microsoft.com",
		"rbac_url":              "https://pas.windows.net",
	})
}

// keysDocument is the JWKS; each key names its issuer.
func (t *Issuer) keysDocument(r *http.Request) *Reply {
	type jwk struct {
		Kty    string   `json:"kty"`
		Use    string   `json:"use"`
		Kid    string   `json:"kid"`
		X5T    string   `json:"x5t"`
		N      string   `json:"n"`
		E      string   `json:"e"`
		X5C    []string `json:"x5c"`
		Issuer string   `json:"issuer"`
	}
	keys := []jwk{}
	for _, k := range t.Keys.all() {
		keys = append(keys, jwk{"RSA", "sig", k.kid, k.kid, base64.RawURLEncoding.EncodeToString(k.key.N.Bytes()),
			base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.key.E)).Bytes()),
			[]string{base64.StdEncoding.EncodeToString(k.cert)}, baseURL(r) + "/" + t.cfg.TenantID + "/v2.0"})
	}
	return t.marshal(map[string]any{"keys": keys})
}

// instances answers the instance discovery of Microsoft's own clients.
func (t *Issuer) instances(r *http.Request) *Reply {
	return t.marshal(map[string]any{
		"tenant_discovery_endpoint": baseURL(r) + "/" + t.cfg.TenantID + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []any{map[string]any{"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host}}},
	})
}

// serveLogout returns to post_logout_redirect_uri when it is allowed.
func (t *Issuer) serveLogout(w http.ResponseWriter, r *http.Request) {
	if to := r.FormValue("post_logout_redirect_uri"); to != "" && t.redirectAllowed(to) {
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	page(w, http.StatusOK, signedOutPage, nil)
}

// serveAdminConsent grants at once, or reports that the admin said no when
// deny=true is in the query.
// https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
func (t *Issuer) serveAdminConsent(w http.ResponseWriter, r *http.Request) {
	to, state := r.FormValue("redirect_uri"), r.FormValue("state")
	if !t.redirectAllowed(to) {
		page(w, http.StatusBadRequest, errorPage, aadsts(50011, to, r.FormValue("client_id")))
		return
	}
	deny, _ := strconv.ParseBool(r.FormValue("deny"))
	if deny {
		redirect(w, r, to, "query", "error", "permission_denied", "error_description", "AADSTS65004: The admin canceled the request", "state", state)
		return
	}
	redirect(w, r, to, "query", "tenant", t.cfg.TenantID, "state", state, "admin_consent", "True")
}
