package entrasim

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/sts"
)

// local lets only this machine in: the peer must be on loopback, and so must
// the Host and Origin headers, or a web page elsewhere could reach control
// through the visitor's browser.
func local(r *http.Request) bool {
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	host := r.Host
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		host = h
	}
	if err != nil || !sts.LoopbackHost(peer) || !sts.LoopbackHost(strings.Trim(host, "[]")) {
		return false
	}
	if o := r.Header.Get("Origin"); o != "" {
		u, err := url.Parse(o)
		return err == nil && sts.LoopbackHost(u.Hostname())
	}
	return true
}

// controlInput is the body of control calls; each reads what it needs.
type controlInput struct {
	Properties  map[string]estate.Value `json:"properties"`
	GivenName   string                  `json:"givenName"`
	Surname     string                  `json:"surname"`
	Department  string                  `json:"department"`
	City        string                  `json:"city"`
	Manager     string                  `json:"manager"`
	Owner       string                  `json:"owner"`
	Member      string                  `json:"member"`
	Name        string                  `json:"name"`
	Description string                  `json:"description"`
	Unified     bool                    `json:"unified"`
	Value       string                  `json:"value"`
	Roles       []string                `json:"roles"`
	Enabled     bool                    `json:"enabled"`
	Drop        bool                    `json:"drop"`
}

type controlCall func(c *Control, r *http.Request, in *controlInput) (any, error)

