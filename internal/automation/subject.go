package automation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
)

// about returns what of an event an automation is about: the records that
// satisfy its conditions, or the run.
func (s *Service) about(ctx context.Context, a *Automation, e *Event) ([]Subject, error) {
	if e.Run != 0 {
		return s.aboutRun(ctx, a, e)
	}
	items := make(map[int64]register.EventItem, len(e.Items))
	var ids []int64
	for _, item := range e.Items {
		if f := a.Trigger.Field; f != 0 && !slices.Contains(item.Fields, f) {
			continue
		}
		items[item.Record] = item
		ids = append(ids, item.Record)
	}
	records, err := s.Records.Load(ctx, ids)
	if err != nil {
		return nil, err
	}
	fits, err := s.condition(ctx, a, e.Collection)
	if err != nil {
		return nil, err
	}
	records = slices.DeleteFunc(records, func(r register.Record) bool { return !fits(&r) })
	if a.Trigger.Kind.ofPeople() {
		return s.leavers(ctx, a, records)
	}
	out := make([]Subject, len(records))
	for i := range records {
		r := &records[i]
		out[i] = Subject{Record: r.ID, Collection: r.Collection, Title: r.Title, Text: r.Title + happened[a.Trigger.Kind]}
		if item := items[r.ID]; item.Holder != 0 {
			out[i].Custody, out[i].Holder = item.Custody, item.Holder
		}
	}
	return out, s.nameHolders(ctx, out)
}

// happened is what follows a record's title in a sentence.
var happened = map[Kind]string{
	Scheduled: "", Created: " was created", Changed: " was changed", Archived: " was archived",
	CheckedOut: " was checked out", CheckedIn: " was checked in",
}

// condition returns whether a record satisfies an automation's conditions.
func (s *Service) condition(ctx context.Context, a *Automation, collection int64) (func(*register.Record) bool, error) {
	conditions, err := s.compiled(ctx, a, collection)
	return func(r *register.Record) bool {
		if len(conditions) == 0 {
			return true
		}
		fits := func(c listing.Condition) bool { return c.Holds(r) }
		if a.Any {
			return slices.ContainsFunc(conditions, fits)
		}
		return !slices.ContainsFunc(conditions, func(c listing.Condition) bool { return !fits(c) })
	}, err
}

