package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
)

// Leaver is somebody who has left, by what evidence, and what there is to do.
type Leaver struct {
	Person     register.Record
	Status     string // Disabled, Deleted, Purged, Not found, Out of scope
	Since      time.Time
	Run        int64  // that found it out; 0 when not known
	Connection int64  // of the run
	Mapping    string // by which the record is kept; "" for one that is gone
	Manager    *register.Record
	Holds      []register.Custody
	Told       *register.Told // who was last told
}

// LeaverQuery narrows a listing of leavers.
type LeaverQuery struct {
	All    bool        // also those who hold nothing
	Before syncer.Link // with All: the place behind the page before
	Limit  int
}

// Leavers lists who has left and still holds something, or everybody who has
// left: the last first. next is the place behind them, zero when that was all.
func (s *Service) Leavers(ctx context.Context, p account.Principal, m account.Module, q LeaverQuery) (list []Leaver, next syncer.Link, err error) {
	people, err := s.peopleOf(ctx, p, m)
	if err != nil {
		return nil, next, err
	}
	var ids []int64
	if q.All {
		links, err := s.Sync.Left(ctx, people.ID, q.Before, q.Limit+1)
		if err != nil {
			return nil, next, err
		}
		if len(links) > q.Limit {
			links = links[:q.Limit]
			next = links[q.Limit-1]
		}
		for _, l := range links {
			ids = append(ids, l.TargetID)
		}
	} else if ids, err = s.leaversHolding(ctx, p, m, q.Limit); err != nil {
		return nil, next, err
	}
	list, err = s.describe(ctx, p, m, people, ids, register.TellLeaver)
	return list, next, err
}

// leaversHolding returns the people who have left and hold something.
func (s *Service) leaversHolding(ctx context.Context, p account.Principal, m account.Module, limit int) ([]int64, error) {
	held, err := wholly(limit, func(after int64) ([]register.Custody, error) {
		return s.Records.Leavers(ctx, p, m.Account, m.ID, after, limit)
	})
	var ids []int64
	for _, c := range held {
		if !slices.Contains(ids, c.Holder) {
			ids = append(ids, c.Holder)
		}
	}
	return ids, err
}

// wholly reads a listing of custodies to its end, limit at a time: nothing that
// is to be got back may be missing from a list of what is.
func wholly(limit int, page func(after int64) ([]register.Custody, error)) ([]register.Custody, error) {
	var all []register.Custody
	after := int64(0)
	for {
		list, err := page(after)
		all = append(all, list...)
		if err != nil || len(list) < limit {
			return all, err
		}
		after = list[len(list)-1].ID
	}
}

// Overdue lists the people who should have brought something back by now, with
// those things only.
func (s *Service) Overdue(ctx context.Context, p account.Principal, m account.Module, limit int) ([]Leaver, error) {
	people, err := s.peopleOf(ctx, p, m)
	if err != nil {
		return nil, err
	}
	late, err := wholly(limit, func(after int64) ([]register.Custody, error) {
		return s.Records.Overdue(ctx, p, m.Account, m.ID, after, limit)
	})
	if err != nil {
		return nil, err
	}
	var ids []int64
	holds := map[int64][]register.Custody{}
	for _, c := range late {
		if holds[c.Holder] == nil {
			ids = append(ids, c.Holder)
		}
		holds[c.Holder] = append(holds[c.Holder], c)
	}
	list, err := s.describe(ctx, p, m, people, ids, register.TellOverdue)
	for i := range list {
		list[i].Holds = holds[list[i].Person.ID]
	}
	return list, err
}

// peopleOf returns the people of a module.
func (s *Service) peopleOf(ctx context.Context, p account.Principal, m account.Module) (register.Collection, error) {
	all, err := s.Records.ModuleCollections(ctx, m.Account, m.ID)
	if err != nil {
		return register.Collection{}, err
	}
	i := slices.IndexFunc(all, func(c register.Collection) bool { return c.Kind == register.People })
	if i < 0 {
		return register.Collection{}, errs.New(errs.NotFound, "the module has no people")
	}
	return s.Records.Collection(ctx, p, m.Account, all[i].ID)
}

