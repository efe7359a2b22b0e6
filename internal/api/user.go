package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
)

// OnUser is the input of an operation on a user.
type OnUser struct {
	InModule
	User int64 `path:"user" minimum:"1" doc:"The number of the user."`
}

// UsersAsked narrows a listing of users.
type UsersAsked struct {
	Q      string `query:"q" maxLength:"200" doc:"In the email or the name, in any case."`
	State  string `query:"state" enum:"active,invited,deactivated"`
	Origin string `query:"origin" enum:"local,directory"`
	Role   int64  `query:"role" minimum:"0" doc:"The number of a role that they have."`
}

const userPath = "/modules/{module}/users/{user}"

func (s *Server) userOperations() {
	const tag = "Users"
	add(s, op{method: http.MethodGet, path: "/modules/{module}/users", id: "list-users", may: account.ManageUsers, tag: tag, summary: "List who has a role that reaches into a module, by email"},
		func(v *visit, in *struct {
			InModule
			UsersAsked
			Paging
		}) (*body[client.Page[client.User]], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			list, next, err := v.Accounts.PageLogins(v.ctx, v.who, account.LoginQuery{After: in.Cursor, Limit: in.Limit, LoginFilter: account.LoginFilter{
				Text: in.Q, State: account.State(in.State), Origin: in.Origin, Role: in.Role, Account: m.Account, Module: m.ID,
			}})
			return page(each(list, userOf), next), err
		})
	add(s, op{method: http.MethodPost, path: "/modules/{module}/users", id: "invite-user", may: account.ManageUsers, tag: tag, summary: "Give a role to whoever has an email", status: http.StatusCreated},
		func(v *visit, in *struct {
			InModule
			Body client.Invitation
		}) (*body[client.User], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			l, err := v.Accounts.Invite(v.ctx, v.who, account.Invitation{Email: in.Body.Email, Name: in.Body.Name, Role: in.Body.Role, Account: m.Account, Module: m.ID})
			if err != nil {
				return nil, err
			}
			return v.user(l.ID)
		})
	add(s, op{method: http.MethodGet, path: userPath, id: "get-user", may: account.ManageUsers, tag: tag, summary: "Get a user"},
		func(v *visit, in *OnUser) (*body[client.User], error) { return v.user(in.User) })
	for _, is := range []struct {
		path, id, summary string
		do                func(v *visit, login int64) error
	}{
		{"/deactivate", "deactivate-user", "Close a user's login and end its sessions", func(v *visit, id int64) error { return v.Accounts.Deactivate(v.ctx, v.who, id) }},
		{"/reactivate", "reactivate-user", "Open a user's login again", func(v *visit, id int64) error { return v.Accounts.Reactivate(v.ctx, v.who, id) }},
		{"/protect", "protect-user", "Mark a user break-glass: no sync can lock them out", func(v *visit, id int64) error { return v.Accounts.SetBreakGlass(v.ctx, v.who, id, true) }},
		{"/unprotect", "unprotect-user", "Take the mark break-glass away", func(v *visit, id int64) error { return v.Accounts.SetBreakGlass(v.ctx, v.who, id, false) }},
	} {
		add(s, op{method: http.MethodPost, path: userPath + is.path, id: is.id, may: account.ManageUsers, tag: tag, summary: is.summary},
			func(v *visit, in *OnUser) (*body[client.User], error) {
				if _, err := v.user(in.User); err != nil {
					return nil, err // who is not there is not refused either
				}
				if err := is.do(v, in.User); err != nil {
					return nil, err
				}
				return v.user(in.User)
			})
	}
	add(s, op{method: http.MethodPost, path: userPath + "/roles", id: "give-role", may: account.ManageUsers, tag: tag, summary: "Give a user a role in the module, or as far as the role reaches"},
		func(v *visit, in *struct {
			OnUser
			Body client.RoleGiven
		}) (*body[client.User], error) {
			m, err := v.module(in.InModule)
			if err == nil {
				err = v.Accounts.GrantRole(v.ctx, v.who, in.User, account.Grant{Account: m.Account, Module: m.ID, Role: in.Body.Role})
			}
			if err != nil {
				return nil, err
			}
			return v.user(in.User)
		})
	add(s, op{method: http.MethodDelete, path: userPath + "/roles", id: "take-role", may: account.ManageUsers, tag: tag, summary: "Take away the role that a person gave a user", text: "Where it holds stands in the user's roles: account and module, 0 for the wider reach."},
		func(v *visit, in *struct {
			OnUser
			Account int64 `query:"account" minimum:"0" doc:"Of the role."`
			Within  int64 `query:"module" minimum:"0" doc:"Of the role."`
		}) (*none, error) {
			return nil, v.Accounts.RevokeRole(v.ctx, v.who, in.User, account.GrantKey{Account: in.Account, Module: in.Within})
		})
}

// user is a user as far as the caller manages users.
func (v *visit) user(id int64) (*body[client.User], error) {
	l, err := v.Accounts.Login(v.ctx, v.who, id)
	return &body[client.User]{userOf(l)}, err
}

func userOf(l account.Login) client.User {
	out := client.User{
		ID: l.ID, Email: l.Email, Name: l.Name, State: string(l.State), DeactivatedBy: l.DeactivatedBy, Origin: l.Origin, BreakGlass: l.BreakGlass,
		Person: l.Person, CreatedAt: l.CreatedAt.UTC(), Roles: each(l.Grants, func(g account.Grant) client.Grant {
			return client.Grant{Role: g.Role, Name: g.RoleName, Account: g.Account, Module: g.Module, Mapping: g.Mapping, By: g.By}
		}),
	}
	if !l.Object.IsZero() {
		out.ObjectID = l.Object.String()
	}
	return out
}
