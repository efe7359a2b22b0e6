package cli

import (
	"context"
	"net/url"
)

// userCmd groups the commands about one user.
type userCmd struct {
	Reset userResetCmd `cmd:"" help:"Make a one-time link by which a user sets a password."`
}

// userResetCmd is the way back in for whoever forgot their password, or lost
// their phone.
type userResetCmd struct {
	Email      string `arg:"" help:"The user's email."`
	SecondStep bool   `name:"second-step" help:"Also switch the second step off."`
	BaseURL    string `name:"base-url" help:"Address at which browsers find Muster." default:"http://localhost:8080" env:"MUSTER_BASE_URL" placeholder:"URL"`
}

// Run prints the link. The audit log tells of it.
func (cmd *userResetCmd) Run(ctx context.Context, c *console, p *program) error {
	base, err := baseURL(cmd.BaseURL)
	if err != nil {
		return err
	}
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	if cmd.SecondStep {
		l, err := h.accounts.FindLogin(ctx, h.me, cmd.Email)
		if err != nil {
			return err
		}
		if err := h.accounts.ResetSecondStep(ctx, h.me, l.ID); err != nil {
			return err
		}
		c.line("The second step of %s is off.", l.Email)
	}
	token, err := h.accounts.MakeResetLink(ctx, h.me, cmd.Email)
	if err != nil {
		return err
	}
	c.line("By this link %s sets a password, once and within a day:", cmd.Email)
	c.line("%s/reset?%s", base, url.Values{"token": {token.Reveal()}}.Encode())
	return nil
}
