package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
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
	add(s, op{method: http.MethodDelete, path: "/tokens/{token}", id: "revoke-token", tag: tag, summary: "End a token at once", text: "One of the user that this one acts for, this one included, or a service of a module whose users it manages."},
		func(v *visit, in *struct {
			Token int64 `path:"token" minimum:"1" doc:"The number of the token."`
		}) (*none, error) {
			return nil, v.Accounts.RevokeToken(v.ctx, v.who, in.Token)
		})
}

func tokenOf(t account.Token) client.Token {
	return client.Token{
		ID: t.ID, Name: t.Name, Scope: string(t.Scope), Login: t.Login, Module: t.Module, Role: t.Role, CreatedBy: t.CreatedBy,
		CreatedAt: t.CreatedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC(), SeenAt: moment(t.SeenAt), Address: t.Address,
	}
}
