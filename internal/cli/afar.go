package cli

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/errs"
)

// afar is a server that commands work with through its REST API.
type afar struct{ *client.Client }

// remote is a command that works with a server, too.
type remote interface {
	afar(ctx context.Context, c *console, a *afar) error
}

// afar carries a command out on the server that --server names.
func (p *program) afar(ctx context.Context, c *console, command *kong.Context) error {
	cmd, ok := command.Selected().Target.Addr().Interface().(remote)
	if !ok {
		return errs.New(errs.Invalid, "muster %s works on a database, not on a server", command.Command()).
			WithHint("Leave --server and MUSTER_SERVER out, and run it on the machine that holds the data.")
	}
	token := c.getenv("MUSTER_TOKEN")
	if p.TokenFile != "" {
		text, err := os.ReadFile(p.TokenFile)
		if err != nil {
			return errs.New(errs.Invalid, "the file with the API token cannot be read").Because(err)
		}
		token = string(text)
	}
	api, err := client.New(p.Server, token, client.WithUserAgent("muster/"+buildVersion()))
	if err != nil {
		return errs.New(errs.Invalid, "%s", err).WithHint("Give the address with --server and a file with the token with --token-file, or the token in MUSTER_TOKEN.")
	}
	return classified(cmd.afar(ctx, c, &afar{api}))
}

// classified gives a server's refusal its kind and hint back.
func classified(err error) error {
	p, ok := errors.AsType[*client.Problem](err)
	if !ok {
		return err
	}
	for k := errs.Internal; k <= errs.Held; k++ {
		if k.String() == p.Kind {
			return errs.New(k, "%s", p.Detail).WithHint("%s", p.Hint)
		}
	}
	return errs.New(errs.Internal, "%s", p.Detail).WithHint("%s", p.Hint)
}

// module finds a module that the token sees by name; without a name the only one
// there is.
func (a *afar) module(ctx context.Context, name string) (client.Module, error) {
	accounts, err := a.Accounts(ctx)
	if err != nil {
		return client.Module{}, err
	}
	var all []client.Module
	var names []string
	for _, acct := range accounts {
		for _, m := range acct.Modules {
			names = append(names, m.Name)
			if name == "" || strings.EqualFold(m.Name, name) {
				all = append(all, m)
			}
		}
	}
	switch {
	case len(all) == 1:
		return all[0], nil
	case len(names) == 0:
		return client.Module{}, errs.New(errs.NotFound, "the token sees no module")
	case len(all) == 0:
		return client.Module{}, errs.New(errs.NotFound, "there is no module %q", name).WithHint("The modules are: %s.", strings.Join(names, ", "))
	}
	return client.Module{}, errs.New(errs.Invalid, "there are several modules: %s", strings.Join(names, ", ")).WithHint("Name one with --module.")
}

// collection finds a module's collection by name.
func (a *afar) collection(ctx context.Context, m client.Module, name string) (client.Collection, error) {
	all, err := a.Collections(ctx, m.ID)
	if err != nil {
		return client.Collection{}, err
	}
	var names []string
	for _, col := range all {
		if strings.EqualFold(col.Name, name) {
			return col, nil
		}
		names = append(names, col.Name)
	}
	return client.Collection{}, errs.New(errs.NotFound, "there is no collection %q in %s", name, m.Name).
		WithHint("The collections are: %s.", strings.Join(names, ", "))
}

// connection finds the connection of a module.
func (a *afar) connection(ctx context.Context, module string) (client.Connection, error) {
	m, err := a.module(ctx, module)
	if err != nil {
		return client.Connection{}, err
	}
	list, err := a.Connections(ctx, m.ID)
	if err != nil {
		return client.Connection{}, err
	}
	if len(list) == 0 {
		return client.Connection{}, errs.New(errs.NotFound, "there is no connection to a directory in %s yet", m.Name)
	}
	return list[0], nil
}

// runOf finds the module of a run among those that the token sees.
func (a *afar) runOf(ctx context.Context, id int64) (client.Run, int64, error) {
	accounts, err := a.Accounts(ctx)
	if err != nil {
		return client.Run{}, 0, err
	}
	var last error = errs.New(errs.NotFound, "there is no run %d", id)
	for _, acct := range accounts {
		for _, m := range acct.Modules {
			run, err := a.Run(ctx, m.ID, id)
			if err == nil {
				return run, m.ID, nil
			}
			if p, ok := errors.AsType[*client.Problem](err); !ok || p.Status != 404 {
				last = err
			}
		}
	}
	return client.Run{}, 0, last
}
