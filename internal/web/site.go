// Package web is the application in the browser: pages rendered on the server,
// made smooth by a little script and complete without it.
//
// A page asks the use cases of the domain packages and shows what they answer.
// It checks no permission, opens no transaction and writes no audit event by
// itself; the table of routes says who may come at all, for readers and for the
// test that walks it.
package web

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

// Deps are what the pages work with.
type Deps struct {
	Accounts     *account.Service
	Records      *register.Service
	Lists        *listing.Service
	Exchange     *exchange.Service
	Files        *attachment.Service
	Uploads      *exchange.Uploads
	Integrations *integration.Service
	Automations  *automation.Service
	Mail         *mail.Service
	Jobs         *job.Service
	Keys         *secret.Keyring // seals what browsers keep between two pages
	Log          *slog.Logger
	Now          func() time.Time
	// SetupToken has to be shown to set up the organization from another machine
	// than this one; "" allows that from nowhere else.
	SetupToken string
	// BaseURL is the address at which browsers find Muster, without a path; ""
	// for as they come.
	BaseURL string
	// Demo is who to sign in as in the demo, for the sign-in page to say so.
	Demo *view.DemoLogin
}

// Site is the application. It is safe for concurrent use.
type Site struct {
	Deps
	assets *assets
}

// New returns the application over deps.
func New(d Deps) *Site {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Site{Deps: d, assets: newAssets()}
}

// Handler returns the application's routes on one mux.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", s.assets)
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.serve(r))
	}
	mux.Handle("/", s.serve(route{pattern: "/", who: signedIn, do: func(*visit) error { return notHere() }}))
	return mux
}
