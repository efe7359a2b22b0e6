package entra

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
)

// FindUser finds a user by object ID, by user principal name, or by mail when
// no name fits. It fails with errs.NotFound, or with errs.Conflict when several
// users have the address.
//
// https://learn.microsoft.com/graph/api/user-get
func (c *Client) FindUser(ctx context.Context, nameOrID string, selects []string) (directory.Object, error) {
	name := strings.TrimSpace(nameOrID)
	rq := call{op: "find a user", subject: name, needs: "User.Read.All", check: wholeJSON,
		url: c.link(userPath(name), param{"$select", selection(selects)})}
	if name == "" {
		return directory.Object{}, errs.New(errs.Invalid, "there is no name to look for").During(rq.op)
	}
	a, err := c.do(ctx, rq)
	switch status := statusOf(err); {
	case err == nil:
		return c.single(directory.User, a.body)
	case status != http.StatusNotFound && status != http.StatusBadRequest, guid.MatchString(name):
		return directory.Object{}, err
	}
	found, err := c.search(ctx, directory.User, "mail eq "+literal(name), 3, selects)
	if err != nil {
		return directory.Object{}, err
	}
	return onlyOne(found, "user", name)
}

// userPath is the address of a user. The key goes into the path escaped; a name
// that begins with a dollar needs the form in brackets, with quotes doubled.
func userPath(name string) string {
	if strings.HasPrefix(name, "$") {
		return "/users(" + url.PathEscape(literal(name)) + ")"
	}
	return "/users/" + url.PathEscape(name)
}

// FindUnit finds a group or administrative unit by object ID or by its exact
// name. It fails with errs.NotFound, or with errs.Conflict naming the IDs when
// several have the name.
//
// https://learn.microsoft.com/graph/api/group-list
func (c *Client) FindUnit(ctx context.Context, ref directory.UnitRef) (directory.Unit, error) {
	col, err := collectionOf(ref.Kind)
	if err != nil {
		return directory.Unit{}, err
	}
	name := strings.TrimSpace(ref.Name)
	var o directory.Object
	if guid.MatchString(name) {
		rq := call{op: "find a unit", subject: ref.Kind.String() + " " + name, needs: col.needs, check: wholeJSON,
			url: c.link(col.path+"/"+name, param{"$select", "id,displayName"})}
		a, err := c.do(ctx, rq)
		if err != nil {
			return directory.Unit{}, err
		}
		o, err = c.single(ref.Kind, a.body)
		if err != nil {
			return directory.Unit{}, err
		}
	} else {
		found, err := c.search(ctx, ref.Kind, "displayName eq "+literal(name), 20, []string{"displayName"})
		if err != nil {
			return directory.Unit{}, err
		}
		if o, err = onlyOne(found, ref.Kind.String(), name); err != nil {
			return directory.Unit{}, err
		}
	}
	return directory.Unit{Kind: ref.Kind, ID: o.ID, Name: o.Doc.Get("displayName").String(), Nested: ref.Nested}, nil
}

// onlyOne returns the only object of found.
func onlyOne(found []directory.Object, what, name string) (directory.Object, error) {
	switch len(found) {
	case 0:
		return directory.Object{}, errs.New(errs.NotFound, "the directory has no such %s", what).About("%s %s", what, name).
			WithHint("Check the spelling, or give the object ID.")
	case 1:
		return found[0], nil
	}
	var ids []string
	for _, o := range found {
		ids = append(ids, o.ID.String())
	}
	return directory.Object{}, errs.New(errs.Conflict, "the directory has several: %s", strings.Join(ids, ", ")).
		About("%s %s", what, name).WithHint("Give the object ID of the one that is meant.")
}

// search lists the first objects that a filter finds, with owned documents.
func (c *Client) search(ctx context.Context, kind directory.Kind, filter string, most int, selects []string) ([]directory.Object, error) {
	col := collections[kind]
	r := &reading{
		call: call{op: "search " + kind.String() + "s", needs: col.needs,
			url: c.link(col.path, param{"$filter", filter}, param{"$select", selection(selects)}, param{"$top", strconv.Itoa(most)})},
		cutter: cutter{kind: kind, now: c.cfg.Now},
	}
	var found []directory.Object
	for p, err := range c.pages(ctx, r) {
		if err != nil {
			return nil, err
		}
		for _, o := range p.Objects {
			o.Doc = slices.Clone(o.Doc)
			found = append(found, o)
		}
		if len(found) >= most {
			break
		}
	}
	return found[:min(len(found), most)], nil
}

// SearchUnits returns groups and administrative units whose names begin with
// prefix, by name, up to limit. Administrative units are left out when the
// application may not read them: a picker offers what can be used.
//
// https://learn.microsoft.com/graph/aad-advanced-queries
func (c *Client) SearchUnits(ctx context.Context, prefix string, limit int) ([]directory.Unit, error) {
	filter := ""
	if prefix = strings.TrimSpace(prefix); prefix != "" {
		filter = "startsWith(displayName," + literal(prefix) + ")"
	}
	limit = min(max(limit, 1), c.cfg.PageSize)
	var units []directory.Unit
	for _, kind := range []directory.Kind{directory.Group, directory.AdministrativeUnit} {
		found, err := c.search(ctx, kind, filter, limit, []string{"displayName"})
		if kind == directory.AdministrativeUnit && errs.Is(err, errs.Forbidden) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, o := range found {
			units = append(units, directory.Unit{Kind: kind, ID: o.ID, Name: o.Doc.Get("displayName").String()})
		}
	}
	slices.SortStableFunc(units, func(a, b directory.Unit) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return units[:min(len(units), limit)], nil
}
