package entrasim

import (
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/permission"
)

// selection is which properties of each kind a call returns.
type selection struct {
	masks [estate.KindCount]uint64
	// blank marks properties that the token may not read: they come as null.
	blank    [estate.KindCount]uint64
	explicit bool
	names    []string // canonical spelling, for @odata.context
	outside  []string // properties of another store, null on a single object
}

// selectFor reads $select for objects of the given kinds. single says that one
// object was asked for by id, where properties outside the directory are
// allowed.
func (t *Tenant) selectFor(o *options, kinds []estate.Kind, single bool) (*selection, error) {
	s := &selection{}
	names := o.names()
	if len(names) == 0 || len(names) == 1 && names[0] == "*" {
		for _, k := range kinds {
			s.masks[k] = t.Schemas[k].Standard
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

func (t *Tenant) selectName(s *selection, name string, kinds []estate.Kind, single bool) error {
	known := ""
	for _, k := range kinds {
		if bit, ok := t.Schemas[k].Bit(name); ok {
			s.masks[k] |= 1 << bit
			known = t.Schemas[k].Props[bit].Name
		}
	}
	switch {
	case known != "":
		s.names = append(s.names, known)
	case estate.OutsideDirectory(name) && single:
		s.outside = append(s.outside, name)
	case estate.OutsideDirectory(name):
		return &graphError{status: 501, code: "NotImplemented", message: "This operation target is not yet supported."}
	default:
		return badRequest("Could not find a property named '%s' on type '%s'.", name, strings.TrimPrefix(t.Schemas[kinds[0]].OData, "#"))
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

// restrict blanks what the roles of the token do not open. Sign-in activity is
// the exception: asking for it without its role is an error.
func (t *Tenant) restrict(s *selection, req *request) error {
	if s.masks[estate.KindUser]>>estate.UserSignInActivity&1 == 1 && !permission.Any(req.roles, "AuditLog.Read.All") {
		return &graphError{status: 403, code: "Authentication_MSGraphPermissionMissing",
			message: "Calling principal does not have required MSGraph permissions AuditLog.Read.All"}
	}
	for k := estate.KindUser; k <= estate.KindUnit; k++ {
		if !permission.MayRead(req.roles, k) {
			s.blank[k] = s.masks[k] &^ 1
		}
	}
	if !permission.Any(req.roles, "User.Read.All", "Directory.Read.All") && permission.Any(req.roles, "User.ReadBasic.All") {
		s.blank[estate.KindUser] = s.masks[estate.KindUser] &^
			(1<<estate.UserID | 1<<estate.UserDisplayName | 1<<estate.UserGivenName | 1<<estate.UserMail | 1<<estate.UserPrincipalName | 1<<estate.UserSurname)
	}
	if !permission.Any(req.roles, "User-LifeCycleInfo.Read.All") {
		s.blank[estate.KindUser] |= s.masks[estate.KindUser] & (1 << estate.UserEmployeeLeaveDateTime)
	}
	return nil
}
