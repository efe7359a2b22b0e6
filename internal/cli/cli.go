// Package cli is the command line, and the one place where the packages of the
// program are introduced to each other.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/musterhq/muster/internal/errs"
)

// Exit codes.
const (
	ExitDone    = 0
	ExitFailed  = 1
	ExitUsage   = 2 // bad usage or configuration
	ExitHeld    = 3 // part of a run waits for approval
	ExitPartial = 4 // finished, but some people or groups failed
)

// program is every command with its flags.
type program struct {
	Data      string `help:"Folder of the database, the key and attachments." default:"./muster-data" env:"MUSTER_DATA" type:"path" placeholder:"DIR"`
	Database  string `help:"A postgres:// address to use instead of the embedded database." env:"MUSTER_DATABASE_URL" placeholder:"URL"`
	Server    string `help:"Address of a Muster server to work with through its REST API, instead of a database here." env:"MUSTER_SERVER" placeholder:"URL"`
	TokenFile string `name:"token-file" help:"File with the API token for --server; else MUSTER_TOKEN holds it." env:"MUSTER_TOKEN_FILE" type:"path" placeholder:"FILE"`

	Apply   applyCmd   `cmd:"" help:"Set up accounts, modules, collections, connections and mappings from a file."`
	Check   checkCmd   `cmd:"" help:"Check the connections to Entra ID, fact by fact."`
	Plan    planCmd    `cmd:"" help:"Preview what a sync would do. Nothing is changed."`
	Sync    syncCmd    `cmd:"" help:"Sync: by changes where that is possible, else in full."`
	Runs    runsCmd    `cmd:"" help:"List runs, the newest first."`
	Run     runCmd     `cmd:"" help:"Look at one run."`
	Approve approveCmd `cmd:"" help:"Decide about what a run holds."`
	Undo    undoCmd    `cmd:"" help:"Take back what a run did, where nobody has changed it since."`
	Explain explainCmd `cmd:"" help:"Say why a person is as they are."`

	Automations automationsCmd `cmd:"" help:"Work with what modules do by themselves."`

	Users    usersCmd    `cmd:"" help:"List the users with their state and roles."`
	User     userCmd     `cmd:"" help:"Work with one user."`
	Token    tokenCmd    `cmd:"" help:"Work with API tokens."`
	Export   exportCmd   `cmd:"" help:"Export a collection's records."`
	Import   importCmd   `cmd:"" help:"Import records from a CSV or XLSX file."`
	Record   recordCmd   `cmd:"" help:"Work with records."`
	Checkout checkoutCmd `cmd:"" help:"Hand an asset to a person."`
	Checkin  checkinCmd  `cmd:"" help:"Take an asset back."`
	Holdings holdingsCmd `cmd:"" help:"List what a person holds."`

	Demo     demoCmd     `cmd:"" help:"Show the whole story with a simulated tenant, then open the application."`
	Simulate simulateCmd `cmd:"" help:"Serve a simulated Entra tenant."`
	Serve    serveCmd    `cmd:"" help:"Serve the application, sync on schedule, and answer health and metrics."`
	Backup   backupCmd   `cmd:"" help:"Write a backup, consistent while running."`
	Restore  restoreCmd  `cmd:"" help:"Restore a backup into an empty database."`

	Jobs      jobsCmd      `cmd:"" help:"See and steer what servers do by themselves."`
	Audit     auditCmd     `cmd:"" help:"Read the audit log and check it."`
	Ping      pingCmd      `cmd:"" help:"Ask the server on this machine whether it is ready."`
	Doctor    doctorCmd    `cmd:"" help:"Look whether everything that Muster relies on works, and say what to do where it does not."`
	MigrateTo migrateToCmd `cmd:"" help:"Move everything from the embedded database to PostgreSQL, or back."`
	RotateKey rotateKeyCmd `cmd:"" help:"Seal all secrets with a new key."`

	Version    versionCmd    `cmd:"" help:"Print the version."`
	Completion completionCmd `cmd:"" help:"Print a completion script for a shell."`
}

// console is where a command reads and writes.
type console struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer
	getenv func(string) string
	now    func() time.Time
	fancy  bool         // err is a terminal: progress may move
	log    *slog.Logger // of what goes on in the background; nil where a command tells by itself
}

// exit is an outcome that is no error but has a code of its own.
type exit struct{ code int }

func (e exit) Error() string { return fmt.Sprintf("exit code %d", e.code) }

const epilogue = `Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 part of the run is held for
approval, 4 finished but some people or groups failed.`

// Run parses arguments, carries out the command and returns the exit code.
// Listings go to stdout, progress and errors to stderr.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	return RunAt(ctx, args, stdin, stdout, stderr, getenv, time.Now)
}

// RunAt is Run by another clock than the machine's, for whoever wants to know
// what becomes of servers whose clocks differ.
func RunAt(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string, now func() time.Time) int {
	var p program
	c := &console{in: stdin, out: stdout, err: stderr, getenv: getenv, now: now}
	if f, ok := stderr.(*os.File); ok {
		c.fancy = term.IsTerminal(int(f.Fd()))
	}
	left := -1
	parser, err := kong.New(&p, kong.Name("muster"), kong.UsageOnError(),
		kong.Description("An asset register that keeps its people and logins in step with Microsoft Entra ID.\n\n"+epilogue),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { left = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c, &p))
	if err != nil {
		return c.fail(err)
	}
	command, err := parser.Parse(args)
	if left >= 0 { // --help has been printed
		return left
	}
	if err != nil {
		fmt.Fprintf(stderr, "muster: %s\n  → muster --help lists the commands\n", err)
		return ExitUsage
	}
	var names commandNames
	for _, n := range parser.Model.Children {
		names = append(names, n.Name)
	}
	if p.Server != "" {
		return c.fail(p.afar(ctx, c, command))
	}
	return c.fail(command.Run(names))
}

// fail prints an error with its next step and returns the exit code.
func (c *console) fail(err error) int {
	if err == nil {
		return ExitDone
	}
	if e, ok := errors.AsType[exit](err); ok {
		return e.code
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(c.err, "muster: stopped")
		return ExitFailed
	}
	fmt.Fprintf(c.err, "muster: %s\n", strings.ReplaceAll(err.Error(), "\n", "\n        "))
	if hint := errs.HintOf(err); hint != "" {
		fmt.Fprintf(c.err, "  → %s\n", hint)
	}
	switch errs.KindOf(err) {
	case errs.Invalid:
		return ExitUsage
	case errs.Held:
		return ExitHeld
	}
	return ExitFailed
}

// warn prints a line about something that goes on in spite of it.
func (c *console) warn(format string, args ...any) { fmt.Fprintf(c.err, format+"\n", args...) }

// line prints a line of a listing or report.
func (c *console) line(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

// versionCmd prints the version.
type versionCmd struct{}

// Run prints what was built from what.
func (versionCmd) Run(c *console) error {
	c.line("muster %s", buildVersion())
	return nil
}
