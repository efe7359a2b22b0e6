package entra_test

import (
	"testing"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/errs"
)

func TestChangesFollowWhatHappened(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 100}, nil)
	c := s.tenant.Control()
	from, err := s.Latest(soon(t), userQuery)
	if err != nil {
		t.Fatal(err)
	}
	hired, err := c.Hire(map[string]entrasim.Value{"displayName": entrasim.String("Nia O'Hara"), "givenName": entrasim.String("Nia"), "surname": entrasim.String("O'Hara")})
	if err != nil {
		t.Fatal(err)
	}
	soft, off := c.PersonAt(20), c.PersonAt(31)
	for _, err := range []error{second(c.SoftDelete(soft.ID)), second(c.Disable(off.ID))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	q := userQuery
	q.From = from
	all, last := mustCollect(t, s.Changes(soon(t), q))
	got := map[string]object{}
	for _, o := range all {
		got[o.ID.String()] = o
	}
	if len(got) != 3 || last.Delta.IsZero() || !last.Last() {
		t.Fatalf("got %d objects and the cursor %v", len(got), last.Delta)
	}
	if o := got[hired.ID]; directory.Document(o.doc).Get("displayName").String() != "Nia O'Hara" {
		t.Errorf("hired: %s", o.doc)
	}
	if o := got[off.ID]; directory.Document(o.doc).Get("accountEnabled").String() != "false" {
		t.Errorf("disabled: %s", o.doc)
	}
	if o := got[soft.ID]; o.Removed != directory.SoftDeleted {
		t.Errorf("soft-deleted: removal %d (F52)", o.Removed)
	}
	if _, err := c.Purge(soft.ID); err != nil {
		t.Fatal(err)
	}
	q.From = last.Delta
	all, _ = mustCollect(t, s.Changes(soon(t), q))
	if len(all) != 1 || all[0].Removed != directory.Purged {
		t.Errorf("after the purge: %+v, want one purged (F52)", all)
	}
}

// second drops the first of two results.
func second[T any](_ T, err error) error { return err }

func TestChangesOfTheManagerReadLikeAListing(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 100}, nil)
	q := userQuery
	q.Expand = "manager"
	from, err := s.Latest(soon(t), q)
	if err != nil {
		t.Fatal(err)
	}
	who, boss := s.tenant.Control().PersonAt(42), s.tenant.Control().PersonAt(7)
	if _, err := s.tenant.Control().SetManager(who.ID, boss.ID); err != nil {
		t.Fatal(err)
	}
	q.From = from
	all, last := mustCollect(t, s.Changes(soon(t), q))
	if len(all) != 1 || directory.Document(all[0].doc).Get("manager.id").String() != boss.ID {
		t.Fatalf("got %+v, want the manager %s", all, boss.ID)
	}
	if _, err := s.tenant.Control().SetManager(who.ID, ""); err != nil {
		t.Fatal(err)
	}
	q.From = last.Delta
	all, _ = mustCollect(t, s.Changes(soon(t), q))
	if len(all) != 1 || directory.Document(all[0].doc).Get("manager.id").State() != directory.Null {
		t.Fatalf("got %+v, want a manager of null", all)
	}
}

func TestF41ExpiredCursorsSayExpired(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]entrasim.Fault{
		"400 on a delta link": {Kind: entrasim.FaultExpiredDelta},
		"410 on a delta link": {Kind: entrasim.FaultExpiredDelta, Status: 410},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, entrasim.Config{People: 20}, nil)
			from, err := s.Latest(soon(t), userQuery)
			if err != nil {
				t.Fatal(err)
			}
			s.inject(t, fault)
			q := userQuery
			q.From = from
			_, _, err = collect(t, s.Changes(soon(t), q))
			if !errs.Is(err, errs.Expired) {
				t.Errorf("got %v, want expired", err)
			}
		})
	}
}

func TestExpiredPageLinkSaysExpired(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 1200}, nil)
	s.inject(t, entrasim.Fault{Kind: entrasim.FaultExpiredPage})
	all, _, err := collect(t, s.List(soon(t), userQuery))
	if !errs.Is(err, errs.Expired) || len(all) != 999 {
		t.Errorf("got %d objects and %v, want 999 and expired", len(all), err)
	}
}

