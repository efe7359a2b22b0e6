package entrasim

import (
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

// expansion is a parsed $expand; nil expands nothing.
type expansion struct {
	name   string
	sel    *selection
	levels int // of managers
}

// maxLevels bounds $levels=max.
const maxLevels = 1000

// readExpand reads one relation with its nested $select and $levels, such as
// manager($levels=max;$select=id,displayName). Graph expands one per call.
// https://learn.microsoft.com/graph/query-parameters#expand-parameter
func (t *Tenant) readExpand(text string, kinds []estate.Kind) (*expansion, error) {
	if text == "" {
		return nil, nil
	}
	name, rest, nested := strings.Cut(text, "(")
	if strings.Contains(name, ",") {
		return nil, badRequest("Only one property can be expanded in a query.")
	}
	e := &expansion{name: strings.ToLower(strings.TrimSpace(name)), levels: 1}
	target := map[string]estate.Kind{"manager": estate.KindUser, "registeredowners": estate.KindDevice, "members": estate.KindGroup, "owners": estate.KindGroup}[e.name]
	if target == 0 || len(kinds) != 1 || kinds[0] != target {
		return nil, badRequest("Parsing OData Select and Expand failed: Could not find a property named '%s' on type '%s'.",
			name, strings.TrimPrefix(t.Schemas[kinds[0]].OData, "#"))
	}
	o := &options{}
	if nested {
		for _, part := range strings.Split(strings.TrimSuffix(rest, ")"), ";") {
			key, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch strings.ToLower(key) {
			case "$select":
				o.sel = v
			case "$levels":
				e.levels, _ = strconv.Atoi(v)
				if v == "max" {
					e.levels = maxLevels
				}
			default:
				return nil, badRequest("Unsupported option '%s' inside $expand.", key)
			}
		}
	}
	of := []estate.Kind{estate.KindUser}
	if e.name == "members" {
		of = []estate.Kind{estate.KindUser, estate.KindGroup, estate.KindDevice}
	}
	var err error
	e.sel, err = t.selectFor(o, of, true)
	return e, err
}

// append adds the relation inside the closing brace of the object just written.
func (e *expansion) append(t *Tenant, b []byte, at estate.Ref) []byte {
	if e == nil {
		return b
	}
	b = b[:len(b)-1]
	switch e.name {
	case "manager":
		b = e.manager(t, b, at.Index(), e.levels)
	case "registeredowners":
		b = append(b, `,"registeredOwners":[`...)
		if o, ok := t.Owner(at.Index()); ok && t.StateOf(o) == estate.Live {
			b = e.item(t, b, o)
		}
		b = append(b, ']')
	default:
		b = e.members(t, b, at)
	}
	return append(b, '}')
}

func (e *expansion) item(t *Tenant, b []byte, at estate.Ref) []byte {
	var rec estate.Record
	t.Fill(at, e.sel.masks[at.Kind()], &rec)
	return t.appendObject(b, &rec, e.sel.masks[at.Kind()], 0, true)
}

// manager walks up; a person without manager has no such property at all.
func (e *expansion) manager(t *Tenant, b []byte, user, levels int) []byte {
	m, ok := t.Manager(user)
	if !ok || levels == 0 {
		return b
	}
	b = append(b, `,"manager":`...)
	b = e.item(t, b, m)
	return append(e.manager(t, b[:len(b)-1], m.Index(), levels-1), '}')
}

// members writes at most 20, as Graph does for expanded collections.
func (e *expansion) members(t *Tenant, b []byte, at estate.Ref) []byte {
	c := t.Circles[estate.KindGroup][at.Index()]
	b = append(b, `,"`+e.name+`":[`...)
	n := 0
	next := t.LiveMembers(c)
	if e.name == "owners" {
		next = t.FromList(c.Owners)
	}
	for r, ok := next(0); ok && n < 20; r, ok = next(r + 1) {
		if n > 0 {
			b = append(b, ',')
		}
		b = e.item(t, b, r)
		n++
	}
	return append(b, ']')
}
