package register

import (
	"context"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// Custody is that somebody holds, or held, an asset. It stays for ever.
type Custody struct {
	ID             int64
	Account        int64
	Asset          int64
	Holder         int64
	CheckedOutAt   time.Time
	CheckedOutBy   string
	Due            time.Time // zero when open-ended
	Note           string
	OverrideReason string    // why somebody who has left was given it all the same
	CheckedInAt    time.Time // zero while it is held
	CheckedInBy    string
	CheckInNote    string
	Condition      string   // of the asset when it came back
	WrittenOff     bool     // it did not come back: the asset was given up
	Answers        []Answer // to the module's form, at check-out
	InAnswers      []Answer // and at check-in

	AssetTitle, HolderTitle string // as they are now
	AssetCollection         int64
}

// Open reports whether the asset is still held.
func (c *Custody) Open() bool { return c.CheckedInAt.IsZero() }

// later is the later of two instants. Clocks of servers differ, and are put back:
// what happened to a thing stays in the order in which it happened.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// CustodyQuery narrows a listing of custodies; zero fields do not filter.
type CustodyQuery struct {
	Account   int64
	Asset     int64
	Assets    []int64 // any of these; nil for all
	Holder    int64
	Holders   []int64 // any of these; nil for all
	Module    int64   // of the asset; the service turns it into Collections
	OpenOnly  bool
	DueBefore time.Time // open ones due before this instant
	Left      bool      // open ones of people who have left
	After     int64     // the last number of the page before
	Limit     int

	// LeftIn are the values that mark leavers; the service fills it for Left.
	LeftIn []FieldValue
	// Collections are those of the assets; nil for all.
	Collections []int64
}

// CheckOut is a request to give an asset to somebody.
type CheckOut struct {
	Account  int64
	Asset    int64
	Holder   int64
	Due      time.Time // zero for open-ended
	Note     string
	Override string            // the reason to give it to somebody who has left
	Answers  map[string]string // to the module's form, by question
	Accepted bool              // the holder has accepted the form's statement
}

// CheckOut gives an asset to a person. An asset is held by one person at a time,
// which the database guarantees. People who have left, by what the directory
// says, are refused unless a reason is given.
func (s *Service) CheckOut(ctx context.Context, p account.Principal, in CheckOut) (c Custody, err error) {
	now := s.moment()
	if !in.Due.IsZero() && !in.Due.After(now) {
		return c, errs.New(errs.Invalid, "the due date is in the past")
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		asset, err := s.record(ctx, p, account.CheckOut, in.Account, in.Asset)
		if err != nil {
			return err
		}
		holder, err := s.holder(ctx, in)
		if err != nil {
			return err
		}
		if err := s.isAsset(ctx, asset); err != nil {
			return err
		}
		given, err := s.answersOut(ctx, asset, in)
		if err != nil {
			return err
		}
		c = Custody{
			Account: in.Account, Asset: in.Asset, Holder: in.Holder, CheckedOutAt: now, CheckedOutBy: p.Actor().Name,
			Due: in.Due.UTC(), Note: in.Note, OverrideReason: in.Override, AssetTitle: asset.Title, HolderTitle: holder.Title,
			Answers: given, AssetCollection: asset.Collection,
		}
		open, err := s.store.OpenCustody(ctx, in.Account, in.Asset)
		switch {
		case err == nil:
			return heldBy(open)
		case !errs.Is(err, errs.NotFound):
			return err
		}
		before, err := s.store.ListCustody(ctx, CustodyQuery{Account: in.Account, Asset: in.Asset, Limit: 1})
		if err != nil {
			return err
		}
		for _, b := range before {
			c.CheckedOutAt = later(c.CheckedOutAt, b.CheckedInAt)
		}
		if c.ID, err = s.store.InsertCustody(ctx, c); err != nil {
			return err
		}
		return s.announceCustody(ctx, ThingCheckedOut, c, p.Actor())
	})
	return c, err
}

// answersOut checks what the form of the asset's module asks at check-out.
func (s *Service) answersOut(ctx context.Context, asset Record, in CheckOut) ([]Answer, error) {
	form, err := s.formFor(ctx, asset)
	if err != nil {
		return nil, err
	}
	out, err := answers(form.Out, in.Answers)
	if err != nil || form.Statement == "" {
		return out, err
	}
	if !in.Accepted {
		return nil, errs.New(errs.Invalid, "the holder has to accept the statement: %s", form.Statement)
	}
	return append(out, Answer{accepted, form.Statement}), nil
}

func heldBy(open Custody) error {
	return errs.New(errs.Conflict, "%s is checked out to %s since %s", open.AssetTitle, open.HolderTitle,
		open.CheckedOutAt.Format(time.DateOnly)).WithHint("Check it in first.")
}

