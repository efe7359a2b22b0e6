// Package api is the REST interface of the application, at /api/v1: what the
// pages of package web can do, for programs.
//
// It asks the same use cases, checks no permission and writes no audit event by
// itself. A request carries a token and never a cookie, so that no page of
// another site can make one. The types that go over the wire are those of
// package client; the OpenAPI document is made from them.
//
//	gate      who asks, how often, how much      gate.go, bucket.go
//	repeated  the same request sent twice        repeated.go
//	operation parameters, checks, the answer     operation.go and a file a noun
//	problem   what was wrong, as RFC 9457 has it problem.go
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/maphash"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/once"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
)

// Prefix is where the interface lives.
const Prefix = "/api/v1"

// Deps are what the interface works with.
type Deps struct {
	Accounts     *account.Service
	Records      *register.Service
	Lists        *listing.Service
	Exchange     *exchange.Service
	Files        *attachment.Service
	Integrations *integration.Service
	Automations  *automation.Service
	Mail         *mail.Service
	Jobs         *job.Service
	// Principal tells on whose behalf a token acts, for a client at an address. It
	// fails with Unauthenticated for a token that is no good.
	Principal func(ctx context.Context, token secret.Text, address string) (account.Principal, error)
	Once      *once.Service // keeps the answers to requests that may come again
	Log       *slog.Logger
	Now       func() time.Time
	Rate      Rate // per token; zero for the usual
	// BaseURL is where browsers find Muster, for the codes of labels; "" for where
	// a request came to.
	BaseURL string
}

// Server answers requests. It is safe for concurrent use.
type Server struct {
	Deps
	api  huma.API
	mux  *http.ServeMux
	rate *buckets
	stripes
}

// New returns the interface over deps.
func New(d Deps) *Server {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{Deps: d, mux: http.NewServeMux(), rate: newBuckets(d.Rate.orUsual(), d.Now), stripes: stripes{seed: maphash.MakeSeed()}}
	s.api = humago.NewWithPrefix(s.mux, Prefix, s.config())
	s.operations()
	s.document()
	return s
}

// config is the interface without its operations.
func (s *Server) config() huma.Config {
	c := huma.DefaultConfig("Muster", "1")
	c.CreateHooks = nil // they would add a link to a schema to every answer
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.RejectUnknownQueryParameters = true
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	c.Formats = map[string]huma.Format{"application/json": format, "json": format} // the second is what ends in +json
	c.Transformers = []huma.Transformer{s.asProblem}
	c.Info.Description = "What the pages of Muster do, for programs. Every request carries a token: `Authorization: Bearer mst_…`."
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "An API token of a user or of a module."},
	}
	c.Security = []map[string][]string{{"token": {}}}
	return c
}

// unmarshal reads a body. A text with the character of number 0 is refused:
// PostgreSQL cannot keep it.
func unmarshal(data []byte, v any) error {
	if bytes.Contains(data, []byte(`\u0000`)) {
		for dec := json.NewDecoder(bytes.NewReader(data)); ; {
			token, err := dec.Token()
			if err != nil {
				break // the end, or what Unmarshal says better
			}
			if text, ok := token.(string); ok && !storable(text) {
				return errs.New(errs.Invalid, "a text holds the character of number 0")
			}
		}
	}
	return json.Unmarshal(data, v)
}

// operations registers everything that can be asked, by noun.
func (s *Server) operations() {
	s.accountOperations()
	s.collectionOperations()
	s.fieldOperations()
	s.recordOperations()
	s.custodyOperations()
	s.connectionOperations()
	s.mappingOperations()
	s.suggestOperation()
	s.runOperations()
	s.userOperations()
	s.roleOperations()
	s.tokenOperations()
	s.auditOperations()
	s.fileOperations()
	s.searchOperations()
	s.checkFormOperations()
	s.automationOperations()
	s.mailOperations()
	s.jobOperations()
	s.exchangeOperations()
	s.labelOperations()
	s.viewOperations()
	s.standingOperations()
	s.conversionOperations()
	s.arraysAreNeverNull()
}

// arraysAreNeverNull corrects the document: the library takes every list for one
// that may be null, and ours are empty instead.
func (s *Server) arraysAreNeverNull() {
	all := s.api.OpenAPI().Components.Schemas.Map()
	delete(all, "ErrorModel") // the library's own, which asProblem replaces
	delete(all, "ErrorDetail")
	for _, schema := range all {
		for _, p := range schema.Properties {
			if p.Type == huma.TypeArray {
				p.Nullable = false
			}
		}
	}
}

// Handler returns the interface; it answers everything below Prefix.
func (s *Server) Handler() http.Handler { return s.gate(s.repeated(s.mux)) }
