package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
)

// OnRole is the input of an operation on a role.
type OnRole struct {
	InModule
	Role int64 `path:"role" minimum:"1" doc:"The number of the role."`
}

func (s *Server) roleOperations() {
	const tag, path = "Roles", "/modules/{module}/roles"
	add(s, op{method: http.MethodGet, path: path, id: "list-roles", may: account.ManageUsers, tag: tag, summary: "List the roles that the token can give in a module, the highest first"},
		func(v *visit, in *InModule) (*body[client.List[client.Role]], error) {
			m, err := v.module(*in)
			if err != nil {
				return nil, err
			}
			list, err := v.Accounts.RolesIn(v.ctx, v.who, m.Account, m.ID)
			return whole(each(list, roleOf)), err
		})
	add(s, op{method: http.MethodPost, path: path, id: "create-role", may: account.ManageUsers, tag: tag, summary: "Make a role of the module's own", status: http.StatusCreated},
		func(v *visit, in *struct {
			InModule
			Body client.RoleInput
		}) (*body[client.Role], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			r, err := v.Accounts.CreateRole(v.ctx, v.who, roleFrom(m, 0, in.Body))
			return &body[client.Role]{roleOf(r)}, err
		})
	add(s, op{method: http.MethodGet, path: path + "/{role}", id: "get-role", may: account.ManageUsers, tag: tag, summary: "Get a role of the module's own, to be changed"},
		func(v *visit, in *OnRole) (*tagged[client.Role], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			r, err := v.role(m, in.Role)
			return tagOf(r), err
		})
	add(s, op{method: http.MethodPut, path: path + "/{role}", id: "change-role", may: account.ManageUsers, tag: tag, summary: "Change a role of the module's own", text: "Who has it may do no more and no less from their next request on."},
		func(v *visit, in *struct {
			OnRole
			Seen
			Body client.RoleInput
		}) (*tagged[client.Role], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			now := func() (client.Role, error) { return v.role(m, in.Role) }
			return change(v, "role "+number(in.Role), in.Seen, now, func() error {
				_, err := v.Accounts.ChangeRole(v.ctx, v.who, roleFrom(m, in.Role, in.Body))
				return err
			})
		})
	add(s, op{method: http.MethodDelete, path: path + "/{role}", id: "remove-role", may: account.ManageUsers, tag: tag, summary: "Remove a role of the module's own", text: "Whoever was given it by hand gets another one."},
		func(v *visit, in *struct {
			OnRole
			To int64 `query:"to" minimum:"0" doc:"The number of the role that they get instead."`
		}) (*none, error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			return nil, v.Integrations.RemoveRole(v.ctx, v.who, m, in.Role, in.To)
		})
}

func (v *visit) role(m account.Module, id int64) (client.Role, error) {
	r, err := v.Accounts.CustomRole(v.ctx, v.who, m.Account, m.ID, id)
	return roleOf(r), err
}

func roleFrom(m account.Module, id int64, in client.RoleInput) account.Role {
	return account.Role{ID: id, Account: m.Account, Module: m.ID, Name: in.Name, Permissions: each(in.Permissions, func(p client.Permission) account.Permission {
		return account.Permission{Action: account.Action(p.Action), Collection: p.Collection}
	})}
}

func roleOf(r account.Role) client.Role {
	return client.Role{ID: r.ID, Name: r.Name, BuiltIn: r.Module == 0, Scope: string(r.Scope), Permissions: each(r.Permissions, func(p account.Permission) client.Permission {
		return client.Permission{Action: string(p.Action), Collection: p.Collection}
	})}
}
