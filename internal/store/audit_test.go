package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// act is an event that uses every part.
func act(n int64) audit.Event {
	return audit.Event{
		At: time.UnixMicro(1_770_000_000_123_456 + n).UTC(), Account: n % 3, Actor: audit.Actor{Kind: audit.User, ID: 4, Name: "Zoë", Address: "2001:db8::1"},
		Action: audit.RoleGranted, SubjectKind: "login", SubjectID: n, SubjectName: "O'Brien <x>",
		Details: []audit.Detail{{Name: "role", Before: "", After: "Collaborator & more"}, {Name: "state", Before: "invited"}},
	}
}

func TestAuditEventsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const n = 2_100 // more than two of the batches that the log is read in
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			for i := range int64(n) {
				if err := db.WriteAudit(ctx, act(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		i := int64(0)
		for e, err := range db.AuditLog(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if want := act(i); e.At != want.At || e.Account != want.Account || e.Actor != want.Actor || e.Action != want.Action ||
				e.SubjectID != want.SubjectID || e.SubjectName != want.SubjectName || !slices.Equal(e.Details, want.Details) {
				t.Fatalf("event %d: got %+v, want %+v", i, e.Event, want)
			}
			i++
		}
		found, err := audit.Verify(db.AuditLog(t.Context()))
		if err != nil || i != n || !found.Intact() || found.Events != n {
			t.Errorf("read %d, verified %+v, %v; want %d", i, found, err, n)
		}
	})
}

func TestAuditEventsAreFiltered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i := range int64(9) {
			if err := db.WriteAudit(t.Context(), act(i)); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			name string
			q    account.EventQuery
			want []int64 // subjects, the newest first
		}{
			{"of the organization", account.EventQuery{Limit: 9}, []int64{6, 3, 0}},
			{"of an account", account.EventQuery{Account: 1, Limit: 9}, []int64{7, 4, 1}},
			{"of everything", account.EventQuery{Everything: true, Limit: 2}, []int64{8, 7}},
			{"of a subject", account.EventQuery{Everything: true, SubjectKind: "login", SubjectID: 5, Limit: 9}, []int64{5}},
			{"of another kind", account.EventQuery{Everything: true, SubjectKind: "module", Limit: 9}, nil},
			{"a second page", account.EventQuery{Everything: true, Before: 3, Limit: 9}, []int64{1, 0}},
			{"after an entry that is not there", account.EventQuery{Everything: true, Before: 99, Limit: 9}, nil},
			{"by somebody, in any case", account.EventQuery{Everything: true, Actor: " zOË ", Limit: 1}, []int64{8}},
			{"by whose name begins so", account.EventQuery{Everything: true, Actor: "zo", Limit: 1}, []int64{8}},
			{"by nobody", account.EventQuery{Everything: true, Actor: "Zoëlle", Limit: 9}, nil},
			{"on a name", account.EventQuery{Account: 2, Subject: "o'brien <X>", Limit: 2}, []int64{8, 5}},
			{"of an action", account.EventQuery{Everything: true, Action: audit.RoleGranted, Limit: 1}, []int64{8}},
			{"of another action", account.EventQuery{Everything: true, Action: audit.RoleRevoked, Limit: 9}, nil},
			{"from a moment on", account.EventQuery{Everything: true, From: act(6).At, Limit: 9}, []int64{8, 7, 6}},
			{"until before a moment", account.EventQuery{Everything: true, Until: act(2).At, Limit: 9}, []int64{1, 0}},
			{"between", account.EventQuery{Account: 1, From: act(2).At, Until: act(7).At, Actor: "zoë", Limit: 9}, []int64{4}},
		} {
			list, err := db.AuditEvents(t.Context(), tt.q)
			var got []int64
			for _, e := range list {
				got = append(got, e.SubjectID)
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%s: got %v, %v; want %v", tt.name, got, err, tt.want)
			}
		}
	})
}

// Events written at once make one chain, and those of a transaction that is
// taken back leave no gap in it.
func TestAuditChainAmongRivals(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		bad := errors.New("taken back")
		var group sync.WaitGroup
		const writers, each = 8, 5
		for w := range int64(writers) {
			group.Go(func() {
				for i := range int64(each) {
					err := db.InTx(t.Context(), func(ctx context.Context) error {
						if err := db.WriteAudit(ctx, act(w*each+i)); err != nil || i%2 == 0 {
							return err
						}
						return bad
					})
					if err != nil && !errors.Is(err, bad) {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		found, err := audit.Verify(db.AuditLog(t.Context()))
		if err != nil || !found.Intact() || found.Events != writers*3 {
			t.Errorf("got %+v, %v; want one chain of %d events", found, err, writers*3)
		}
	})
}

func TestTamperingWithTheDatabaseShows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text   string
		broken int64
	}{
		"nothing":         {`SELECT 1`, 0},
		"a name":          {`UPDATE audit_event SET actor_name = 'Eve' WHERE id = 2`, 2},
		"a detail":        {`UPDATE audit_event SET details = replace(details, 'Collaborator', 'Module Admin') WHERE id = 3`, 3},
		"an event":        {`DELETE FROM audit_event WHERE id = 2`, 3},
		"the first event": {`DELETE FROM audit_event WHERE id = 1`, 2},
		"a hash":          {`UPDATE audit_event SET chain = zeroblob(32) WHERE id = 4`, 4},
		"an event added":  {`INSERT INTO audit_event SELECT 9, at, account_id, module_id, actor_kind, actor_id, actor_name, address, action, subject_kind, subject_id, subject_name, details, chain, actor_key, subject_key FROM audit_event WHERE id = 1`, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "muster.db")
			db := storetest.Open(t, store.Config{Path: path})
			for i := range int64(4) {
				if err := db.WriteAudit(t.Context(), act(i)); err != nil {
					t.Fatal(err)
				}
			}
			eve, err := sql.Open("sqlite", fmt.Sprintf("file:%s?_pragma=busy_timeout(5000)", path))
			if err != nil {
				t.Fatal(err)
			}
			defer eve.Close()
			if _, err := eve.ExecContext(t.Context(), tt.text); err != nil {
				t.Fatal(err)
			}
			found, err := audit.Verify(db.AuditLog(t.Context()))
			if err != nil || found.Broken != tt.broken {
				t.Errorf("got %+v, %v; want entry %d to be found", found, err, tt.broken)
			}
		})
	}
}
