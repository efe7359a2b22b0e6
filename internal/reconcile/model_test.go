package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"pgregory.net/rapid"
)

// model is a register in memory that holds what concerns one subject. It
// carries changes out as plainly as can be, so that it can be the judge of them.
type model struct {
	c     Case
	facts *Facts
	next  int64
	// found keeps what Candidates were before one of them was linked.
	found map[int]Current
}

func newModel(c Case, f *Facts) *model {
	c.Current = slices.Clone(c.Current)
	return &model{c: c, facts: f, next: 9000, found: map[int]Current{}}
}

func (m *model) plan() []Change { return Plan(m.c, m.facts) }

// run carries out what acts and returns it as it was carried out.
func (m *model) run(plan []Change) (applied []Change) {
	for _, ch := range plan {
		if ch.Verb.Acts() {
			applied = append(applied, m.apply(ch))
		}
	}
	return applied
}

func (m *model) find(ch *Change) int {
	return slices.IndexFunc(m.c.Current, func(cur Current) bool {
		return cur.Target == ch.Target && cur.Collection == ch.Collection
	})
}

func (m *model) apply(ch Change) Change {
	at := m.find(&ch)
	cur := &m.c.Current[at]
	cur.Version++
	switch {
	case ch.Unlinks():
		m.unlink(at, &ch)
		return ch
	case ch.Verb == Add:
		m.next++
		cur.ID = m.next
		ch.TargetID = cur.ID
	case ch.Verb == Adopt || ch.Verb == Relink:
		m.link(at, ch.TargetID)
	case ch.Verb == Archive:
		*cur = Current{Target: cur.Target, Collection: cur.Collection}
		return ch
	case ch.Verb == Deactivate:
		cur.Login.Deactivated = true
	case ch.Verb == Reactivate:
		cur.Login.Deactivated = false
	}
	if ch.Target == Record && (ch.Verb == Add || ch.Verb == Adopt || ch.Verb == Relink || ch.Verb == SetStatus) {
		cur.Status = ch.Status
	}
	ch.Fields = m.write(cur, ch.Fields)
	cur.Login.write(&ch)
	return ch
}

func (m *model) link(at int, id int64) {
	cur := &m.c.Current[at]
	m.found[at] = *cur
	k := cur.Candidates[slices.IndexFunc(cur.Candidates, func(k Candidate) bool { return k.ID == id })]
	cur.ID, cur.Candidates, cur.Fields, cur.Pinned, cur.Login = k.ID, nil, k.Fields, k.Pinned, k.Login
}

func (m *model) unlink(at int, ch *Change) {
	cur := m.c.Current[at]
	cur.Login.write(ch)
	was := m.found[at]
	was.Candidates = slices.Clone(was.Candidates)
	for i := range was.Candidates {
		if k := &was.Candidates[i]; k.ID == cur.ID {
			k.Fields, k.Login = cur.Fields, cur.Login
		}
	}
	m.c.Current[at] = was
}

// write sets fields; a reference becomes a number, the same one each time.
func (m *model) write(cur *Current, fields []FieldChange) []FieldChange {
	fields, cur.Fields = slices.Clone(fields), slices.Clone(cur.Fields)
	for i := range fields {
		f := &fields[i]
		if f.Ref != nil {
			m.next++
			if m.facts.Resolve[f.Ref.Key()] == 0 {
				m.facts.Resolve[f.Ref.Key()] = m.next
			}
			f.After = datatype.OfRecord(m.facts.Resolve[f.Ref.Key()])
		}
		cur.Fields = slices.DeleteFunc(cur.Fields, func(v FieldValue) bool { return v.Field == f.Field })
		cur.Fields = append(cur.Fields, FieldValue{f.Field, f.After})
	}
	return fields
}

