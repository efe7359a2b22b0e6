package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/once"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// A line that breaks during a commit leaves open whether it was done, and says
// so. One that breaks before has done nothing, and says nothing else.
func TestACommitThatBreaksOffIsUnsure(t *testing.T) {
	t.Parallel()
	c := storetest.StartCluster(t)
	whole := storetest.Open(t, store.Config{URL: c.URL()})
	for _, tc := range []struct {
		name, word      string
		arrives, unsure bool
		kept            int
	}{
		{"the commit is lost", "COMMIT", false, true, 0},
		{"its answer is lost", "COMMIT", true, true, 1},
		{"an insertion is lost", "INSERT INTO account", false, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line := storetest.Lay(t, c.Dial)
			db := storetest.Open(t, store.Config{URL: fmt.Sprintf("postgres://postgres@%s/muster?sslmode=disable", line.Address())})
			line.BreakOff(tc.word, tc.arrives)
			err := db.InTx(t.Context(), func(ctx context.Context) error {
				_, err := db.CreateAccount(ctx, account.Account{Name: tc.name, CreatedAt: time.Now()})
				return err
			})
			if !errs.Is(err, errs.Unavailable) || errors.Is(err, errs.ErrUnsure) != tc.unsure {
				t.Errorf("got %v (%v), unsure %v; want Unavailable, unsure %v", err, errs.KindOf(err), errors.Is(err, errs.ErrUnsure), tc.unsure)
			}
			if tc.unsure != strings.Contains(errs.HintOf(err), "Look whether it was done") {
				t.Errorf("the next step is %q", errs.HintOf(err))
			}
			all, err := whole.Accounts(t.Context())
			must(t, err)
			kept := 0
			for _, a := range all {
				if a.Name == tc.name {
					kept++
				}
			}
			if kept != tc.kept {
				t.Errorf("it is kept %d times, want %d", kept, tc.kept)
			}
		})
	}
}

// What is asked outside of a transaction while the database is away is no fault of
// Muster's: pages answer 503 and not 500.
func TestADatabaseThatIsAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	c := storetest.StartCluster(t)
	db := storetest.Open(t, store.Config{URL: c.URL()})
	_, err := db.Accounts(t.Context())
	must(t, err)
	for _, immediately := range []bool{true, false} {
		c.Stop(immediately)
		for range 3 { // with connections from before, and without
			if _, err := db.Accounts(t.Context()); !errs.Is(err, errs.Unavailable) {
				t.Errorf("stopped, immediately %v: %v (%v), want Unavailable", immediately, err, errs.KindOf(err))
			}
			if err := db.DeleteAnswer(t.Context(), once.Key{1}); !errs.Is(err, errs.Unavailable) {
				t.Errorf("a statement that writes: %v (%v), want Unavailable", err, errs.KindOf(err))
			}
		}
		c.Start()
		if _, err := db.Accounts(t.Context()); err != nil {
			t.Errorf("it is back, and %v", err)
		}
	}
}

// The driver has many words for a connection that is gone. Which of them is heard
// depends on who noticed first, so they are said here one by one.
func TestEachWordForABrokenConnectionIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault error
		want  errs.Kind
	}{
		{io.ErrUnexpectedEOF, errs.Unavailable},
		{driver.ErrBadConn, errs.Unavailable},
		{sql.ErrConnDone, errs.Unavailable},
		{pgconn.ErrConnClosed, errs.Unavailable},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, errs.Unavailable},
		{context.DeadlineExceeded, errs.Internal},
		{errors.New("a fault of Muster"), errs.Internal},
	} {
		if got := errs.KindOf(store.Explain(fmt.Errorf("read accounts: %w", tc.fault))); got != tc.want {
			t.Errorf("%v is %v, want %v", tc.fault, got, tc.want)
		}
	}
}
