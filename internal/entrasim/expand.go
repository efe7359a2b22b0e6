package entrasim

import (
	"strconv"
	"strings"
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
func (t *Tenant) readExpand(text string, kinds []Kind) (*expansion, error) {
	if text == "" {
		return nil, nil
	}
	name, rest, nested := strings.Cut(text, "(")
	if strings.Contains(name, ",") {
		return nil, badRequest("Only one property can be expanded in a query.")
	}
	e := &expansion{name: strings.ToLower(strings.TrimSpace(name)), levels: 1}
	target := map[string]Kind{"manager": KindUser, "registeredowners": KindDevice, "members": KindGroup, "owners": KindGroup}[e.name]
	if target == 0 || len(kinds) != 1 || kinds[0] != target {
		return nil, badRequest("Parsing OData Select and Expand failed: Could not find a property named '%s' on type '%s'.",
			name, strings.TrimPrefix(t.schemas[kinds[0]].odata, "#"))
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
	of := []Kind{KindUser}
	if e.name == "members" {
		of = []Kind{KindUser, KindGroup, KindDevice}
	}
	var err error
	e.sel, err = t.selectFor(o, of, true)
	return e, err
}

// append adds the relation inside the closing brace of the object just written.
func (e *expansion) append(t *Tenant, b []byte, at ref) []byte {
	if e == nil {
		return b
	}
	b = b[:len(b)-1]
	switch e.name {
	case "manager":
		b = e.manager(t, b, at.index(), e.levels)
	case "registeredowners":
		b = append(b, `,"registeredOwners":[`...)
		if o, ok := t.owner(at.index()); ok && t.stateOf(o) == live {
			b = e.item(t, b, o)
		}
		b = append(b, ']')
	default:
		b = e.members(t, b, at)
	}
	return append(b, '}')
}

func (e *expansion) item(t *Tenant, b []byte, at ref) []byte {
	var rec record
	t.fill(at, e.sel.masks[at.kind()], &rec)
	return t.appendObject(b, &rec, e.sel.masks[at.kind()], 0, true)
}

// manager walks up; a person without manager has no such property at all.
func (e *expansion) manager(t *Tenant, b []byte, user, levels int) []byte {
	m, ok := t.manager(user)
	if !ok || levels == 0 {
		return b
	}
	b = append(b, `,"manager":`...)
	b = e.item(t, b, m)
	return append(e.manager(t, b[:len(b)-1], m.index(), levels-1), '}')
}

// members writes at most 20, as Graph does for expanded collections.
func (e *expansion) members(t *Tenant, b []byte, at ref) []byte {
	c := t.circles[KindGroup][at.index()]
	b = append(b, `,"`+e.name+`":[`...)
	n := 0
	next := t.liveMembers(c)
	if e.name == "owners" {
		next = t.fromList(c.owners)
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