func (s *LoginState) write(ch *Change) {
	if ch.LoginName != "" {
		s.Name = ch.LoginName
	}
	if ch.LoginEmail != "" {
		s.Email = ch.LoginEmail
	}
	s.Grants = slices.Clone(s.Grants)
	for _, r := range ch.Roles {
		s.Grants = slices.DeleteFunc(s.Grants, func(g Grant) bool { return g.Module == r.Module && g.Mapping == r.Mapping })
		if r.After != 0 {
			s.Grants = append(s.Grants, Grant{r.Module, r.Mapping, r.After, r.After == moduleAdmin})
		}
	}
}

// String says all that the register holds, but for versions. A login that is
// closed and new, and a record put away, count as not there.
func (m *model) String() string {
	var b strings.Builder
	for _, cur := range m.c.Current {
		if cur.ID > 9000 && cur.Login.Deactivated {
			cur = Current{Target: cur.Target}
		}
		fmt.Fprintf(&b, "%s %d #%d %s %s\n", cur.Target, cur.Collection, cur.ID, cur.Status, holdings(cur.Fields, &cur.Login))
		for _, k := range cur.Candidates {
			fmt.Fprintf(&b, "  or #%d of %d %s\n", k.ID, k.LinkedTo, holdings(k.Fields, &k.Login))
		}
	}
	return b.String()
}

func holdings(fields []FieldValue, s *LoginState) string {
	var parts []string
	for _, f := range fields {
		if !f.Value.IsEmpty() {
			parts = append(parts, fmt.Sprintf("field %d=%s", f.Field, f.Value.JSON()))
		}
	}
	for _, g := range s.Grants {
		parts = append(parts, fmt.Sprintf("grant %v", g))
	}
	slices.Sort(parts)
	return fmt.Sprintf("%v %q %q closed %t by hand %t", parts, s.Name, s.Email, s.Deactivated, s.ByHand)
}

// drawCase makes up a subject, what mappings want of it and what there is.
func drawCase(t *rapid.T) (Case, *Facts) {
	sub := subject(Standing(rapid.IntRange(0, int(NotFound)).Draw(t, "standing")))
	if rapid.Bool().Draw(t, "live") {
		sub.Standing = Live // the standing with the most paths
	}
	sub.Guest = rapid.Bool().Draw(t, "guest")
	c := Case{Subject: sub}
	for n := range rapid.IntRange(0, 2).Draw(t, "record mappings") {
		d := drawEntry(t, recordWish())
		d.Mapping, d.Fields = mapRecords+int64(n), drawWishedFields(t)
		c.Desired = append(c.Desired, d)
	}
	for _, mapping := range []int64{mapAdmins, mapStaff, mapOther} {
		if rapid.Bool().Draw(t, "has login mapping") {
			c.Desired = append(c.Desired, drawLoginWish(t, mapping))
		}
	}
	c.Current = []Current{drawCurrent(t, noRecord()), drawCurrent(t, noLogin())}
	return c, facts()
}

func drawEntry(t *rapid.T, d Desired) Desired {
	switch rapid.SampledFrom([]string{"in", "in", "out", "undetermined"}).Draw(t, "membership") {
	case "out":
		return outside(d, rapid.SampledFrom([]Reason{OutsideUnits, OutsideConditions, GuestExcluded, ""}).Draw(t, "why"))
	case "undetermined":
		return undetermined(d)
	}
	return d
}

func drawLoginWish(t *rapid.T, mapping int64) Desired {
	d := drawEntry(t, loginWish(mapping, rapid.SampledFrom([]int64{collaborator, moduleAdmin}).Draw(t, "role")))
	d.Role.Module = rapid.SampledFrom([]int64{module1, module2}).Draw(t, "module")
	d.LoginName = rapid.SampledFrom([]string{"", "Ada", "Ada Byron"}).Draw(t, "login name")
	d.LoginEmail = rapid.SampledFrom([]string{"", "ada@example.com", "ADA@example.com", "b@example.com"}).Draw(t, "login email")
	d.LeaveWhenNotFound = rapid.Bool().Draw(t, "leave when not found")
	if rapid.Bool().Draw(t, "keeps a role") {
		d.KeepWhenOutside = RoleWish{Module: d.Role.Module, Role: viewer}
	}
	return d
}

