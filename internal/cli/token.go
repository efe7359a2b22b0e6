package cli

import (
	"cmp"
	"context"
	"time"

	"github.com/musterhq/muster/internal/account"
)

// tokenCmd groups the commands about API tokens.
type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make an API token for a program with a role of its own."`
	List   tokenListCmd   `cmd:"" help:"List API tokens."`
	Revoke tokenRevokeCmd `cmd:"" help:"End an API token at once."`
}

// tokenCreateCmd makes a service. Users make their own tokens on their profile.
type tokenCreateCmd struct {
	Name   string `arg:"" help:"What the token is for."`
	Module string `placeholder:"NAME" help:"The module in which the service works."`
	Role   string `required:"" help:"The role that the service has there."`
	Scope  string `default:"read" enum:"read,write,everything" help:"What it may do at most of what the role allows: read, write or everything."`
	Days   int    `default:"90" help:"After how many days it stops working, at most 366."`
}

// Run prints the token alone on standard output, so that a script can keep it.
func (cmd *tokenCreateCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	role, err := h.accounts.Role(ctx, m.ID, cmd.Role)
	if err != nil {
		return err
	}
	t, text, err := h.accounts.IssueToken(ctx, h.me, account.NewToken{
		Name: cmd.Name, Scope: account.TokenScope(cmd.Scope), Days: cmd.Days, Account: m.Account, Module: m.ID, Role: role.ID,
	})
	if err != nil {
		return err
	}
	c.line("%s", text.Reveal())
	c.warn("Token %d is good until %s. It is shown only now.", t.ID, t.ExpiresAt.Format(time.DateOnly))
	return nil
}

// tokenListCmd lists the services of a module or the tokens of a user.
type tokenListCmd struct {
	Module string `placeholder:"NAME" xor:"whose" help:"The services of this module."`
	User   string `placeholder:"EMAIL" xor:"whose" help:"The tokens of this user."`
	JSON   bool   `name:"json" help:"Print a list with stable keys."`
}

// tokenRow is a token in JSON.
type tokenRow struct {
	ID        int64      `json:"id"`
	Name      string     `json:"name"`
	Scope     string     `json:"scope"`
	CreatedAt time.Time  `json:"created_at"`
	CreatedBy string     `json:"created_by"`
	ExpiresAt time.Time  `json:"expires_at"`
	UsedAt    *time.Time `json:"used_at"`
	Address   string     `json:"address"`
}

// Run prints the tokens, the newest first.
func (cmd *tokenListCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	list, err := h.tokens(ctx, cmd.Module, cmd.User)
	if err != nil {
		return err
	}
	rows := make([]tokenRow, len(list))
	for i, t := range list {
		rows[i] = tokenRow{ID: t.ID, Name: t.Name, Scope: string(t.Scope), CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy, ExpiresAt: t.ExpiresAt, Address: t.Address}
		if !t.SeenAt.IsZero() {
			rows[i].UsedAt = &list[i].SeenAt
		}
	}
	if cmd.JSON {
		return c.json(rows)
	}
	for _, r := range rows {
		used := "never used"
		if r.UsedAt != nil {
			used = "used " + r.UsedAt.Format(time.DateOnly) + " from " + cmp.Or(r.Address, "an unknown address")
		}
		c.line("%d  %s  %s  until %s  %s", r.ID, r.Name, r.Scope, r.ExpiresAt.Format(time.DateOnly), used)
	}
	return nil
}

// tokens returns the services of a module, or the tokens of a user.
func (h *house) tokens(ctx context.Context, module, user string) ([]account.Token, error) {
	if user != "" {
		l, err := h.accounts.FindLogin(ctx, h.me, user)
		if err != nil {
			return nil, err
		}
		return h.accounts.TokensOf(ctx, h.me, l.ID)
	}
	m, err := h.module(ctx, module)
	if err != nil {
		return nil, err
	}
	return h.accounts.ServiceTokens(ctx, h.me, m.Account, m.ID)
}

// tokenRevokeCmd ends a token.
type tokenRevokeCmd struct {
	ID int64 `arg:"" help:"The token's number, as in muster token list."`
}

// Run ends it. The audit log tells of it.
func (cmd *tokenRevokeCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.accounts.RevokeToken(ctx, h.me, cmd.ID); err != nil {
		return err
	}
	c.line("Token %d is revoked.", cmd.ID)
	return nil
}
