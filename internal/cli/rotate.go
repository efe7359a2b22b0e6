package cli

import (
	"context"
	"path/filepath"

	"github.com/musterhq/muster/internal/secret"
)

// rotateKeyCmd changes the key that secrets are sealed with.
type rotateKeyCmd struct{}

// Run puts a new key first into the key file, unless the keys come from the
// environment, where the administrator has done so, and seals every stored secret
// with the first key. Older keys stay, for the backups that need them.
func (*rotateKeyCmd) Run(ctx context.Context, c *console, p *program) error {
	if _, err := p.keys(c); err != nil { // there has to be one to begin with
		return err
	}
	if c.getenv("MUSTER_KEY") == "" {
		path := filepath.Join(p.Data, "key")
		if _, err := secret.Rotate(path); err != nil {
			return err
		}
		c.line("A new key stands first in %s. The older ones are needed for older backups only.", path)
	}
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	connections, err := h.sync.Reseal(ctx)
	if err != nil {
		return err
	}
	steps, err := h.accounts.Reseal(ctx)
	if err != nil {
		return err
	}
	posts, err := h.automations.Reseal(ctx)
	if err != nil {
		return err
	}
	mailed, err := h.mail.Reseal(ctx)
	if err != nil {
		return err
	}
	c.line("Sealed anew: %d secrets of connections, %d second steps, %d keys of automations.", connections, steps, posts)
	if mailed {
		c.line("Sealed anew: the password of the mail server.")
	}
	c.line("Restart processes that serve: they know the older keys only.")
	return nil
}
