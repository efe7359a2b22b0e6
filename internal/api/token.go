package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// tokenOperations list and end tokens. None makes one: a stolen token would
// outlive being revoked.
func (s *Server) tokenOperations() {
	const tag = "Tokens"
	add(s, op{method: http.MethodGet, path: "/tokens", id: "list-own-tokens", tag: tag, summary: "List the tokens of the user that this one acts for"},
		func(v *visit, _ *none) (*body[client.List[client.Token]], error) {
			list, err := v.Accounts.OwnTokens(v.ctx, v.who)
			return whole(each(list, tokenOf)), err
		})
	add(s, op{method: http.MethodGet, path: "/modules/{module}/tokens", id: "list-service-tokens", may: account.ManageUsers, tag: tag, summary: "List the services of a module"},
		func(v *visit, in *InModule) (*body[client.List[client.Token]], error) {
			m, err := v.module(*in)
			if err != nil {
				return nil, err
			}
			list, err := v.Accounts.ServiceTokens(v.ctx, v.who, m.Account, m.ID)
			return whole(each(list, tokenOf)), err
		})
	add(s, op{method: http.MethodGet, path: userPath + "/tokens", id: "list-user-tokens", may: account.ManageUsers, tag: tag, summary: "List the tokens of a user"},
		func(v *visit, in *OnUser) (*body[client.List[client.Token]], error) {
			list, err := v.Accounts.TokensOf(v.ctx, v.who, in.User)
			return whole(each(list, tokenOf)), err
		})
	add(s, op{method: http.MethodDelete, path: "/tokens/{token}", id: "revoke-token", tag: tag, summary: "End a token at once", text: "One of the user that this one acts for, or a service of a module whose users it manages. Any token may end itself; to end another takes the scope everything."},
		func(v *visit, in *struct {
			Token int64 `path:"token" minimum:"1" doc:"The number of the token."`
		}) (*none, error) {
			if in.Token != v.who.Token {
				if err := v.scoped(); err != nil {
					return nil, err
				}
			}
			return nil, v.Accounts.RevokeToken(v.ctx, v.who, in.Token)
		})
}

// scoped refuses a token of a smaller scope than everything what no role allows
// or forbids: what is the user's own, like views and sessions. The rights of
// roles are narrowed by the scope already.
func (v *visit) scoped() error {
	if v.who.Login == 0 {
		return nil // a service has nothing of its own
	}
	list, err := v.Accounts.OwnTokens(v.ctx, v.who)
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.ID == v.who.Token && t.Scope != account.TokenDoes {
			return errs.New(errs.Forbidden, "this token may %s", t.Scope).WithHint("It takes one with the scope everything.")
		}
	}
	return nil
}

func tokenOf(t account.Token) client.Token {
	return client.Token{
		ID: t.ID, Name: t.Name, Scope: string(t.Scope), Login: t.Login, Module: t.Module, Role: t.Role, CreatedBy: t.CreatedBy,
		CreatedAt: t.CreatedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC(), SeenAt: moment(t.SeenAt), Address: t.Address,
	}
}