// describe gathers what is to be known of people, in the order of ids.
func (s *Service) describe(ctx context.Context, p account.Principal, m account.Module, people register.Collection, ids []int64, about string) ([]Leaver, error) {
	records, err := s.Records.Load(ctx, slices.Clone(ids))
	if err != nil {
		return nil, err
	}
	links, err := s.Sync.LinksOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	held, err := s.Records.HeldBy(ctx, p, m.Account, ids)
	if err != nil {
		return nil, err
	}
	told, err := s.Records.LastTold(ctx, m.Account, about, ids)
	if err != nil {
		return nil, err
	}
	managers, err := s.managers(ctx, people, records)
	if err != nil {
		return nil, err
	}
	names, err := s.mappingNames(ctx, links)
	if err != nil {
		return nil, err
	}
	var out []Leaver
	for _, id := range ids {
		i := slices.IndexFunc(records, func(r register.Record) bool { return r.ID == id && r.Account == m.Account && !r.Archived() })
		if i < 0 {
			continue
		}
		l := Leaver{Person: records[i], Manager: managers[id]}
		if link, ok := links[id]; ok {
			l.Status, l.Since, l.Run = link.Status.String(), link.StatusSince, link.Run
			l.Connection, l.Mapping = link.Connection, names[link.Mapping]
		}
		for _, c := range held {
			if c.Holder == id {
				l.Holds = append(l.Holds, c)
			}
		}
		if t, ok := told[id]; ok {
			l.Told = &t
		}
		out = append(out, l)
	}
	return out, nil
}

// managers returns the managers of people, by person: whom a link field of the
// people to each other names, the one called Manager before any other.
func (s *Service) managers(ctx context.Context, people register.Collection, records []register.Record) (map[int64]*register.Record, error) {
	fields, err := s.Records.Fields(ctx, people.Account, people.ID)
	if err != nil {
		return nil, err
	}
	var field int64
	for _, f := range fields {
		if f.Spec.Type == datatype.Link && f.Spec.Collection == people.ID && (field == 0 || strings.EqualFold(f.Name, "manager")) {
			field = f.ID
		}
	}
	var ids []int64
	for i := range records {
		if id := records[i].Value(field).Record(); id != 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	list, err := s.Records.Load(ctx, slices.Compact(ids))
	out := map[int64]*register.Record{}
	for i := range records {
		for j := range list {
			if list[j].ID == records[i].Value(field).Record() {
				out[records[i].ID] = &list[j]
			}
		}
	}
	return out, err
}

// mappingNames returns the names of the mappings of links.
func (s *Service) mappingNames(ctx context.Context, links map[int64]syncer.Link) (map[int64]string, error) {
	out, seen := map[int64]string{}, map[int64]bool{}
	for _, l := range links {
		if seen[l.Connection] {
			continue
		}
		seen[l.Connection] = true
		list, err := s.Sync.Mappings(ctx, l.Connection)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			out[m.ID] = m.Name
		}
	}
	return out, nil
}

// LeaverPlace returns a place in the listing of leavers as a text that
// ParseLeaverPlace reads; "" for the beginning.
func LeaverPlace(l syncer.Link) string {
	if l.TargetID == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", l.StatusSince.UnixMicro(), l.TargetID)
}

// ParseLeaverPlace reads what LeaverPlace returned.
func ParseLeaverPlace(text string) (l syncer.Link, err error) {
	if text == "" {
		return l, nil
	}
	var at, id int64
	if n, err := fmt.Sscanf(text, "%d.%d", &at, &id); err != nil || n != 2 || id <= 0 {
		return l, errs.New(errs.Invalid, "%q is not the place of a page", text).WithHint("Start again from the first page.")
	}
	l.StatusSince, l.TargetID = time.UnixMicro(at).UTC(), id
	return l, nil
}
