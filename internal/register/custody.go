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
	Condition      string // of the asset when it came back

	AssetTitle, HolderTitle string // as they are now
	AssetCollection         int64
}

// Open reports whether the asset is still held.
func (c *Custody) Open() bool { return c.CheckedInAt.IsZero() }

// CustodyQuery narrows a listing of custodies; zero fields do not filter.
type CustodyQuery struct {
	Account   int64
	Asset     int64
	Assets    []int64 // any of these; nil for all
	Holder    int64
	OpenOnly  bool
	DueBefore time.Time // open ones due before this instant
	Left      bool      // open ones of people who have left
	After     int64     // the last number of the page before
	Limit     int

	// LeftIn are the values that mark leavers; the service fills it for Left.
	LeftIn []FieldValue
}

// CheckOut is a request to give an asset to somebody.
type CheckOut struct {
	Account  int64
	Asset    int64
	Holder   int64
	Due      time.Time // zero for open-ended
	Note     string
	Override string // the reason to give it to somebody who has left
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
		c = Custody{
			Account: in.Account, Asset: in.Asset, Holder: in.Holder, CheckedOutAt: now, CheckedOutBy: p.Actor().Name,
			Due: in.Due.UTC(), Note: in.Note, OverrideReason: in.Override, AssetTitle: asset.Title, HolderTitle: holder.Title,
		}
		open, err := s.store.OpenCustody(ctx, in.Account, in.Asset)
		switch {
		case err == nil:
			return heldBy(open)
		case !errs.Is(err, errs.NotFound):
			return err
		}
		c.ID, err = s.store.InsertCustody(ctx, c)
		return err
	})
	return c, err
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
		return holder, errs.New(errs.Conflict, "%s has left: the directory says %q", holder.Title, status).
			WithHint("Give a reason if it has to be all the same.")
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

// CheckIn takes an asset back.
func (s *Service) CheckIn(ctx context.Context, p account.Principal, acct, asset int64, note, condition string) (c Custody, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.record(ctx, p, account.CheckOut, acct, asset); err != nil {
			return err
		}
		c, err = s.store.OpenCustody(ctx, acct, asset)
		if errs.Is(err, errs.NotFound) {
			return errs.New(errs.Conflict, "the asset is not checked out")
		}
		if err != nil {
			return err
		}
		c.CheckedInAt, c.CheckedInBy, c.CheckInNote, c.Condition = s.moment(), p.Actor().Name, note, condition
		return s.store.CloseCustody(ctx, c)
	})
	return c, err
}

// CheckInAll takes back everything that a person holds, or nothing when the
// principal may not take back all of it. It returns what came back.
func (s *Service) CheckInAll(ctx context.Context, p account.Principal, acct, holder int64, note string) (back []Custody, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		back = nil
		held, err := s.Holdings(ctx, p, acct, holder)
		if err != nil {
			return err
		}
		for _, h := range held {
			c, err := s.CheckIn(ctx, p, acct, h.Asset, note, "")
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

// Overdue returns what should be back by now, a page at a time.
func (s *Service) Overdue(ctx context.Context, p account.Principal, acct, after int64, limit int) ([]Custody, error) {
	return s.visible(ctx, p, CustodyQuery{Account: acct, OpenOnly: true, DueBefore: s.moment(), After: after, Limit: limit})
}

// Leavers returns what people hold who have left, a page at a time (F78).
func (s *Service) Leavers(ctx context.Context, p account.Principal, acct, after int64, limit int) ([]Custody, error) {
	collections, err := s.store.Collections(ctx, acct, 0)
	if err != nil {
		return nil, err
	}
	q := CustodyQuery{Account: acct, OpenOnly: true, Left: true, After: after, Limit: limit}
	for _, c := range collections {
		if c.Kind != People {
			continue
		}
		fields, err := s.store.Fields(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		if f := statusField(fields); f != nil {
			for _, status := range LeftStatuses() {
				q.LeftIn = append(q.LeftIn, FieldValue{f.ID, datatype.OfText(status)})
			}
		}
	}
	if len(q.LeftIn) == 0 { // no sync has written a status yet
		return nil, nil
	}
	return s.visible(ctx, p, q)
}

// visible lists custodies and leaves out those of assets that the principal may
// not view. It reads on until the page is full.
func (s *Service) visible(ctx context.Context, p account.Principal, q CustodyQuery) ([]Custody, error) {
	if q.Limit <= 0 || q.Limit > pageLimit {
		q.Limit = pageLimit
	}
	var out []Custody
	allowed := map[int64]bool{} // by collection
	for {
		list, err := s.store.ListCustody(ctx, q)
		if err != nil || len(list) == 0 {
			return out, err
		}
		if err := s.mayView(ctx, p, q.Account, list, allowed); err != nil {
			return nil, err
		}
		for _, c := range list {
			if allowed[c.AssetCollection] && len(out) < q.Limit {
				out = append(out, c)
			}
		}
		if len(list) < q.Limit || len(out) == q.Limit {
			return out, nil
		}
		q.After = list[len(list)-1].ID
	}
}

// mayView notes which of the assets' collections the principal may view.
func (s *Service) mayView(ctx context.Context, p account.Principal, acct int64, list []Custody, allowed map[int64]bool) error {
	for _, c := range list {
		if _, known := allowed[c.AssetCollection]; known {
			continue
		}
		_, err := s.collection(ctx, p, account.View, acct, c.AssetCollection)
		if err != nil && !errs.Is(err, errs.Forbidden) && !errs.Is(err, errs.NotFound) {
			return err
		}
		allowed[c.AssetCollection] = err == nil
	}
	return nil
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
