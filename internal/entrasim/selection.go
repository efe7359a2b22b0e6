package entrasim

import "strings"

// selection is which properties of each kind a call returns.
type selection struct {
	masks [kindCount]uint64
	// blank marks properties that the token may not read: they come as null.
	blank    [kindCount]uint64
	explicit bool
	names    []string // canonical spelling, for @odata.context
	outside  []string // properties of another store, null on a single object
}

// selectFor reads $select for objects of the given kinds. single says that one
// object was asked for by id, where properties outside the directory are
// allowed.
func (t *Tenant) selectFor(o *options, kinds []Kind, single bool) (*selection, error) {
	s := &selection{}
	names := o.names()
	if len(names) == 0 || len(names) == 1 && names[0] == "*" {
		for _, k := range kinds {
			s.masks[k] = t.schemas[k].standard
		}
		return s, nil
	}
	s.explicit = true
	for _, k := range kinds {
		s.masks[k] = 1 // the id comes in any case
	}
	for _, name := range names {
		if err := t.selectName(s, name, kinds, single); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (t *Tenant) selectName(s *selection, name string, kinds []Kind, single bool) error {
	known := ""
	for _, k := range kinds {
		if bit, ok := t.schemas[k].bit(name); ok {
			s.masks[k] |= 1 << bit
			known = t.schemas[k].props[bit].name
		}
	}
	switch {
	case known != "":
		s.names = append(s.names, known)
	case outsideDirectory(name) && single:
		s.outside = append(s.outside, name)
	case outsideDirectory(name):
		return &graphError{status: 501, code: "NotImplemented", message: "This operation target is not yet supported."}
	default:
		return badRequest("Could not find a property named '%s' on type '%s'.", name, strings.TrimPrefix(t.schemas[kinds[0]].odata, "#"))
	}
	return nil
}

// contextURL is the value of @odata.context.
func contextURL(req *request, set string, s *selection, entity bool) string {
	u := req.base + "/v1.0/$metadata#" + set
	if s != nil && s.explicit {
		u += "(" + strings.Join(s.names, ",") + ")"
	}
	if entity {
		u += "/$entity"
	}
	return u
}

// restrict blanks what the roles of the token do not open.
func (t *Tenant) restrict(s *selection, req *request) {
	for k := KindUser; k <= KindUnit; k++ {
		if !mayRead(req.roles, k) {
			s.blank[k] = s.masks[k] &^ 1
		}
	}
	if !anyRole(req.roles, "User.Read.All", "Directory.Read.All") && anyRole(req.roles, "User.ReadBasic.All") {
		s.blank[KindUser] = s.masks[KindUser] &^
			(1<<uID | 1<<uDisplayName | 1<<uGivenName | 1<<uMail | 1<<uUserPrincipalName | 1<<uSurname)
	}
}