// isAsset refuses what cannot be held: people, places and what is put away.
func (s *Service) isAsset(ctx context.Context, asset Record) error {
	c, err := s.store.Collection(ctx, asset.Collection)
	if err != nil {
		return err
	}
	switch {
	case c.Kind != Main && c.Kind != Custom:
		return errs.New(errs.Invalid, "%s is in %s and cannot be checked out", asset.Title, c.Name)
	case asset.Archived():
		return errs.New(errs.Conflict, "%s is archived", asset.Title).WithHint("Bring it back before checking it out.")
	}
	return nil
}

// holder returns the person that a check-out is for. It is locked, so that the
// person is not put away at the same moment.
func (s *Service) holder(ctx context.Context, in CheckOut) (Record, error) {
	found, err := s.store.Records(ctx, []int64{in.Asset, in.Holder}, true)
	if err != nil {
		return Record{}, err
	}
	i := slices.IndexFunc(found, func(r Record) bool { return r.ID == in.Holder && r.Account == in.Account })
	if i < 0 {
		return Record{}, notFound("person", in.Holder)
	}
	holder := found[i]
	c, err := s.store.Collection(ctx, holder.Collection)
	if err != nil {
		return holder, err
	}
	if c.Kind != People {
		return holder, errs.New(errs.Invalid, "%s is in %s; only people can hold assets", holder.Title, c.Name)
	}
	if holder.Archived() {
		return holder, errs.New(errs.Conflict, "%s is archived", holder.Title).WithHint("Bring the person back first.")
	}
	fields, err := s.store.Fields(ctx, holder.Collection)
	if err != nil {
		return holder, err
	}
	if status := leftAs(holder, fields); status != "" && in.Override == "" {
		return holder, &Left{holder.Title, status}
	}
	return holder, nil
}

// leftAs returns the status by which a person has left, or "".
func leftAs(person Record, fields []Field) string {
	f := statusField(fields)
	if f == nil {
		return ""
	}
	if status := person.Value(f.ID).String(); slices.Contains(LeftStatuses(), status) {
		return status
	}
	return ""
}

// CheckIn is a request to take an asset back.
type CheckIn struct {
	Account   int64
	Asset     int64 // not of CheckInAll
	Note      string
	Condition string            // in which it came back
	Answers   map[string]string // to the module's form, by question
}

// CheckIn takes an asset back.
func (s *Service) CheckIn(ctx context.Context, p account.Principal, in CheckIn) (c Custody, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		asset, err := s.record(ctx, p, account.CheckOut, in.Account, in.Asset)
		if err != nil {
			return err
		}
		c, err = s.store.OpenCustody(ctx, in.Account, in.Asset)
		if errs.Is(err, errs.NotFound) {
			return errs.New(errs.Conflict, "the asset is not checked out")
		}
		if err != nil {
			return err
		}
		form, err := s.formFor(ctx, asset)
		if err != nil {
			return err
		}
		if c.InAnswers, err = answers(form.In, in.Answers); err != nil {
			return err
		}
		c.CheckedInAt, c.CheckedInBy, c.CheckInNote, c.Condition = later(s.moment(), c.CheckedOutAt), p.Actor().Name, in.Note, in.Condition
		if err := s.store.CloseCustody(ctx, c); err != nil {
			return err
		}
		return s.announceCustody(ctx, ThingCheckedIn, c, p.Actor())
	})
	return c, err
}

// CheckInAll takes back everything that a person holds, or nothing when the
// principal may not take back all of it. What in says is noted of each thing. It
// returns what came back.
func (s *Service) CheckInAll(ctx context.Context, p account.Principal, holder int64, in CheckIn) (back []Custody, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		back = nil
		held, err := s.Holdings(ctx, p, in.Account, holder)
		if err != nil {
			return err
		}
		for _, h := range held {
			in.Asset = h.Asset
			c, err := s.CheckIn(ctx, p, in)
			if err != nil {
				return err
			}
			back = append(back, c)
		}
		return nil
	})
	return back, err
}

// Holdings returns what a person holds now.
func (s *Service) Holdings(ctx context.Context, p account.Principal, acct, holder int64) ([]Custody, error) {
	if _, err := s.record(ctx, p, account.View, acct, holder); err != nil {
		return nil, err
	}
	return s.store.ListCustody(ctx, CustodyQuery{Account: acct, Holder: holder, OpenOnly: true})
}

// CustodyHistory returns who held an asset, or what a person held, latest first.
func (s *Service) CustodyHistory(ctx context.Context, p account.Principal, acct, record int64) ([]Custody, error) {
	rec, err := s.record(ctx, p, account.View, acct, record)
	if err != nil {
		return nil, err
	}
	q := CustodyQuery{Account: acct, Asset: record}
	if c, err := s.store.Collection(ctx, rec.Collection); err != nil {
		return nil, err
	} else if c.Kind == People {
		q = CustodyQuery{Account: acct, Holder: record}
	}
	return s.store.ListCustody(ctx, q)
}