// controlHandler is the HTTP form of Control.
//
//	GET    /control/counts
//	GET    /control/people?search=&skip=&top=        POST {properties}
//	GET    /control/people/{key}                     PATCH {properties}   DELETE (soft)
//	POST   /control/people/{key}/rename {givenName, surname}, /move {department, city},
//	       /disable, /enable, /delete, /purge, /restore, /manager {manager}
//	GET    /control/groups?search=  POST {name, description, unified}; the same for units
//	PATCH  /control/groups/{key} {properties}        DELETE
//	POST   /control/groups/{key}/members {member}    DELETE /control/groups/{key}/members/{member}
//	POST   /control/groups/{key}/restore, /purge
//	POST   /control/devices {properties, owner}      PATCH, DELETE /control/devices/{key}
//	POST   /control/devices/{key}/owner {owner}
//	GET    /control/faults   POST a Fault            DELETE
//	POST   /control/secret/rotate {value}, /control/secret/expire
//	PUT    /control/roles {roles}                    PUT /control/app {enabled}
//	POST   /control/tokens/{revoke,expire-delta,expire-pages}, /control/keys/rotate {drop}
//	GET    /control/requests                         DELETE
func (t *Tenant) controlHandler() http.Handler {
	mux := http.NewServeMux()
	c := t.Control()
	for pattern, call := range controlCalls() {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /control/"+path, func(w http.ResponseWriter, r *http.Request) {
			in := &controlInput{}
			if err := json.NewDecoder(r.Body).Decode(in); err != nil && !errors.Is(err, io.EOF) {
				controlReply(w, http.StatusBadRequest, map[string]string{"error": "body: " + err.Error()})
				return
			}
			out, err := call(c, r, in)
			if err != nil {
				controlReply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
				return
			}
			controlReply(w, http.StatusOK, out)
		})
	}
	mux.HandleFunc("POST /control/faults", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		err := json.NewDecoder(r.Body).Decode(&f)
		if err == nil {
			err = c.Inject(f)
		}
		if err != nil {
			controlReply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		controlReply(w, http.StatusOK, c.Faults())
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r) {
			http.Error(w, "control is for loopback only", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func controlReply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only when the caller has gone
}

// done answers calls that return nothing.
func done(err error) (any, error) { return map[string]bool{"ok": err == nil}, err }

func controlCalls() map[string]controlCall {
	calls := map[string]controlCall{
		"GET counts":      func(c *Control, _ *http.Request, _ *controlInput) (any, error) { return c.Snapshot(), nil },
		"GET faults":      func(c *Control, _ *http.Request, _ *controlInput) (any, error) { return c.Faults(), nil },
		"DELETE faults":   func(c *Control, _ *http.Request, _ *controlInput) (any, error) { c.ClearFaults(); return done(nil) },
		"GET requests":    func(c *Control, _ *http.Request, _ *controlInput) (any, error) { return c.Requests(), nil },
		"DELETE requests": func(c *Control, _ *http.Request, _ *controlInput) (any, error) { c.ResetRequests(); return done(nil) },
		"POST secret/rotate": func(c *Control, _ *http.Request, in *controlInput) (any, error) {
			return map[string]string{"value": c.RotateSecret(in.Value)}, nil
		},
		"POST secret/expire": func(c *Control, _ *http.Request, _ *controlInput) (any, error) { c.ExpireSecret(); return done(nil) },
		"GET roles":          func(c *Control, _ *http.Request, _ *controlInput) (any, error) { return c.Roles(), nil },
		"PUT roles": func(c *Control, _ *http.Request, in *controlInput) (any, error) {
			c.SetRoles(in.Roles...)
			return c.Roles(), nil
		},
		"PUT app": func(c *Control, _ *http.Request, in *controlInput) (any, error) {
			c.SetAppEnabled(in.Enabled)
			return done(nil)
		},
		"POST tokens/revoke": func(c *Control, _ *http.Request, _ *controlInput) (any, error) { c.RevokeTokens(); return done(nil) },
		"POST tokens/expire-delta": func(c *Control, _ *http.Request, _ *controlInput) (any, error) {
			c.ExpireDeltaTokens()
			return done(nil)
		},
		"POST tokens/expire-pages": func(c *Control, _ *http.Request, _ *controlInput) (any, error) {
			c.ExpirePageTokens()
			return done(nil)
		},
		"POST keys/rotate": func(c *Control, _ *http.Request, in *controlInput) (any, error) {
			c.RotateKeys(in.Drop)
			return done(nil)
		},
	}
	peopleCalls(calls)
	circleCalls(calls)
	deviceCalls(calls)
	return calls
}

func peopleCalls(calls map[string]controlCall) {
	key := func(r *http.Request) string { return r.PathValue("key") }
	calls["GET people"] = func(c *Control, r *http.Request, _ *controlInput) (any, error) {
		skip, _ := strconv.Atoi(r.FormValue("skip"))
		top, err := strconv.Atoi(r.FormValue("top"))
		if err != nil || top < 1 || top > 999 {
			top = 50
		}
		people, total := c.People(r.FormValue("search"), max(skip, 0), top)
		return map[string]any{"people": people, "total": total}, nil
	}
	calls["POST people"] = func(c *Control, _ *http.Request, in *controlInput) (any, error) { return c.Hire(in.Properties) }
	calls["GET people/{key}"] = func(c *Control, r *http.Request, _ *controlInput) (any, error) { return c.Person(key(r)) }
	calls["PATCH people/{key}"] = func(c *Control, r *http.Request, in *controlInput) (any, error) {
		return c.Update(key(r), in.Properties)
	}
	calls["DELETE people/{key}"] = func(c *Control, r *http.Request, _ *controlInput) (any, error) { return c.SoftDelete(key(r)) }
	calls["POST people/{key}/rename"] = func(c *Control, r *http.Request, in *controlInput) (any, error) {
		return c.Rename(key(r), in.GivenName, in.Surname)
	}
	calls["POST people/{key}/move"] = func(c *Control, r *http.Request, in *controlInput) (any, error) {
		return c.Move(key(r), in.Department, in.City)
	}
	calls["POST people/{key}/manager"] = func(c *Control, r *http.Request, in *controlInput) (any, error) {
		return c.SetManager(key(r), in.Manager)
	}
	for verb, f := range map[string]func(*Control, string) (estate.Person, error){"disable": (*Control).Disable, "enable": (*Control).Enable,
		"delete": (*Control).SoftDelete, "purge": (*Control).Purge, "restore": (*Control).Restore} {
		calls["POST people/{key}/"+verb] = func(c *Control, r *http.Request, _ *controlInput) (any, error) { return f(c, key(r)) }
	}
}

func circleCalls(calls map[string]controlCall) {
	key := func(r *http.Request) string { return r.PathValue("key") }
	calls["GET groups"] = func(c *Control, r *http.Request, _ *controlInput) (any, error) {
		return c.Groups(r.FormValue("search")), nil
	}
	calls["GET units"] = func(c *Control, r *http.Request, _ *controlInput) (any, error) {
		return c.Units(r.FormValue("search")), nil
	}
	calls["POST groups"] = func(c *Control, _ *http.Request, in *controlInput) (any, error) {
		return c.CreateGroup(in.Name, in.Description, in.Unified)
	}
	calls["POST units"] = func(c *Control, _ *http.Request, in *controlInput) (any, error) {
		return c.CreateUnit(in.Name, in.Description)
	}
	for set, k := range map[string]estate.Kind{"groups": estate.KindGroup, "units": estate.KindUnit} {
		calls["GET "+set+"/{key}"] = func(c *Control, r *http.Request, _ *controlInput) (any, error) { return c.EditRoster(k, key(r), nil) }
		calls["PATCH "+set+"/{key}"] = func(c *Control, r *http.Request, in *controlInput) (any, error) {
			return c.UpdateRoster(k, key(r), in.Properties)
		}
		calls["POST "+set+"/{key}/members"] = func(c *Control, r *http.Request, in *controlInput) (any, error) {
			return done(c.ChangeMember(k, key(r), in.Member, c.t.Join))
		}
		calls["DELETE "+set+"/{key}/members/{member}"] = func(c *Control, r *http.Request, _ *controlInput) (any, error) {
			return done(c.ChangeMember(k, key(r), r.PathValue("member"), c.t.Leave))
		}
	}
	for pattern, f := range map[string]func(*Control, string) (estate.Circle, error){"DELETE groups/{key}": (*Control).DeleteGroup,
		"DELETE units/{key}": (*Control).DeleteUnit, "POST groups/{key}/restore": (*Control).RestoreGroup, "POST groups/{key}/purge": (*Control).PurgeGroup} {
		calls[pattern] = func(c *Control, r *http.Request, _ *controlInput) (any, error) { return f(c, key(r)) }
	}
}

func deviceCalls(calls map[string]controlCall) {
	calls["GET devices/{key}"] = func(c *Control, r *http.Request, _ *controlInput) (any, error) { return c.Device(r.PathValue("key")) }
	calls["POST devices"] = func(c *Control, _ *http.Request, in *controlInput) (any, error) {
		return c.AddDevice(in.Properties, in.Owner)
	}
	calls["PATCH devices/{key}"] = func(c *Control, r *http.Request, in *controlInput) (any, error) {
		return c.UpdateDevice(r.PathValue("key"), in.Properties)
	}
	calls["DELETE devices/{key}"] = func(c *Control, r *http.Request, _ *controlInput) (any, error) {
		return done(c.RemoveDevice(r.PathValue("key")))
	}
	calls["POST devices/{key}/owner"] = func(c *Control, r *http.Request, in *controlInput) (any, error) {
		return c.SetOwner(r.PathValue("key"), in.Owner)
	}
}
