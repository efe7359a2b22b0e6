package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// backupCmd writes a backup.
type backupCmd struct {
	File string `arg:"" optional:"" help:"Where to; muster-<time>.backup when not given." type:"path"`
}

// Run writes a backup that is consistent while other processes work. The key is
// not in it: secrets in a backup stay sealed.
func (cmd *backupCmd) Run(ctx context.Context, c *console, p *program) (err error) {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	if cmd.File == "" {
		cmd.File = "muster-" + time.Now().UTC().Format("20060102-150405") + ".backup"
	}
	partial := cmd.File + ".partial"
	f, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return errs.New(errs.Invalid, "the backup cannot be written").Because(err)
	}
	defer os.Remove(partial) // gone already when all went well
	if err := errors.Join(h.db.Backup(ctx, f), f.Sync(), f.Close()); err != nil {
		return errs.Wrap(err, "write the backup")
	}
	if err := os.Rename(partial, cmd.File); err != nil {
		return err
	}
	c.line("Backup written to %s. Keep the key %s apart from it: without it the client secret cannot be read.", cmd.File, filepath.Join(p.Data, "key"))
	return nil
}

// restoreCmd restores a backup.
type restoreCmd struct {
	File string `arg:"" help:"The backup." type:"existingfile"`
}

// Run restores into an empty database only.
func (cmd *restoreCmd) Run(ctx context.Context, c *console, p *program) error {
	f, err := os.Open(cmd.File)
	if err != nil {
		return errs.New(errs.Invalid, "the backup cannot be read").Because(err)
	}
	defer f.Close()
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := h.db.Restore(ctx, f, info.Size()); err != nil {
		return errs.Wrap(err, "restore "+cmd.File)
	}
	c.line("Restored from %s.", cmd.File)
	return nil
}

// completionCmd prints a completion script.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the script; it completes the names of commands.
func (cmd *completionCmd) Run(c *console, names commandNames) error {
	words := strings.Join(names, " ")
	switch cmd.Shell {
	case "bash":
		c.line("complete -W %q muster", words)
	case "zsh":
		c.line("#compdef muster\n_arguments '1: :(%s)' '*: :_files'", words)
	case "fish":
		c.line("complete -c muster -n __fish_use_subcommand -f -a %q", words)
	}
	return nil
}

// commandNames are the names of all commands.
type commandNames []string
