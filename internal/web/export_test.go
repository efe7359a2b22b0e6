package web

import "github.com/musterhq/muster/internal/account"

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

// PointsOf is pointsOf for tests.
var PointsOf = pointsOf