func drawWishedFields(t *rapid.T) []DesiredField {
	var out []DesiredField
	for f := fieldName; f <= fieldNote; f++ {
		d := DesiredField{
			Field: f, Said: rapid.Bool().Draw(t, "said"),
			Value: text(rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "value")),
			Owner: Owner(rapid.IntRange(0, 2).Draw(t, "owner")),
			Empty: EmptyRule(rapid.IntRange(0, 1).Draw(t, "empty rule")),
		}
		switch rapid.IntRange(0, 5).Draw(t, "special") {
		case 0:
			d.Problem = &Issue{Field: f, Reason: rapid.SampledFrom([]Reason{ValueDoesNotFit, RequiredFieldEmpty}).Draw(t, "problem")}
		case 1:
			// One name is there, one is made where wanted, one never comes.
			label := rapid.SampledFrom([]string{"sales", "marketing", "nowhere"}).Draw(t, "reference")
			d.Value, d.Ref = datatype.Value{}, &Ref{Collection: 2, Text: label, Label: label, Create: label == "marketing"}
		case 2:
			d.Value, d.Ref = datatype.Value{}, &Ref{Collection: people, Object: directory.ObjectID{9}, Label: "manager"}
		}
		if rapid.Bool().Draw(t, "mapped") {
			out = append(out, d)
		}
	}
	return out
}

func drawCurrent(t *rapid.T, cur Current) Current {
	if rapid.Bool().Draw(t, "linked") {
		cur.ID, cur.Version = 40+int64(cur.Target), 8
		cur.Fields, cur.Pinned, cur.Login = drawHeld(t, cur.Target)
		if cur.Target == Record {
			cur.Status = Status(rapid.IntRange(0, int(StatusConflict)).Draw(t, "status"))
		}
		return cur
	}
	for n := range rapid.SampledFrom([]int{0, 0, 1, 1, 2}).Draw(t, "candidates") {
		k := Candidate{ID: int64(60 + n), Version: 2, SameObject: rapid.Bool().Draw(t, "same object")}
		if rapid.Bool().Draw(t, "candidate is linked") {
			k.LinkedTo, k.Other = 9, Standing(rapid.IntRange(0, int(NotFound)).Draw(t, "standing of the other"))
		}
		k.Fields, k.Pinned, k.Login = drawHeld(t, cur.Target)
		cur.Candidates = append(cur.Candidates, k)
	}
	return cur
}

func drawHeld(t *rapid.T, target Target) (fields []FieldValue, pinned []int64, s LoginState) {
	if target == Record {
		for f := fieldName; f <= fieldNote; f++ {
			if v := rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "held"); v != "" {
				fields = append(fields, holds(f, v))
			}
			if rapid.IntRange(0, 4).Draw(t, "pinned") == 0 {
				pinned = append(pinned, f)
			}
		}
		return fields, pinned, s
	}
	s.Name = rapid.SampledFrom([]string{"Ada", "Augusta"}).Draw(t, "held name")
	s.Email = rapid.SampledFrom([]string{"ada@example.com", "c@example.com"}).Draw(t, "held email")
	s.Deactivated = rapid.Bool().Draw(t, "deactivated")
	s.ByHand = s.Deactivated && rapid.Bool().Draw(t, "by hand")
	s.Protected = rapid.IntRange(0, 4).Draw(t, "protected") == 0
	for _, mapping := range []int64{0, mapAdmins, mapStaff, mapOther, mapRemoved, mapForeign} {
		for _, module := range []int64{module1, module2} {
			if rapid.IntRange(0, 3).Draw(t, "granted") == 0 {
				role := rapid.SampledFrom([]int64{collaborator, moduleAdmin, viewer}).Draw(t, "granted role")
				s.Grants = append(s.Grants, Grant{module, mapping, role, role == moduleAdmin})
			}
		}
	}
	return nil, nil, s
}