// compiled reads the conditions of an automation with the fields as they are now.
func (s *Service) compiled(ctx context.Context, a *Automation, collection int64) ([]listing.Condition, error) {
	if len(a.Conditions) == 0 {
		return nil, nil
	}
	fields, err := s.Records.FieldsFor(ctx, a.actor(), a.Account, collection)
	if err != nil {
		return nil, err
	}
	out := make([]listing.Condition, len(a.Conditions))
	for i, c := range a.Conditions {
		f, err := fieldOf(fields, c.Field)
		if err != nil {
			return nil, err
		}
		if out[i], err = listing.ParseCondition(f, c.Op, c.Text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func fieldOf(fields []register.Field, id int64) (register.Field, error) {
	i := slices.IndexFunc(fields, func(f register.Field) bool { return f.ID == id })
	if i < 0 {
		return register.Field{}, errs.New(errs.NotFound, "a field that the automation uses is gone").WithHint("Edit the automation.")
	}
	return fields[i], nil
}

// nameHolders fills in the names of holders and what follows from them.
func (s *Service) nameHolders(ctx context.Context, subjects []Subject) error {
	var ids []int64
	for i := range subjects {
		if subjects[i].Holder != 0 {
			ids = append(ids, subjects[i].Holder)
		}
	}
	slices.Sort(ids)
	people, err := s.Records.Load(ctx, slices.Compact(ids))
	names := make(map[int64]string, len(people))
	for i := range people {
		names[people[i].ID] = people[i].Title
	}
	for i := range subjects {
		if name := names[subjects[i].Holder]; name != "" {
			subjects[i].HolderTitle = name
			subjects[i].Text += map[bool]string{true: " to ", false: ", held by "}[strings.HasSuffix(subjects[i].Text, "checked out")] + name
		}
	}
	return err
}

// leavers turns people who have left into subjects, for LeaverHolds only those
// who hold something.
func (s *Service) leavers(ctx context.Context, a *Automation, people []register.Record) ([]Subject, error) {
	ids := make([]int64, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	holds := map[int64][]string{}
	for chunk := range slices.Chunk(ids, 200) {
		held, err := s.Records.HeldBy(ctx, a.actor(), a.Account, chunk)
		if err != nil {
			return nil, err
		}
		for _, c := range held {
			holds[c.Holder] = append(holds[c.Holder], c.AssetTitle)
		}
	}
	var out []Subject
	for i := range people {
		p := &people[i]
		text := p.Title + " has left"
		if things := holds[p.ID]; len(things) > 0 {
			text += " and still holds " + listed(things)
		} else if a.Trigger.Kind == LeaverHolds {
			continue
		}
		out = append(out, Subject{Record: p.ID, Collection: p.Collection, Title: p.Title, Holder: p.ID, HolderTitle: p.Title, Text: text})
	}
	return out, nil
}

// listed gives names for a sentence, at most five.
func listed(names []string) string {
	const most = 5
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

// aboutRun turns an ended run into a subject, if the automation is not about
// another connection.
func (s *Service) aboutRun(ctx context.Context, a *Automation, e *Event) ([]Subject, error) {
	r, err := s.Sync.RunByID(ctx, e.Run)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("Run %d of Microsoft Entra ID ended: %s", r.ID, e.State)
	switch {
	case r.Error != "":
		text += ": " + r.Error
		if r.Hint != "" {
			text += ". " + strings.TrimSuffix(r.Hint, ".")
		}
	case a.Trigger.Kind == SyncHeld && len(r.Holds) > 0:
		text += ": " + strings.TrimSuffix(strings.Join(r.Holds, " "), ".")
	default:
		text += fmt.Sprintf(": %d added, %d changed, %d deactivated, %d failed", r.Counts.Added, r.Counts.Changed, r.Counts.Deactivated, r.Counts.Failed)
	}
	return []Subject{{Connection: e.Connection, Run: r.ID, Title: fmt.Sprintf("run %d", r.ID), Text: text}}, nil
}

// now returns what an automation is about at this moment, without anything
// having happened: for schedules, running it by hand and dry runs.
func (s *Service) now(ctx context.Context, a *Automation) ([]Subject, error) {
	t := &a.Trigger
	switch {
	case t.Kind == Scheduled && t.Collection == 0:
		return nil, nil
	case t.Kind == Due || t.Kind == Overdue:
		return s.heldSubjects(ctx, a, s.moment(), true)
	case t.Kind == SecretExpires:
		return s.expiring(ctx, a, nil)
	case t.Kind == SyncSilent:
		return s.silent(ctx, a, nil)
	case !t.OfRecords():
		return s.latestRuns(ctx, a)
	}
	collection, err := s.collectionOf(ctx, a)
	if err != nil {
		return nil, err
	}
	records, err := s.matching(ctx, a, collection)
	if err != nil {
		return nil, err
	}
	if t.Kind.ofPeople() {
		return s.leavers(ctx, a, records)
	}
	out := make([]Subject, len(records))
	for i := range records {
		r := &records[i]
		out[i] = Subject{Record: r.ID, Collection: r.Collection, Title: r.Title, Text: r.Title}
	}
	return out, s.nowHeld(ctx, a, out)
}

// nowHeld fills in who holds what is held.
func (s *Service) nowHeld(ctx context.Context, a *Automation, subjects []Subject) error {
	for chunk := range slices.Chunk(subjects, 200) {
		ids := make([]int64, len(chunk))
		for i := range chunk {
			ids[i] = chunk[i].Record
		}
		held, err := s.Records.Held(ctx, a.actor(), a.Account, ids)
		if err != nil {
			return err
		}
		for i := range chunk {
			if c, ok := held[chunk[i].Record]; ok {
				chunk[i].Custody, chunk[i].Holder, chunk[i].HolderTitle, chunk[i].Due = c.ID, c.Holder, c.HolderTitle, c.Due
			}
		}
	}
	return nil
}

// collectionOf returns the collection that a trigger is about: the one that it
// names, the people, or the assets.
func (s *Service) collectionOf(ctx context.Context, a *Automation) (int64, error) {
	if a.Trigger.Collection != 0 {
		return a.Trigger.Collection, nil
	}
	kind := register.Main
	if a.Trigger.Kind.ofPeople() {
		kind = register.People
	}
	return s.collectionOfKind(ctx, a.actor(), a.Account, a.Module, kind)
}

func (s *Service) collectionOfKind(ctx context.Context, p account.Principal, acct, module int64, kind register.Kind) (int64, error) {
	all, err := s.Records.Collections(ctx, p, acct, module)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(all, func(c register.Collection) bool { return c.Kind == kind })
	if i < 0 {
		return 0, errs.New(errs.NotFound, "the module has no collection for that")
	}
	return all[i].ID, nil
}

// matching returns the records of a collection that satisfy the conditions: of
// people who have left also that they have.
func (s *Service) matching(ctx context.Context, a *Automation, collection int64) ([]register.Record, error) {
	conditions, err := s.compiled(ctx, a, collection)
	if err != nil {
		return nil, err
	}
	queries := [][]listing.Condition{conditions}
	if a.Any && len(conditions) > 0 {
		queries = nil
		for _, c := range conditions {
			queries = append(queries, []listing.Condition{c})
		}
	}
	if a.Trigger.Kind.ofPeople() {
		if queries, err = s.whoLeft(ctx, a, collection, queries); err != nil {
			return nil, err
		}
	}
	var out []register.Record
	seen := map[int64]bool{}
	for _, where := range queries {
		err := s.each(ctx, a, collection, where, func(r register.Record) bool {
			if !seen[r.ID] {
				seen[r.ID] = true
				out = append(out, r)
			}
			return len(out) <= subjectsMost
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// each calls fn with the records that a query finds until it returns false.
func (s *Service) each(ctx context.Context, a *Automation, collection int64, where []listing.Condition, fn func(register.Record) bool) error {
	q := listing.Query{Account: a.Account, Collection: collection, Where: where, Limit: 500}
	for {
		page, err := s.Lists.Find(ctx, a.actor(), q)
		if err != nil {
			return err
		}
		for _, r := range page.Records {
			if !fn(r) {
				return nil
			}
		}
		if q.After = page.Next; q.After == (listing.Cursor{}) {
			return nil
		}
	}
}

// whoLeft narrows queries to people who have left by what the directory says:
// one query for each status that says so.
func (s *Service) whoLeft(ctx context.Context, a *Automation, collection int64, queries [][]listing.Condition) ([][]listing.Condition, error) {
	fields, err := s.Records.Fields(ctx, a.Account, collection)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(fields, func(f register.Field) bool { return f.System && f.Name == register.StatusFieldName })
	if i < 0 {
		return nil, nil // no sync has written a status yet
	}
	var out [][]listing.Condition
	for _, status := range register.LeftStatuses() {
		left := listing.Condition{Field: fields[i].ID, Op: listing.Is, Value: datatype.OfText(status)}
		for _, where := range queries {
			out = append(out, append(slices.Clone(where), left))
		}
	}
	return out, nil
}
