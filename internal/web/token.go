package web

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

const ownTokensPath = "/profile/tokens"

// ownTokens lists the visitor's own API tokens.
func (s *Site) ownTokens(v *visit) error {
	return v.showOwnTokens(http.StatusOK, view.NewToken{}, view.TokenForm{})
}

func (v *visit) showOwnTokens(status int, made view.NewToken, form view.TokenForm) error {
	list, err := v.site.Accounts.OwnTokens(v.ctx(), v.who)
	if err != nil {
		return err
	}
	return v.showTokens(status, view.Tokens{
		Crumbs: []view.Crumb{{Name: "Profile", Path: "/profile"}}, Path: ownTokensPath, Made: made, Form: form,
		Rows: v.tokenRows(list, nil, ownTokensPath),
	})
}

// makeOwnToken makes an API token of the visitor's.
func (s *Site) makeOwnToken(v *visit) error {
	made, form, err := v.makeToken(account.NewToken{})
	if err != nil {
		return err
	}
	return v.showOwnTokens(tokenStatus(form), made, form)
}

// revokeOwnToken ends one of the visitor's API tokens.
func (s *Site) revokeOwnToken(v *visit) error { return v.revokeToken(ownTokensPath) }

func (v *visit) servicesPath() string { return modulePath(v.module.ID) + "/tokens" }

// services lists the programs that use the API in the module.
func (s *Site) services(v *visit) error {
	return v.showServices(http.StatusOK, view.NewToken{}, view.TokenForm{})
}

func (v *visit) showServices(status int, made view.NewToken, form view.TokenForm) error {
	list, err := v.site.Accounts.ServiceTokens(v.ctx(), v.who, v.module.Account, v.module.ID)
	if err != nil {
		return err
	}
	roles, err := v.site.Accounts.Roles(v.ctx())
	if err != nil {
		return err
	}
	names := make(map[int64]string, len(roles))
	for _, r := range roles {
		names[r.ID] = r.Name
	}
	if form.Roles, err = v.roleOptions(); err != nil {
		return err
	}
	return v.showTokens(status, view.Tokens{
		Crumbs: v.crumbs(), Path: v.servicesPath(), Services: true, Made: made, Form: form, Rows: v.tokenRows(list, names, v.servicesPath()),
	})
}

// addService makes an API token with a role of its own.
func (s *Site) addService(v *visit) error {
	made, form, err := v.makeToken(account.NewToken{Account: v.module.Account, Module: v.module.ID, Role: v.numberIn("role")})
	if err != nil {
		return err
	}
	return v.showServices(tokenStatus(form), made, form)
}

// revokeService ends an API token of the module.
func (s *Site) revokeService(v *visit) error { return v.revokeToken(v.servicesPath()) }

// showTokens shows a page that may hold a secret: nothing keeps a copy of it.
func (v *visit) showTokens(status int, page view.Tokens) error {
	v.w.Header().Set("Cache-Control", "no-store")
	return v.showStatus(status, "API tokens", view.TokensPage(v.frame, page))
}

// tokenStatus is the answer to a form: refused ones come with what was wrong.
func tokenStatus(form view.TokenForm) int {
	if form.Fault != "" {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// makeToken makes what the form says. What was refused comes back as the form.
func (v *visit) makeToken(n account.NewToken) (view.NewToken, view.TokenForm, error) {
	form := view.TokenForm{Name: v.text("name"), Scope: v.text("scope"), Days: v.text("days"), Role: v.text("role")}
	n.Name, n.Scope = form.Name, account.TokenScope(form.Scope)
	var err error
	if n.Days, err = strconv.Atoi(form.Days); err != nil {
		err = errs.New(errs.Invalid, "%q is no number of days", form.Days)
	}
	var t account.Token
	var text secret.Text
	if err == nil {
		t, text, err = v.site.Accounts.IssueToken(v.ctx(), v.who, n)
	}
	if refused(err) {
		form.Fault, form.Hint = sentence(err, statusOf(err)), errs.HintOf(err)
		return view.NewToken{}, form, nil
	}
	return view.NewToken{Name: t.Name, Text: text.Reveal()}, view.TokenForm{}, err
}

func (v *visit) revokeToken(back string) error {
	id, err := v.number("token")
	if err != nil {
		return err
	}
	if err := v.site.Accounts.RevokeToken(v.ctx(), v.who, id); err != nil {
		return err
	}
	v.flash(true, "The API token is revoked.")
	return v.goTo(back)
}

// tokenRows are tokens as a table shows them; roles are the names of roles.
func (v *visit) tokenRows(list []account.Token, roles map[int64]string, path string) []view.TokenRow {
	var rows []view.TokenRow
	for _, t := range list {
		rows = append(rows, view.TokenRow{
			Name: t.Name, Scope: scopeWords(t.Scope), Role: roles[t.Role], By: t.CreatedBy, Address: t.Address,
			Revoke: fmt.Sprintf("%s/%d/revoke", path, t.ID), Made: t.CreatedAt, Seen: t.SeenAt, Until: t.ExpiresAt,
			Over: !v.frame.Now.Before(t.ExpiresAt),
		})
	}
	return rows
}

// scopeWords say what a token may.
func scopeWords(s account.TokenScope) string {
	switch s {
	case account.TokenReads:
		return "read"
	case account.TokenWrites:
		return "read and change records"
	}
	return "everything"
}
