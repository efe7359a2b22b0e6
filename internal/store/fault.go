package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/musterhq/muster/internal/errs"
)

// explain gives an engine's fault a kind, its place and a next step. Errors
// that somebody classified already, and those nobody can help, pass unchanged.
func explain(err error, place string) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, classified := errors.AsType[*errs.Error](err); classified {
		return err
	}
	kind, message, hint := errs.Internal, "", ""
	switch {
	case sqliteCode(err) != 0:
		kind, message, hint = sqliteFault(sqliteCode(err))
	case sqlState(err) != "":
		kind, message, hint = postgresFault(sqlState(err))
	default:
		kind, message, hint = networkFault(err)
	}
	if message == "" {
		return err
	}
	return errs.New(kind, "%s", message).About("%s", place).WithHint("%s", hint).Because(err)
}

// sqliteFault says what a result code means for the operator; "" for codes that
// mean a fault of this program.
func sqliteFault(code int) (kind errs.Kind, message, hint string) {
	switch code & 0xff {
	case sqliteBusy, sqliteLocked:
		return errs.Unavailable, "another process has locked the database",
			"Wait for the other process, or stop it: only muster itself should have the file open."
	case sqliteCorrupt:
		return errs.Internal, "the database file is damaged",
			"Stop Muster, keep a copy of the file, and restore the last backup with: muster restore"
	case sqliteNotADB:
		return errs.Invalid, "the file is not a database of Muster", "Check the path in the configuration."
	case sqliteFull:
		return errs.Unavailable, "the disk is full", "Make room on the disk; nothing was lost, and the work can be repeated."
	case sqliteIOErr:
		return errs.Unavailable, "the disk failed to read or write", "Check the disk and the system log."
	case sqliteCantOpen:
		return errs.Invalid, "the database file cannot be opened", "Check that the directory exists and that Muster may write to it."
	case sqliteReadOnly:
		return errs.Forbidden, "the database file may not be written", "Give the user that runs Muster write permission for the file and its directory."
	}
	return errs.Internal, "", ""
}

// postgresFault says what a state means for the operator, see
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func postgresFault(state string) (kind errs.Kind, message, hint string) {
	switch state {
	case "28P01", "28000":
		return errs.Unauthenticated, "PostgreSQL refused the user name or password", "Check the database URL in the configuration and pg_hba.conf on the server."
	case "3D000":
		return errs.Invalid, "PostgreSQL has no such database", "Create it with: createdb, or correct the database URL."
	case "42501":
		return errs.Forbidden, "PostgreSQL refused: the user has too few rights", "Make the user the owner of the database."
	case "53100":
		return errs.Unavailable, "the disk of the PostgreSQL server is full", "Make room on its disk; nothing was lost, and the work can be repeated."
	case "53300":
		return errs.Unavailable, "PostgreSQL has no free connection", "Raise max_connections on the server, or start fewer Musters."
	case "57P01", "57P02", "57P03":
		return errs.Unavailable, "PostgreSQL is starting or stopping", "Try again in a moment."
	case "40001", "40P01", "55P03":
		return errs.Unavailable, "the work collided with other work too often", "Try again."
	}
	return errs.Internal, "", ""
}

func networkFault(err error) (kind errs.Kind, message, hint string) {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return errs.Unavailable, "PostgreSQL cannot be reached", "Check host and port in the database URL and that the server runs."
	}
	if errors.Is(err, errs.ErrUnsure) {
		return errs.Unavailable, "the connection to PostgreSQL broke while the change was being kept", "Look whether it was done before you try again."
	}
	if broke(err) {
		return errs.Unavailable, "the connection to PostgreSQL broke", "Try again; check the network between Muster and the server."
	}
	return errs.Internal, "", ""
}

// broke reports whether a connection to PostgreSQL ended under a statement.
func broke(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, pgconn.ErrConnClosed)
}

// badURL hides the URL's text, which holds a password.
func badURL(string) error {
	return errs.New(errs.Invalid, "the database URL cannot be read").
		WithHint("It looks like postgres://user:password@host:5432/database?sslmode=verify-full")
}

// checkPlace finds what SQLite would report as "out of memory" or a bare
// failure to open: a missing directory, or a directory in place of the file.
func checkPlace(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errs.New(errs.Invalid, "%s is a directory, not a database file", path).
			WithHint("Name a file in it, such as %s", filepath.Join(path, "muster.db"))
	}
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return errs.New(errs.Invalid, "the directory %s does not exist", dir).WithHint("Create it with: mkdir -p %s", dir)
	}
	return nil
}
