package web

import (
	"net/http"

	"github.com/musterhq/muster/internal/account"
)

// Route is a route as the test that walks them all sees it.
type Route struct {
	Pattern          string
	Public, InModule bool
	Manage           bool           // for administrators of the module only
	Action           account.Action // that the route asks for in the module; "" for none
}

// Routes lists every route.
func (s *Site) Routes() []Route {
	var out []Route
	for _, r := range s.routes() {
		out = append(out, Route{r.pattern, r.who.public, r.who.anyone || r.who.module != "", r.who.module != "", r.who.module})
	}
	return out
}

// Unguarded is the application without the actions that its table of routes asks
// for: what is left are the use cases.
func (s *Site) Unguarded() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		if r.who.module != "" {
			r.who = inModule
		}
		mux.Handle(r.pattern, s.serve(r))
	}
	return mux
}

// PointsOf is pointsOf for tests.
var PointsOf = pointsOf