func TestCursorOfAnotherHostSaysExpired(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 20}, nil)
	q := userQuery
	q.From = directory.Cursor{Link: "https://graph.example/v1.0/users/delta?$deltatoken=x"}
	for name, pages := range map[string]func(func(directory.Page, error) bool){"list": s.List(soon(t), q), "changes": s.Changes(soon(t), q)} {
		if _, _, err := collect(t, pages); !errs.Is(err, errs.Expired) {
			t.Errorf("%s: %v, want expired", name, err)
		}
	}
	if got := s.Usage().Requests; got != 0 {
		t.Errorf("%d requests were sent", got)
	}
}

func TestF49RoundsMayRepeatAndHaveEmptyPages(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 500, PageSize: 100}, nil)
	for _, kind := range []string{entrasim.FaultEmptyPage, entrasim.FaultDuplicates, entrasim.FaultRemovedInitial} {
		s.inject(t, entrasim.Fault{Kind: kind, Times: 2})
	}
	all, last := mustCollect(t, s.Changes(soon(t), userQuery))
	live := map[directory.ObjectID]bool{}
	for _, o := range all {
		live[o.ID] = o.Removed == directory.NotRemoved
	}
	n := 0
	for _, alive := range live {
		if alive {
			n++
		}
	}
	if want := s.people(); n != want || last.Delta.IsZero() {
		t.Errorf("got %d users, want %d, and the cursor %v", n, want, last.Delta)
	}
}

func TestF47GroupChangesAddUp(t *testing.T) {
	t.Parallel()
	s := newSim(t, entrasim.Config{People: 200, PageSize: 50}, nil)
	s.inject(t, entrasim.Fault{Kind: entrasim.FaultSplitGroups})
	groups := s.tenant.Control().Groups("")
	var wanted []directory.ObjectID
	for _, g := range groups[:3] {
		wanted = append(wanted, mustID(t, g.ID))
	}
	all, last := mustCollect(t, s.GroupChanges(soon(t), wanted, directory.Cursor{}))
	got := map[directory.ObjectID]map[directory.ObjectID]bool{}
	for _, o := range all {
		if got[o.ID] == nil {
			got[o.ID] = map[directory.ObjectID]bool{}
		}
		for _, m := range o.Members {
			got[o.ID][m.ID] = !m.Removed
		}
	}
	for _, id := range wanted {
		_, total, err := s.tenant.Control().Members(id.String(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(got[id]) < total {
			t.Errorf("group %s: %d members, want %d", id, len(got[id]), total)
		}
	}
	if len(got) != 3 {
		t.Errorf("%d groups, want 3", len(got))
	}

	person := s.tenant.Control().PersonAt(3)
	group, err := s.tenant.Control().CreateGroup("Test team", "", false)
	if err != nil {
		t.Fatal(err)
	}
	team := mustID(t, group.ID)
	from, err := s.LatestGroups(soon(t), []directory.ObjectID{team})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.tenant.Control().AddMember(group.ID, person.ID); err != nil {
		t.Fatal(err)
	}
	all, last = mustCollect(t, s.GroupChanges(soon(t), []directory.ObjectID{team}, from))
	if len(all) != 1 || !all[0].MembersMentioned || len(all[0].Members) != 1 || all[0].Members[0].Removed || all[0].Members[0].Kind != directory.User {
		t.Fatalf("joined: %+v", all)
	}
	if err := s.tenant.Control().RemoveMember(group.ID, person.ID); err != nil {
		t.Fatal(err)
	}
	all, _ = mustCollect(t, s.GroupChanges(soon(t), []directory.ObjectID{team}, last.Delta))
	if len(all) != 1 || len(all[0].Members) != 1 || !all[0].Members[0].Removed || all[0].Removed != directory.NotRemoved {
		t.Fatalf("left: %+v", all)
	}
}

func mustID(t testing.TB, s string) directory.ObjectID {
	t.Helper()
	id, err := directory.ParseObjectID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
