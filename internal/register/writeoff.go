package register

import (
	"context"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
)

// WriteOff gives an asset up: it counts as no longer held, and is put away with
// the reason. UndoWriteOff takes that back.
func (s *Service) WriteOff(ctx context.Context, p account.Principal, acct, asset int64, reason string) (rec Record, err error) {
	if reason = strings.TrimSpace(reason); reason == "" {
		return rec, errs.New(errs.Invalid, "writing an asset off needs a reason")
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.record(ctx, p, account.CheckOut, acct, asset); err != nil {
			return err
		}
		if rec, err = s.record(ctx, p, account.Delete, acct, asset); err != nil {
			return err
		}
		if err := s.isAsset(ctx, rec); err != nil {
			return err
		}
		c, err := s.store.OpenCustody(ctx, acct, asset)
		if err == nil {
			c.CheckedInAt, c.CheckedInBy, c.CheckInNote, c.WrittenOff = later(s.moment(), c.CheckedOutAt), p.Actor().Name, reason, true
			err = s.store.CloseCustody(ctx, c)
		}
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		rec, err = s.Archive(ctx, p, acct, asset, 0, "written off: "+reason)
		return err
	})
	return rec, err
}

// UndoWriteOff brings an asset back that was written off, to whoever held it
// then; if that person is put away by now, to the shelf.
func (s *Service) UndoWriteOff(ctx context.Context, p account.Principal, acct, asset int64) (rec Record, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.record(ctx, p, account.CheckOut, acct, asset); err != nil {
			return err
		}
		if rec, err = s.Unarchive(ctx, p, acct, asset, 0, "no longer written off"); err != nil {
			return err
		}
		past, err := s.store.ListCustody(ctx, CustodyQuery{Account: acct, Asset: asset, Limit: 1})
		if err != nil || len(past) == 0 || !past[0].WrittenOff {
			return err
		}
		holders, err := s.store.Records(ctx, []int64{past[0].Holder}, true)
		if err != nil || len(holders) == 0 || holders[0].Archived() {
			return err
		}
		return s.store.ReopenCustody(ctx, past[0].ID)
	})
	return rec, err
}
