package entrasim

import (
	"math/bits"
	"net/url"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/entrasim/estate"
	"github.com/musterhq/muster/internal/entrasim/odata"
)

// delta serves change tracking of one kind of object.
//
//	call                         answer
//	no token, $deltatoken=       initial round: objects as they are now
//	$deltatoken=latest           a deltaLink and no data
//	$deltatoken                  first page of a round of changes
//	$skiptoken                   the next page of either
//
// Options are read on the first call and baked into the tokens.
// https://learn.microsoft.com/graph/delta-query-overview
func (t *Tenant) delta(req *request, k estate.Kind) (*reply, error) {
	o, err := readOptions(req)
	if err != nil {
		return nil, err
	}
	if o.hasTop || o.expand != "" || o.orderby != "" || o.search != "" || o.hasSkip {
		return nil, badRequest("The query options $top, $skip, $expand, $orderby and $search are not supported on delta.")
	}
	c, err := t.deltaCursor(req, o, k)
	if err != nil {
		return nil, err
	}
	env := envelope{context: t.deltaContext(req, c), count: -1}
	c.Page++
	if o.deltatoken == "latest" {
		env.delta = t.deltaLink(req, c, c.Until)
		return jsonReply(200, env.wrap(nil)), nil
	}
	minimal := strings.Contains(strings.ToLower(req.header.Get("Prefer")), "return=minimal")
	items, next := t.deltaPage(req, c, minimal)
	if next == nil {
		env.delta = t.deltaLink(req, c, c.Until)
	} else {
		env.next = req.base + "/v1.0/" + strings.Join(req.path, "/") + "?$skiptoken=" + t.seal(next)
	}
	r := jsonReply(200, env.wrap(items))
	if minimal {
		r.header.Set("Preference-Applied", "return=minimal")
	}
	return r, nil
}

// deltaPage applies the faults that change the course of a round.
func (t *Tenant) deltaPage(req *request, c *cursor, minimal bool) ([]byte, *cursor) {
	plan, again := req.plan, *c
	switch {
	case plan.empty:
		return nil, nil
	case plan.emptyPage:
		return nil, &again
	}
	page := &deltaWriter{t: t, c: c, size: t.cfg.PageSize, budget: t.cfg.PageSize * 10, minimal: minimal}
	if plan.split {
		page.budget = 3
	}
	var next *cursor
	if c.Round {
		next = page.changes()
	} else {
		if plan.removedInitial && c.Page == 1 {
			page.ghosts()
		}
		next = page.initial()
	}
	if plan.duplicates && page.first > 0 {
		page.b = append(page.b, page.b[:page.first]...)
	}
	if plan.repeat || plan.endless && next == nil {
		next = &again
	}
	return page.b, next
}

// deltaCursor turns the tokens of a call into the place where it continues.
func (t *Tenant) deltaCursor(req *request, o *options, k estate.Kind) (*cursor, error) {
	token := o.skiptoken + o.deltatoken
	if token == "" || token == "latest" {
		return t.firstCursor(req, o, k)
	}
	c, err := t.unseal(token)
	if err != nil || !c.Delta || c.Kind != k || c.Final != (o.deltatoken != "") {
		return nil, badRequest("Badly formed token.")
	}
	if !c.Final {
		if t.expired(c) || req.plan.expirePage {
			return nil, expiredPage()
		}
		return c, nil
	}
	if req.plan.expireDelta == 410 {
		e := staleDelta(410)
		e.header.Set("Location", t.freshStart(req, c))
		return nil, e
	}
	if t.expired(c) || req.plan.expireDelta != 0 {
		return nil, staleDelta(400)
	}
	round := *c
	round.Final, round.Round, round.Page = false, true, 0
	round.From, round.Member = 0, 0
	if req.plan.replay {
		round.Seq = c.Base
	}
	round.Until = max(round.Seq, t.VisibleSeq(k, req.plan.delay))
	return &round, nil
}

// freshStart is the Location of a 410: the call that began it all, with an
// empty $deltatoken.
func (t *Tenant) freshStart(req *request, c *cursor) string {
	u := req.base + "/v1.0/" + strings.Join(req.path, "/") + "?"
	if c.Full {
		u += "$select=" + url.QueryEscape(strings.Join(t.selectedNames(c), ",")) + "&"
	}
	return u + "$deltatoken="
}

func (t *Tenant) firstCursor(req *request, o *options, k estate.Kind) (*cursor, error) {
	sel, err := t.selectFor(o, []estate.Kind{k}, false)
	if err != nil {
		return nil, err
	}
	c := &cursor{Kind: k, Delta: true, Select: sel.masks[k] | 1, Full: sel.explicit, Until: t.VisibleSeq(k, req.plan.delay)}
	if !sel.explicit {
		c.Select |= t.Schemas[k].Links &^ (1 << estate.UserManager) // members come by default, the manager does not
		if k == estate.KindGroup {
			c.Select &^= 1 << estate.GroupOwners
		}
	}
	if o.filter != "" {
		c.IDs, err = deltaIDs(o.filter, k)
	}
	return c, err
}

// deltaIDs reads the only filter that delta knows: id eq '...' or id eq '...'.
func deltaIDs(filter string, k estate.Kind) ([]string, error) {
	expr, err := odata.Parse(filter)
	if err != nil {
		return nil, badRequest("Invalid filter clause: %s", err)
	}
	var ids []string
	plain := expr.Leaves(func(e *odata.Expr) bool {
		ids = append(ids, strings.ToLower(e.Values[0].Text))
		return e.Op == odata.Eq && strings.EqualFold(e.Property, "id")
	})
	if !plain || !onlyOr(expr) {
		return nil, unsupported("Only filters of the form id eq 'value' or id eq 'value' are supported on delta.")
	}
	if len(ids) > 50 && (k == estate.KindUser || k == estate.KindGroup) {
		return nil, badRequest("Too many ids in the filter: %d, at most 50.", len(ids))
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func onlyOr(e *odata.Expr) bool {
	return e.Op != "" || e.Join == "or" && onlyOr(e.Left) && onlyOr(e.Right)
}

func (t *Tenant) deltaContext(req *request, c *cursor) string {
	u := req.base + "/v1.0/$metadata#" + t.Schemas[c.Kind].Set
	if c.Full && c.Page == 0 && !c.Round {
		u += "(" + strings.Join(t.selectedNames(c), ",") + ")"
	}
	return u
}

func (t *Tenant) selectedNames(c *cursor) []string {
	var names []string
	for m := c.Select &^ 1; m != 0; m &= m - 1 {
		names = append(names, t.Schemas[c.Kind].Props[bits.TrailingZeros64(m)].Name)
	}
	return names
}

func (t *Tenant) deltaLink(req *request, c *cursor, seq uint64) string {
	link := &cursor{Kind: c.Kind, Delta: true, Final: true, Select: c.Select, Full: c.Full, IDs: c.IDs, Seq: seq, Base: c.Seq}
	return req.base + "/v1.0/" + strings.Join(req.path, "/") + "?$deltatoken=" + t.seal(link)
}
