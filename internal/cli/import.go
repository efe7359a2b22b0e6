package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
)

// importCmd imports a file into a collection.
type importCmd struct {
	File         string `arg:"" help:"A CSV or XLSX file with the names of the columns in its first row." type:"existingfile"`
	Collection   string `arg:"" help:"The collection's name."`
	Match        string `help:"The field by which records that exist are found; - for none. A unique one by default." placeholder:"FIELD"`
	Mode         string `help:"add, update or both." enum:"add,update,both" default:"both"`
	CreateLinked bool   `help:"Make linked records that do not exist."`
	Clear        bool   `help:"Clear fields for which the file has nothing."`
	Encoding     string `help:"Of a CSV file: utf-8 or windows-1252." enum:"utf-8,windows-1252" default:"utf-8"`
	DryRun       bool   `help:"Say what would be done, and do nothing."`
	Module       string `help:"The collection's module." placeholder:"NAME"`
}

// Run imports the file, and lists the rows that do not fit on stderr.
func (cmd *importCmd) Run(ctx context.Context, c *console, p *program) (err error) {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.module(ctx, cmd.Module)
	if err != nil {
		return err
	}
	col, err := h.collection(ctx, m, cmd.Collection)
	if err != nil {
		return err
	}
	f, err := os.Open(cmd.File)
	if err != nil {
		return errs.New(errs.Invalid, "the file cannot be read").Because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := sheet.Open(f, info.Size(), sheet.Encoding(cmd.Encoding))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	match, err := cmd.matched(ctx, h, m, col, r.Head())
	if err != nil {
		return err
	}
	do := h.exchange.Run
	if cmd.DryRun {
		do = h.exchange.Preview
	}
	in := exchange.Import{Account: m.Account, Collection: col.ID, Name: filepath.Base(cmd.File), Match: match, Note: "imported from " + filepath.Base(cmd.File)}
	tally, err := do(ctx, h.me, in, r, func(row exchange.Row) error {
		if row.Verdict == exchange.Faulty {
			c.warn("line %d: %s", row.Number, row.Why)
		}
		return nil
	})
	for _, v := range []exchange.Verdict{exchange.Added, exchange.Changed, exchange.Unchanged, exchange.LeftOut, exchange.Faulty} {
		if n := tally[v]; n > 0 {
			c.line("%7s %s", strconv.Itoa(n), v)
		}
	}
	if err == nil && tally[exchange.Faulty] > 0 {
		return exit{ExitPartial}
	}
	return err
}

// matched matches the columns by their names, and finds records by the field
// that was named.
func (cmd *importCmd) matched(ctx context.Context, h *house, m account.Module, col register.Collection, head []string) (exchange.Match, error) {
	fields, err := h.records.FieldsFor(ctx, h.me, m.Account, col.ID)
	if err != nil {
		return exchange.Match{}, err
	}
	match := exchange.Suggest(head, fields)
	match.Mode, match.CreateLinked, match.KeepFilled = exchange.Mode(cmd.Mode), cmd.CreateLinked, !cmd.Clear
	switch cmd.Match {
	case "":
	case "-":
		match.By = 0
	default:
		i := slices.IndexFunc(exchange.Keys(fields), func(f register.Field) bool { return f.Name == cmd.Match })
		if i < 0 {
			return match, errs.New(errs.Invalid, "records of %s cannot be found by %q", col.Name, cmd.Match).WithHint("Name a unique field, or the one of the title.")
		}
		match.By = exchange.Keys(fields)[i].ID
	}
	return match, nil
}
