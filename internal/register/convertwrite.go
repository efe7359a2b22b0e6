package register

import (
	"context"
	"slices"
	"strconv"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
)

// countShared counts a key that came before. It goes by hashes, eight bytes each:
// that two keys have the same one is a matter of one in ten million at a million
// records, and only miscounts a preview.
func (c *converter) countShared(seen map[uint64]struct{}, hash uint64) {
	if _, there := seen[hash]; there {
		c.effect.Shared++
	}
	seen[hash] = struct{}{}
}

// release gives up what goes with the field as it was: the keys of its values,
// and links that wait to be written into it.
func (c *converter) release(ctx context.Context) error {
	if c.from.Spec.Type == datatype.Link {
		if err := c.s.store.ForgetReferences(ctx, c.from.ID); err != nil {
			return err
		}
	}
	if !c.from.Spec.Unique {
		return nil
	}
	return c.s.store.DeleteFieldKeys(ctx, c.from.Collection, c.from.ID)
}

// write stores a batch: records whose value is written differently as their next
// version with a history entry, and the keys of a unique field.
func (c *converter) write(ctx context.Context, p account.Principal, list []converted) error {
	var records []Record
	var history []HistoryEntry
	var keys []Key
	now := c.s.moment()
	for _, conv := range list {
		rec := conv.record
		if c.to.Spec.Unique && !rec.Archived() && !conv.now.IsEmpty() {
			keys = append(keys, Key{rec.Collection, c.to.ID, datatype.Key(conv.now), rec.ID})
		}
		if conv.was == conv.now {
			continue
		}
		rec.Fields = merge(rec.Fields, []FieldValue{{c.to.ID, conv.now}})
		rec.Version, rec.UpdatedAt = rec.Version+1, now
		if c.to.Title {
			rec.setTitle(c.to.ID)
		}
		records = append(records, *rec)
		history = append(history, HistoryEntry{
			Record: rec.ID, Version: rec.Version, At: now, Actor: p.Actor(), Action: ActionUpdate, Note: c.note,
			Changes: []FieldDiff{{c.to.ID, conv.was, conv.now}},
		})
	}
	if err := c.claim(ctx, keys); err != nil {
		return err
	}
	if err := c.s.store.UpdateRecords(ctx, records, c.to.Title); err != nil {
		return err
	}
	return c.s.store.InsertHistory(ctx, history)
}

// claim takes the keys of a unique field.
func (c *converter) claim(ctx context.Context, keys []Key) error {
	if len(keys) == 0 {
		return nil
	}
	slices.SortFunc(keys, compareKeys)
	taken, err := c.s.store.InsertKeys(ctx, keys)
	if err != nil || len(taken) == 0 {
		return err
	}
	ids := []int64{taken[0].Record}
	for _, k := range keys {
		if k.Text == taken[0].Text && k.Record != taken[0].Record {
			ids = append(ids, k.Record)
		}
	}
	slices.Sort(ids)
	return at(UniquePart, errs.New(errs.Conflict, "as %s, the unique field %s would hold the same in %s", c.to.Spec.Type.Label(), c.to.Name, c.s.name(ctx, ids)).
		WithHint("Give those records different values first, or make the field not unique."))
}

// refusal says why what was lost is too much.
func (c *converter) refusal(lose int) error {
	e := &c.effect
	if e.Lost > 0 && c.to.Spec.Required {
		return at(TypePart, errs.New(errs.Conflict, "%d records would be left without %s, which is required", e.Lost, c.to.Name).
			WithHint("Correct those values first, or make the field not required."))
	}
	if e.Lost > lose {
		return at(TypePart, errs.New(errs.Conflict, "%d values do not fit %s", e.Lost, c.to.Spec.Type.Label()).
			WithHint("Look at them, then correct them or agree that they are emptied. What they were stays in each record's history."))
	}
	return nil
}

// details are what the audit log says of the conversion.
func (c *converter) details() []audit.Detail {
	out := fieldDetails(c.from, c.to)
	if c.from.Spec.Collection != c.to.Spec.Collection {
		out = append(out, audit.Detail{Name: "links to collection", Before: idOrNothing(c.from.Spec.Collection), After: idOrNothing(c.to.Spec.Collection)})
	}
	return append(out, audit.Detail{Name: "values converted", After: strconv.Itoa(c.effect.Fits)}, audit.Detail{Name: "values emptied", After: strconv.Itoa(c.effect.Lost)})
}

func idOrNothing(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}
