package web

import (
	"cmp"
	"context"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

// found makes the organization with what it needs to begin, and signs its first
// administrator in.
func (s *Site) found(v *visit, form view.SetupForm, password secret.Text) (account.Principal, error) {
	ctx := v.ctx()
	if err := s.Accounts.Setup(ctx, form.Organization, form.Email, password); err != nil {
		return account.Principal{}, err
	}
	p, err := s.Accounts.SignIn(ctx, form.Email, password, clientAddress(v.r))
	if err != nil {
		return p, err
	}
	acct, err := s.Accounts.CreateAccount(ctx, p, form.Organization)
	if err != nil {
		return p, err
	}
	_, err = s.Accounts.CreateModule(ctx, p, acct.ID, cmp.Or(form.Module, "IT equipment"), func(ctx context.Context, m account.Module) error {
		_, err := s.Records.SetUpModule(ctx, p.Actor(), m.Account, m.ID, cmp.Or(form.Main, "Assets"))
		return err
	})
	return p, err
}
