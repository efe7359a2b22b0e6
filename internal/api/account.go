package api

import (
	"context"
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
)

// OnAccount is the input of an operation on an account.
type OnAccount struct {
	Account int64 `path:"account" minimum:"1" doc:"The number of the account."`
}

func (s *Server) accountOperations() {
	add(s, op{method: http.MethodGet, path: "/me", id: "get-me", tag: "Accounts", summary: "Tell on whose behalf the token acts"},
		func(v *visit, _ *none) (*body[client.Me], error) { return v.me() })
	add(s, op{method: http.MethodGet, path: "/accounts", id: "list-accounts", tag: "Accounts", summary: "List the accounts and modules that the token sees"},
		func(v *visit, _ *none) (*body[client.List[client.Account]], error) { return v.tree() })
	add(s, op{method: http.MethodPost, path: "/accounts", id: "create-account", tag: "Accounts", summary: "Create an account", status: http.StatusCreated},
		func(v *visit, in *struct{ Body client.Name }) (*body[client.Account], error) {
			a, err := v.Accounts.CreateAccount(v.ctx, v.who, in.Body.Name)
			return &body[client.Account]{accountOf(a, nil)}, err
		})
	add(s, op{method: http.MethodGet, path: "/accounts/{account}", id: "get-account", tag: "Accounts", summary: "Get an account with its modules"},
		func(v *visit, in *OnAccount) (*tagged[client.Account], error) {
			a, err := v.account(*in)
			return tagOf(a), err
		})
	add(s, op{method: http.MethodPatch, path: "/accounts/{account}", id: "rename-account", tag: "Accounts", summary: "Rename an account"},
		func(v *visit, in *struct {
			OnAccount
			Seen
			Body client.Name
		}) (*tagged[client.Account], error) {
			now := func() (client.Account, error) { return v.account(in.OnAccount) }
			return change(v, "account "+number(in.Account), in.Seen, now, func() error {
				_, err := v.Accounts.RenameAccount(v.ctx, v.who, in.Account, in.Body.Name)
				return err
			})
		})
	add(s, op{method: http.MethodPost, path: "/accounts/{account}/modules", id: "create-module", tag: "Accounts", summary: "Create a module", text: "It comes with collections for assets, people, locations and categories.", status: http.StatusCreated},
		func(v *visit, in *struct {
			OnAccount
			Body client.NewModule
		}) (*body[client.Module], error) {
			m, err := v.Accounts.CreateModule(v.ctx, v.who, in.Account, in.Body.Name, func(ctx context.Context, m account.Module) error {
				_, err := v.Records.SetUpModule(ctx, v.who.Actor(), m.Account, m.ID, in.Body.Main)
				return err
			})
			return &body[client.Module]{moduleOf(m)}, err
		})
	add(s, op{method: http.MethodGet, path: "/modules/{module}", id: "get-module", tag: "Accounts", summary: "Get a module"},
		func(v *visit, in *InModule) (*tagged[client.Module], error) {
			m, err := v.module(*in)
			return tagOf(moduleOf(m)), err
		})
	add(s, op{method: http.MethodPatch, path: "/modules/{module}", id: "rename-module", tag: "Accounts", summary: "Rename a module"},
		func(v *visit, in *struct {
			InModule
			Seen
			Body client.Name
		}) (*tagged[client.Module], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			now := func() (client.Module, error) { m, err := v.module(in.InModule); return moduleOf(m), err }
			return change(v, "module "+number(m.ID), in.Seen, now, func() error {
				_, err := v.Accounts.RenameModule(v.ctx, v.who, m.Account, m.ID, in.Body.Name)
				return err
			})
		})
}

// me tells who asks.
func (v *visit) me() (*body[client.Me], error) {
	out := client.Me{Login: v.who.Login, Name: v.who.Name, Kind: v.who.Actor().Kind, Roles: []client.RoleHeld{}}
	for _, h := range v.who.Holds {
		out.Roles = append(out.Roles, client.RoleHeld{Role: h.Role.Name, Account: h.Account, Module: h.Module})
	}
	return &body[client.Me]{out}, nil
}

func (v *visit) tree() (*body[client.List[client.Account]], error) {
	tree, err := v.Accounts.Tree(v.ctx, v.who)
	return whole(each(tree, func(b account.Branch) client.Account { return accountOf(b.Account, b.Modules) })), err
}

// account finds an account among those that exist for the caller.
func (v *visit) account(in OnAccount) (client.Account, error) {
	tree, err := v.Accounts.Tree(v.ctx, v.who)
	if err != nil {
		return client.Account{}, err
	}
	for _, b := range tree {
		if b.Account.ID == in.Account {
			return accountOf(b.Account, b.Modules), nil
		}
	}
	return client.Account{}, notHere("account", in.Account)
}

func accountOf(a account.Account, modules []account.Module) client.Account {
	return client.Account{ID: a.ID, Name: a.Name, CreatedAt: a.CreatedAt.UTC(), Modules: each(modules, moduleOf)}
}

func moduleOf(m account.Module) client.Module {
	return client.Module{ID: m.ID, Account: m.Account, Name: m.Name, CreatedAt: m.CreatedAt.UTC()}
}