// Overdue returns what should be back by now, a page at a time; module 0 stands
// for all of the account.
func (s *Service) Overdue(ctx context.Context, p account.Principal, acct, module, after int64, limit int) ([]Custody, error) {
	return s.visible(ctx, p, CustodyQuery{Account: acct, Module: module, OpenOnly: true, DueBefore: s.moment(), After: after, Limit: limit})
}

// Leavers returns what people hold who have left, a page at a time (F78); module
// 0 stands for all of the account.
func (s *Service) Leavers(ctx context.Context, p account.Principal, acct, module, after int64, limit int) ([]Custody, error) {
	q := CustodyQuery{Account: acct, Module: module, OpenOnly: true, Left: true, After: after, Limit: limit}
	if err := s.fillLeft(ctx, &q); err != nil || len(q.LeftIn) == 0 { // no sync has written a status yet
		return nil, err
	}
	return s.visible(ctx, p, q)
}

// Standing is how the custody of a module stands, of what a principal may see.
type Standing struct {
	Held    int // things
	Overdue int
	Leavers int // people who have left and hold something
}

// CustodyStanding sums up a module's custody.
func (s *Service) CustodyStanding(ctx context.Context, p account.Principal, acct, module int64) (out Standing, err error) {
	q := CustodyQuery{Account: acct, Module: module, OpenOnly: true}
	if err = s.narrow(ctx, p, &q); err != nil || len(q.Collections) == 0 {
		return out, err
	}
	if out.Held, _, err = s.store.CountCustody(ctx, q); err != nil || out.Held == 0 {
		return out, err
	}
	late := q
	late.DueBefore = s.moment()
	if out.Overdue, _, err = s.store.CountCustody(ctx, late); err != nil {
		return out, err
	}
	q.Left = true
	if err = s.fillLeft(ctx, &q); err != nil || len(q.LeftIn) == 0 {
		return out, err
	}
	_, out.Leavers, err = s.store.CountCustody(ctx, q)
	return out, err
}

// fillLeft notes which values mark leavers in the account: people of one module
// can hold what is in another.
func (s *Service) fillLeft(ctx context.Context, q *CustodyQuery) error {
	collections, err := s.store.Collections(ctx, q.Account, 0)
	if err != nil {
		return err
	}
	for _, c := range collections {
		if c.Kind != People {
			continue
		}
		fields, err := s.store.Fields(ctx, c.ID)
		if err != nil {
			return err
		}
		if f := statusField(fields); f != nil {
			for _, status := range LeftStatuses() {
				q.LeftIn = append(q.LeftIn, FieldValue{f.ID, datatype.OfText(status)})
			}
		}
	}
	return nil
}

// narrow limits a listing to assets that the principal may view.
func (s *Service) narrow(ctx context.Context, p account.Principal, q *CustodyQuery) error {
	q.Collections = []int64{}
	list, err := s.Collections(ctx, p, q.Account, q.Module)
	for _, c := range list {
		if c.Kind == Main || c.Kind == Custom {
			q.Collections = append(q.Collections, c.ID)
		}
	}
	return err
}

// visible lists custodies of assets that the principal may view.
func (s *Service) visible(ctx context.Context, p account.Principal, q CustodyQuery) ([]Custody, error) {
	if q.Limit <= 0 || q.Limit > pageLimit {
		q.Limit = pageLimit
	}
	if err := s.narrow(ctx, p, &q); err != nil || len(q.Collections) == 0 {
		return nil, err
	}
	return s.store.ListCustody(ctx, q)
}

// HeldBy returns what several people hold, of what the principal may view.
func (s *Service) HeldBy(ctx context.Context, p account.Principal, acct int64, holders []int64) ([]Custody, error) {
	if len(holders) == 0 {
		return nil, nil
	}
	return s.visible(ctx, p, CustodyQuery{Account: acct, Holders: holders, OpenOnly: true})
}

// notInCustody refuses to put away what is held or who holds something.
func (s *Service) notInCustody(ctx context.Context, rec Record) error {
	for _, q := range []CustodyQuery{{Asset: rec.ID}, {Holder: rec.ID}} {
		q.Account, q.OpenOnly, q.Limit = rec.Account, true, 1
		open, err := s.store.ListCustody(ctx, q)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return errs.New(errs.Conflict, "%s is still checked out to %s", open[0].AssetTitle, open[0].HolderTitle).
				WithHint("Check it in first.")
		}
	}
	return nil
}
