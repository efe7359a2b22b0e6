package entra_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/secret"
)

// host is a Graph host that answers what a test wants, for shapes that the
// simulated tenant does not have.
type host struct {
	url    string
	handle http.HandlerFunc // Graph calls
	signIn http.HandlerFunc // token calls
	tokens int
	client *entra.Client
}

// newHost starts a host over plain http and a client of it.
func newHost(t testing.TB, edit func(*entra.Config)) *host {
	t.Helper()
	h := &host{signIn: func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"t"}`)
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1.0/") {
			h.handle(w, r)
			return
		}
		h.tokens++
		h.signIn(w, r)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	cfg := entra.Config{TenantID: "example.com", ClientID: "22222222-2222-2222-2222-222222222222",
		ClientSecret: secret.New("s"), Cloud: entra.Custom, LoginURL: h.url, GraphURL: h.url}
	if edit != nil {
		edit(&cfg)
	}
	client, err := entra.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	h.client = client
	return h
}

// page writes a page with members beside the list of objects.
func (h *host) page(w http.ResponseWriter, beside string, objects ...string) {
	if beside != "" {
		beside += ","
	}
	fmt.Fprintf(w, `{%s"value":[%s]}`, beside, strings.Join(objects, ","))
}

// fault writes an error as Graph does.
func (h *host) fault(w http.ResponseWriter, status int, code string) {
	w.Header().Set("request-id", "r-"+strconv.Itoa(status))
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"code":%q,"message":"m","innerError":{"code":"inner","request-id":"r"}}}`, code)
}
