package integration

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/syncer"
)

// Names are what people call the fields, roles and mappings of a connection's
// changes.
type Names struct {
	fields   map[int64]field
	roles    map[int64]string
	mappings map[int64]string
	titles   map[int64]string // of linked records, as far as asked for
	ties     map[tie]int64    // what entries are tied to now, as far as asked for
}

// tie is an entry of the directory with the kind of thing, and for records the
// collection, that it is tied to.
type tie struct {
	entry      int64
	target     reconcile.Target
	collection int64
}

type field struct {
	name string
	link bool
}

// Names gathers the names that changes of a connection use, with the titles of
// the records that the given changes link to.
func (s *Service) Names(ctx context.Context, p account.Principal, id int64, changes []syncer.PlannedChange) (Names, error) {
	n := Names{fields: map[int64]field{}, roles: map[int64]string{}, mappings: map[int64]string{}, titles: map[int64]string{}, ties: map[tie]int64{}}
	c, err := s.allowed(ctx, p, account.ManageIntegrations, id)
	if err != nil {
		return n, err
	}
	if err := s.fieldNames(ctx, c, &n); err != nil {
		return n, err
	}
	roles, err := s.Accounts.Roles(ctx)
	if err != nil {
		return n, err
	}
	for _, r := range roles {
		n.roles[r.ID] = r.Name
	}
	maps, err := s.Sync.Mappings(ctx, id)
	if err != nil {
		return n, err
	}
	for _, m := range maps {
		n.mappings[m.ID] = m.Name
	}
	links, err := s.Sync.Links(ctx, entriesOf(changes))
	if err != nil {
		return n, err
	}
	for _, l := range links {
		n.ties[tie{l.Entry, l.Target, l.Collection}] = l.TargetID
	}
	linked, err := s.Records.Load(ctx, n.linked(changes))
	for _, r := range linked {
		n.titles[r.ID] = r.Title
	}
	return n, err
}

// entriesOf are the entries of the directory that changes are about, once each.
func entriesOf(changes []syncer.PlannedChange) []int64 {
	var out []int64
	for i := range changes {
		if e := changes[i].Entry; e != 0 {
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Target is the record or login that a change is about, 0 for none yet. Changes
// that add things do not know it by themselves.
func (n *Names) Target(ch *syncer.PlannedChange) int64 {
	return cmp.Or(ch.TargetID, n.ties[tie{ch.Entry, ch.Target, ch.Collection}])
}

func (s *Service) fieldNames(ctx context.Context, c syncer.Connection, n *Names) error {
	collections, err := s.Records.ModuleCollections(ctx, c.Account, c.Module)
	if err != nil {
		return err
	}
	for _, col := range collections {
		fields, err := s.Records.Fields(ctx, c.Account, col.ID)
		if err != nil {
			return err
		}
		for _, f := range fields {
			n.fields[f.ID] = field{f.Name, f.Spec.Type == datatype.Link}
		}
	}
	return nil
}

// linked returns the records that changes lead to or from.
func (n *Names) linked(changes []syncer.PlannedChange) []int64 {
	var ids []int64
	for i := range changes {
		for _, f := range changes[i].Fields {
			if !n.fields[f.Field].link {
				continue
			}
			for _, v := range []datatype.Value{f.Before, f.After} {
				if id := v.Record(); id != 0 {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}

// Field is a field's name; of a field that is gone, what it was about.
func (n *Names) Field(id int64) string {
	if f, ok := n.fields[id]; ok {
		return f.name
	}
	return "Person"
}

// Mapping is a mapping's name, "" for one that is gone.
func (n *Names) Mapping(id int64) string { return n.mappings[id] }

// Role is a role's name, "" for none.
func (n *Names) Role(id int64) string { return n.roles[id] }

// After is what a field will show; of a link that is looked up, its label.
func (n *Names) After(f reconcile.FieldChange) string {
	switch {
	case f.Ref == nil || !f.After.IsEmpty():
		return n.value(f.Field, f.After)
	case f.Ref.Create:
		return f.Ref.Label + " (new)"
	}
	return f.Ref.Label
}

// value is what a field shows; of a link, what it leads to.
func (n *Names) value(id int64, v datatype.Value) string {
	if title := n.titles[v.Record()]; title != "" && n.fields[id].link {
		return title
	}
	return v.String()
}

// Line is one part of a change: what, from what, to what. Note stands alone:
// what could not be done.
type Line struct{ Label, Before, After, Note string }

// Lines tells all that a change does to its target, a line each. Of an addition
// the values are told only when the plan carries them.
func (n *Names) Lines(ch *syncer.PlannedChange) []Line {
	var out []Line
	for _, f := range ch.Fields {
		out = append(out, Line{Label: n.Field(f.Field), Before: n.value(f.Field, f.Before), After: n.After(f)})
	}
	if ch.Verb == reconcile.SetStatus {
		l := Line{Label: "Integration status", Before: ch.StatusBefore.String(), After: ch.Status.String()}
		if !ch.PurgeAt.IsZero() {
			l.After += fmt.Sprintf(", purged on %s", ch.PurgeAt.Format(time.DateOnly))
		}
		out = append(out, l)
	}
	if ch.NameBefore != "" && ch.LoginName != "" {
		out = append(out, Line{Label: "Name", Before: ch.NameBefore, After: ch.LoginName})
	}
	if ch.EmailBefore != "" && ch.LoginEmail != "" {
		out = append(out, Line{Label: "Email", Before: ch.EmailBefore, After: ch.LoginEmail})
	}
	for _, r := range ch.Roles {
		out = append(out, Line{Label: "Role", Before: n.roles[r.Before], After: n.roles[r.After]})
	}
	for _, i := range ch.Issues {
		out = append(out, Line{Label: n.Field(i.Field), Note: i.Reason.Sentence() + " " + i.Detail})
	}
	return out
}

// Group is a part of a report: changes of like effect.
type Group struct {
	Key, Title string
	Verbs      []reconcile.Verb
}

// Groups are the parts of a report, in order.
func Groups() []Group {
	return []Group{
		{"added", "Added", []reconcile.Verb{reconcile.Add, reconcile.Adopt, reconcile.Relink}},
		{"changed", "Changed", []reconcile.Verb{reconcile.Rename, reconcile.Update, reconcile.Blank, reconcile.SetStatus, reconcile.SetRoles, reconcile.Archive}},
		{"deactivated", "Deactivated", []reconcile.Verb{reconcile.Deactivate}},
		{"reactivated", "Reactivated", []reconcile.Verb{reconcile.Reactivate}},
		{"conflicts", "Conflicts, for a person to decide", []reconcile.Verb{reconcile.Conflict}},
		{"failed", "Failed", []reconcile.Verb{reconcile.Fail}},
		{"problems", "Fields that could not be written", []reconcile.Verb{reconcile.Problem}},
		{"skipped", "Skipped", []reconcile.Verb{reconcile.Skip}},
	}
}
