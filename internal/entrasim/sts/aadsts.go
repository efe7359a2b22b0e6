package sts

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/musterhq/muster/internal/entrasim/guid"
)

// Error is an error of the token endpoint.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
type Error struct {
	code     int // the number after AADSTS
	status   int
	name     string // the error member
	text     string
	suberror string
}

// Error gives number and text.
func (e *Error) Error() string { return fmt.Sprintf("AADSTS%d: %s", e.code, e.text) }

// aadsts looks a code up. args fill the placeholders of the text. A code that
// the table lacks becomes invalid_request.
func aadsts(code int, args ...any) *Error {
	e := &Error{code: code, status: 400}
	e.name, e.text = wording(code)
	switch e.name {
	case "invalid_client":
		e.status = http.StatusUnauthorized
	case "temporarily_unavailable":
		e.status = http.StatusServiceUnavailable
	}
	if code == 90055 {
		e.status = http.StatusTooManyRequests
	}
	if code == 65001 {
		e.suberror = "consent_required"
	}
	if len(args) > 0 {
		e.text = fmt.Sprintf(e.text, args...)
	}
	return e
}

// wording is error and description by code.
func wording(code int) (name, text string) {
	switch code {
	case 7000215:
		return "invalid_client", "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'."
	case 7000222:
		return "invalid_client", "The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."
	case 7000218:
		return "invalid_client", "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
	case 700025:
		return "invalid_client", "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
	case 700027:
		return "invalid_client", "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - %s]"
	case 700024:
		return "invalid_client", "Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s."
	case 700016:
		return "unauthorized_client", "Application with identifier '%s' was not found in the directory 'Contoso'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
	case 7000112:
		return "unauthorized_client", "Application '%s'(%s) is disabled."
	case 70011:
		return "invalid_scope", "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid."
	case 1002012:
		return "invalid_scope", "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
	case 500011:
		return "invalid_resource", "The resource principal named %s was not found in the tenant named Contoso."
	case 70003:
		return "unsupported_grant_type", "The app requested an unsupported grant type '%s'."
	}
	return grantWording(code)
}

// grantWording continues wording: requests, grants and trouble of the service.
func grantWording(code int) (name, text string) {
	switch code {
	case 90002:
		return "invalid_request", "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
	case 900023:
		return "invalid_request", "Specified tenant identifier '%s' is neither a valid DNS name, nor a valid external domain."
	case 9001023:
		return "invalid_request", "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint."
	case 900144:
		return "invalid_request", "The request body must contain the following parameter: '%s'."
	case 900561:
		return "invalid_request", "The endpoint only accepts POST requests. Received a %s request."
	case 50011:
		return "invalid_request", "The redirect URI '%s' specified in the request does not match the redirect URIs configured for the application '%s'."
	case 65001:
		return "invalid_grant", "The user or administrator has not consented to use the application with ID '%s' named '%s'. Send an interactive authorization request for this user and resource."
	case 54005:
		return "invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."
	case 501481:
		return "invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization request."
	case 70008:
		return "invalid_grant", "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."
	case 70000:
		return "invalid_grant", "Provided grant is invalid or malformed."
	case 50057:
		return "invalid_grant", "The user account is disabled."
	case 50105:
		return "invalid_grant", "The signed in user '%s' is not assigned to a role for the application '%s'(%s)."
	case 50076:
		return "interaction_required", "Due to a configuration change made by your administrator, you must use multi-factor authentication to access the resource."
	case 53003:
		return "invalid_grant", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."
	case 50034:
		return "invalid_grant", "The user account %s does not exist in the directory."
	case 90055:
		return "invalid_request", "The server has terminated the request because the tenant is throttled. Please retry later."
	case 90033, 90006, 50033, 90012, 90024, 90090, 50087:
		return "temporarily_unavailable", "A transient error has occurred. Please try again."
	}
	return "invalid_request", "The request is not valid."
}

// Render writes the JSON body of the token endpoint.
func (e *Error) Render(t *Issuer, req *http.Request) *Reply {
	now, trace := t.cfg.Now().Format("2006-01-02 15:04:05Z"), guid.New()
	correlation := req.Header.Get("client-request-id")
	if _, ok := guid.Parse(correlation); !ok {
		correlation = guid.New()
	}
	body := struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
		Timestamp   string `json:"timestamp"`
		Trace       string `json:"trace_id"`
		Correlation string `json:"correlation_id"`
		URI         string `json:"error_uri"`
		Suberror    string `json:"suberror,omitempty"`
	}{e.name, fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", e, trace, correlation, now),
		[]int{e.code}, now, trace, correlation, fmt.Sprintf("%s/error?code=%d", baseURL(req), e.code), e.suberror}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	r := jsonReply(e.status, raw)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if e.status == http.StatusTooManyRequests {
		r.Header.Set("Retry-After", "10")
	}
	return r
}

// Forced is the error of a fault with a code: any code, wording without its
// placeholders.
func Forced(code int) *Error {
	e := aadsts(code)
	e.text = trimVerbs(e.text)
	return e
}

func trimVerbs(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+1 < len(s) {
			out = append(out, "(simulated)"...)
			i++
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

func rfc3339(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }
