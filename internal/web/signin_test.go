package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/web"
)

func TestOnlyThisMachineOrTheTokenSetsMusterUp(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	for name, tt := range map[string]struct {
		token, path, client, host, via string
		want                           int
	}{
		"this machine":                            {"", "/setup", "127.0.0.1:4711", "127.0.0.1:8080", "", 200},
		"this machine by name":                    {"", "/setup", "[::1]:4711", "localhost:8080", "", 200},
		"another machine":                         {"", "/setup", "192.0.2.1:4711", "10.0.0.1:8080", "", 403},
		"another machine with an empty token":     {"", "/setup?token=", "192.0.2.1:4711", "10.0.0.1:8080", "", 403},
		"another machine with the token":          {"s3cret", "/setup?token=s3cret", "192.0.2.1:4711", "10.0.0.1:8080", "", 200},
		"another machine with a wrong token":      {"s3cret", "/setup?token=guess", "192.0.2.1:4711", "10.0.0.1:8080", "", 403},
		"a proxy on this machine":                 {"", "/setup", "127.0.0.1:4711", "127.0.0.1:8080", "192.0.2.1", 403},
		"a proxy on this machine that hides it":   {"", "/setup", "127.0.0.1:4711", "assets.example.com", "", 403},
		"a stranger's page, its name leads here":  {"", "/setup", "127.0.0.1:4711", "evil.example:8080", "", 403},
		"this machine with the token of somebody": {"s3cret", "/setup?token=guess", "127.0.0.1:4711", "127.0.0.1:8080", "", 200},
	} {
		site := web.New(web.Deps{Accounts: account.NewService(db, nil), Records: register.New(db, nil), SetupToken: tt.token})
		r := httptest.NewRequest(http.MethodGet, tt.path, nil)
		r.RemoteAddr, r.Host = tt.client, tt.host
		if tt.via != "" {
			r.Header.Set("X-Forwarded-For", tt.via)
		}
		w := httptest.NewRecorder()
		site.Handler().ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s: got %d, want %d", name, w.Code, tt.want)
		}
	}
}
