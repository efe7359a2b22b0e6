package entra

import (
	"context"
	"iter"
	"strings"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// Members reads the members of a unit that are of the given kind: identifiers,
// and one attribute that shows whether the directory hides the rest (F61). Of a
// unit with Nested the members of groups inside count too (F64); an
// administrative unit has direct members only.
//
// It fails with errs.NotFound when there is no such unit (any more).
//
// https://learn.microsoft.com/graph/api/group-list-members
// https://learn.microsoft.com/graph/api/group-list-transitivemembers
// https://learn.microsoft.com/graph/api/administrativeunit-list-members
func (c *Client) Members(ctx context.Context, u directory.Unit, kind directory.Kind, from directory.Cursor) iter.Seq2[directory.Page, error] {
	return func(yield func(directory.Page, error) bool) {
		r, err := c.membership(u, kind, !c.habits.noCast.Load())
		if err != nil {
			yield(directory.Page{}, err)
			return
		}
		if !from.IsZero() {
			r.only = kind // the link may be of a reading without a cast
			c.resume(ctx, r, from)(yield)
			return
		}
		cast := r.only == directory.NoKind
		pages, refused := 0, false
		c.stream(ctx, 1, []*reading{r}, func(p directory.Page, err error) bool {
			if cast && pages == 0 && errs.Is(err, errs.Invalid) {
				refused = true
				return false
			}
			pages++
			return yield(p, err)
		})
		if !refused {
			return
		}
		c.habits.noCast.Store(true)
		if r, err = c.membership(u, kind, false); err == nil {
			c.stream(ctx, 1, []*reading{r}, yield)
		}
	}
}

// membership returns the reading of a unit's members: of one type by a cast, or
// of all types, with the others dropped here.
func (c *Client) membership(u directory.Unit, kind directory.Kind, cast bool) (*reading, error) {
	col, err := collectionOf(kind)
	if err != nil {
		return nil, err
	}
	path, needs := membersPath(u)
	r := &reading{
		call:   call{op: "read the members", subject: subject(u), needs: needs, eventual: true},
		cutter: cutter{kind: kind, probe: col.probe, now: c.cfg.Now},
	}
	count := param{"$count", "true"}
	if cast {
		path += "/" + col.cast
	} else {
		r.only, r.eventual, count = kind, false, param{}
	}
	r.url = c.link(path, param{"$select", selection([]string{col.probe})}, c.top(), count)
	return r, nil
}

func membersPath(u directory.Unit) (path, needs string) {
	base := collections[u.Kind].path + "/" + u.ID.String()
	needs = "GroupMember.Read.All"
	switch {
	case u.Kind == directory.AdministrativeUnit:
		return base + "/members", "AdministrativeUnit.Read.All"
	case u.Nested:
		return base + "/transitiveMembers", needs
	}
	return base + "/members", needs
}

func subject(u directory.Unit) string {
	return strings.TrimSpace(u.Kind.String() + " " + u.Name + " " + u.ID.String())
}

// NestedGroups returns the groups inside a group, at any depth.
// https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (c *Client) NestedGroups(ctx context.Context, u directory.Unit) ([]directory.ObjectID, error) {
	if u.Kind != directory.Group {
		return nil, nil
	}
	u.Nested = true
	var all []directory.ObjectID
	for p, err := range c.Members(ctx, u, directory.Group, directory.Cursor{}) {
		if err != nil {
			return nil, errs.Wrap(err, "read the nested groups")
		}
		for i := range p.Objects {
			all = append(all, p.Objects[i].ID)
		}
	}
	return all, nil
}
