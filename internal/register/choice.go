package register

import (
	"context"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
)

// renameChoices writes the new names of choices into the records that hold the
// old ones, with a history entry each. All names change at once, so two choices
// can swap theirs.
func (s *Service) renameChoices(ctx context.Context, p account.Principal, old, f Field, renamed map[string]string) error {
	names := map[string]string{}
	for was, now := range renamed {
		if was != now {
			names[was] = now
		}
	}
	if len(names) == 0 {
		return nil
	}
	c := &converter{s: s, from: old, to: f, renamed: names, note: "choices of " + f.Name + " renamed"}
	if f.Spec.Unique {
		if err := s.store.DeleteFieldKeys(ctx, f.Collection, f.ID); err != nil {
			return err
		}
	}
	return c.each(ctx, func(ctx context.Context, list []converted) error {
		// A choice that goes away is for fitChoices to refuse; here it stays.
		for i := range list {
			if list[i].why != nil {
				list[i].now = list[i].was
			}
		}
		return c.write(ctx, p, list)
	})
}

// rename returns a value with its choices by their new names.
func (c *converter) rename(v datatype.Value) (datatype.Value, error) {
	items := v.Items()
	for i, item := range items {
		if name, ok := c.renamed[item]; ok {
			items[i] = name
		}
	}
	return datatype.ParseList(c.to.Spec, items)
}
