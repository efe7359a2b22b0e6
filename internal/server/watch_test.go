package server_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/server"
)

func TestNumbersAreForWatchersOnly(t *testing.T) {
	t.Parallel()
	const token = "Bearer watch-tower-1234"
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for name, tt := range map[string]struct {
		token   string
		trusted []netip.Prefix
		headers []string
		want    int
	}{
		"this machine":                      {want: 200},
		"this machine, wrong token":         {headers: []string{"Authorization", "Bearer x"}, token: "watch-tower-1234", want: 200},
		"a proxy here":                      {headers: []string{"X-Forwarded-For", "192.0.2.1"}, want: 401},
		"a proxy here, of this machine":     {headers: []string{"X-Forwarded-For", "127.0.0.1"}, want: 401},
		"a proxy of another kind":           {headers: []string{"Forwarded", "for=192.0.2.1"}, want: 401},
		"a trusted proxy":                   {trusted: here, headers: []string{"X-Forwarded-For", "192.0.2.1"}, want: 401},
		"a trusted proxy, of this machine":  {trusted: here, headers: []string{"X-Forwarded-For", "127.0.0.1"}, want: 200},
		"the token through a proxy":         {token: "watch-tower-1234", headers: []string{"X-Forwarded-For", "192.0.2.1", "Authorization", token}, want: 200},
		"another token through a proxy":     {token: "watch-tower-1235", headers: []string{"X-Forwarded-For", "192.0.2.1", "Authorization", token}, want: 401},
		"a token where none is set":         {headers: []string{"X-Forwarded-For", "192.0.2.1", "Authorization", token}, want: 401},
		"an empty token where none is set":  {headers: []string{"X-Forwarded-For", "192.0.2.1", "Authorization", "Bearer "}, want: 401},
		"the token as a password of a user": {token: "watch-tower-1234", headers: []string{"X-Forwarded-For", "192.0.2.1", "Authorization", "Basic watch-tower-1234"}, want: 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, hello, server.Options{MetricsToken: secret.New(tt.token), TrustedProxies: tt.trusted})
			res, _ := r.get("/metrics", tt.headers...)
			if res.StatusCode != tt.want {
				t.Errorf("the answer is %d, want %d", res.StatusCode, tt.want)
			}
			if res, _ := r.get("/healthz", tt.headers...); res.StatusCode != http.StatusOK {
				t.Errorf("health is %d", res.StatusCode)
			}
		})
	}
}

func TestRequestsAreCountedByClass(t *testing.T) {
	t.Parallel()
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			w.Header().Set("Content-Type", "text/event-stream")
		}
		hello(w, r)
	}, server.Options{})
	for _, path := range []string{"/", "/made/up", "/api/v1/records", "/static/muster.css", "/events", "/healthz"} {
		r.get(path)
	}
	_, numbers := r.get("/metrics")
	for class, want := range map[string]string{"page": "2", "api": "1", "static": "1", "stream": "1", "watch": "1"} {
		if line := `muster_http_requests_total{class="` + class + `",status="200"} ` + want; !strings.Contains(numbers, line) {
			t.Errorf("the metrics do not have %s", line)
		}
	}
}
