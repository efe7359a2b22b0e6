package mapping

import (
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/reconcile"
)

// Map appends to dst what the rule wants for one object whose values were
// picked by the mapper's fields: one Desired, or two for a login mapping that
// keeps records as well, the login first. Membership is of any of the rule's
// units and does not count when it has none. For an object that is deleted or
// cannot be found no field is mapped: its attributes are no longer its own.
func (m *Mapper) Map(dst []reconcile.Desired, s *reconcile.Subject, values []directory.Value, in reconcile.Membership) []reconcile.Desired {
	m.sheet.values = values
	return m.mapSheet(dst, s, in, nil)
}

// mapSheet is Map, and Explain when there is a trace to write.
func (m *Mapper) mapSheet(dst []reconcile.Desired, s *reconcile.Subject, in reconcile.Membership, t *trace) []reconcile.Desired {
	d := &m.rule.def
	entry := m.enters(s, in, t)
	fields, login := m.fieldsOf(s, t)
	if d.Kind == Login {
		out := reconcile.Desired{
			Mapping: d.ID, Target: reconcile.Login,
			Role:              reconcile.RoleWish{Module: d.Module, Role: d.Role, Administrator: d.Administrator},
			LeaveWhenNotFound: d.LeaveWhenNotFound, KeepWhenOutside: d.Outside,
			LoginName: login.name, LoginEmail: login.email,
		}
		entry.put(&out)
		if s.Guest && d.Guests == PeopleOnly {
			entry.guest().put(&out)
		}
		out.Match = m.loginMatch(s, &out)
		dst = append(dst, out)
	}
	if d.Collection == 0 {
		return dst
	}
	out := reconcile.Desired{
		Mapping: d.ID, Target: reconcile.Record, Collection: d.Collection, Fields: fields,
		LeaveWhenNotFound: d.LeaveWhenNotFound,
	}
	entry.put(&out)
	out.Match = m.recordMatch(fields)
	return append(dst, out)
}

// entry is whether an object enters, and the clause that decided.
type entry struct {
	enters, undetermined bool
	why                  reconcile.Reason
	detail               string
}

func (e entry) put(d *reconcile.Desired) {
	d.Enters, d.Undetermined, d.Why, d.Detail = e.enters, e.undetermined, e.why, e.detail
}

// guest turns an entry into the refusal of a guest's login.
func (e entry) guest() entry {
	return entry{why: reconcile.GuestExcluded}
}

// enters decides who enters. What keeps an object out for certain outweighs
// what is unknown.
//
//	guest excluded  a condition  units         outcome
//	yes             any          any           out: guests are excluded
//	no              fails        any           out: conditions
//	no              not failing  outside       out: units
//	no              unknown      not outside   undetermined: an attribute was not mentioned (F34)
//	no              all hold     undetermined  undetermined: the unit was not read completely (F4)
//	no              all hold     member        enters
func (m *Mapper) enters(s *reconcile.Subject, in reconcile.Membership, t *trace) entry {
	r := m.rule
	if s.Guest && r.def.Guests == ExcludeGuests || s.Guest && r.def.Guests == PeopleOnly && r.def.Collection == 0 {
		return entry{}.guest()
	}
	var unsaid string
	for i := range r.clauses {
		c := &r.clauses[i]
		v := m.read(&c.src)
		verdict := c.judge(v)
		t.clause(c, v, verdict)
		switch verdict {
		case fails:
			return entry{why: reconcile.OutsideConditions, detail: c.words + detailOf(v)}
		case unknown:
			unsaid = "the directory did not say " + c.Path
		}
	}
	switch {
	case len(r.def.Units) > 0 && in == reconcile.Outside:
		return entry{why: reconcile.OutsideUnits}
	case unsaid != "":
		return entry{undetermined: true, why: reconcile.OutsideConditions, detail: unsaid}
	case len(r.def.Units) > 0 && in != reconcile.Member:
		return entry{undetermined: true, why: reconcile.UnitUnknown}
	}
	return entry{enters: true}
}

// detailOf completes a failed condition with what the directory says instead.
func detailOf(v *directory.Value) string {
	if v.IsEmpty() {
		return "; it is empty"
	}
	return "; it is " + clip(v.String())
}

// login is the name and email of a login.
type login struct{ name, email string }

// fieldsOf maps every row.
func (m *Mapper) fieldsOf(s *reconcile.Subject, t *trace) (fields []reconcile.DesiredField, l login) {
	if s.Standing >= reconcile.SoftDeleted {
		return nil, l
	}
	fields = m.fields.take(len(m.rule.rows))[:0]
	if m.rule.def.Kind == Login {
		l = m.loginOf(s)
	}
	for i := range m.rule.rows {
		r := &m.rule.rows[i]
		if r.field.ID < 0 {
			m.loginRow(r, &l, t)
			continue
		}
		fields = fields[:len(fields)+1]
		m.field(r, &fields[len(fields)-1], t)
	}
	return fields, l
}

// loginRow maps a row for the name or email of a login. What it does not know,
// or what does not fit, leaves the usual one in place.
func (m *Mapper) loginRow(r *row, l *login, t *trace) {
	var f reconcile.DesiredField
	m.field(r, &f, t)
	if f.Problem != nil || f.Value.IsEmpty() {
		return
	}
	if r.field.ID == LoginNameField {
		l.name = f.Value.String()
	} else {
		l.email = f.Value.String()
	}
}

// loginOf returns the name and email of a login without rows for them. The
// email is the first that there is of (F31, F33)
//
//	mail                the main address
//	otherMails          of guests, if there is just one: their home address
//	userPrincipalName   of others; a guest's is no address and is never taken apart
//
// An address that was not mentioned counts as none here: a person who never
// had a mailbox looks like that in a round of changes.
func (m *Mapper) loginOf(s *reconcile.Subject) login {
	l := login{name: m.basic("displayName").String(), email: m.basic("mail").String()}
	if l.email == "" && s.Guest {
		if others := m.basic("otherMails").List(); len(others) == 1 {
			l.email = others[0]
		}
	} else if l.email == "" {
		l.email = m.basic("userPrincipalName").String()
	}
	if v, err := datatype.Parse(datatype.Spec{Type: datatype.Email}, l.email); err != nil {
		l.email = ""
	} else {
		l.email = v.String()
	}
	if l.name = strings.TrimSpace(l.name); l.name == "" {
		l.name = m.basic("userPrincipalName").String()
	}
	return l
}

// basic returns an attribute that every rule of users reads.
func (m *Mapper) basic(path string) *directory.Value {
	for i, p := range m.rule.paths {
		if p == path {
			return m.sheet.value(i)
		}
	}
	return &m.sheet.none
}

// loginMatch returns the keys by which an existing login is looked for: the
// identifier as an email, and the email it would get, which no two logins share.
func (m *Mapper) loginMatch(s *reconcile.Subject, d *reconcile.Desired) []reconcile.MatchKey {
	if s.Standing >= reconcile.SoftDeleted {
		return nil
	}
	first := ""
	if m.rule.identifierPath != "id" {
		first = datatype.KeyOfText(m.basic(m.rule.identifierPath).String())
	}
	second := datatype.KeyOfText(d.LoginEmail)
	switch {
	case first == "" && second == "":
		return nil
	case first == "" || first == second:
		return m.keys(reconcile.MatchKey{Key: second})
	case second == "":
		return m.keys(reconcile.MatchKey{Key: first})
	}
	return m.keys(reconcile.MatchKey{Key: first}, reconcile.MatchKey{Key: second})
}

func (m *Mapper) keys(keys ...reconcile.MatchKey) []reconcile.MatchKey {
	out := m.match.take(len(keys))
	copy(out, keys)
	return out
}

// recordMatch returns the key by which an existing record is looked for: the
// value that the identifier's field would get.
func (m *Mapper) recordMatch(fields []reconcile.DesiredField) []reconcile.MatchKey {
	if m.rule.identifier < 0 || len(fields) == 0 {
		return nil
	}
	id := m.rule.rows[m.rule.identifier].field.ID
	for i := range fields {
		if f := &fields[i]; f.Field == id && f.Problem == nil && !f.Value.IsEmpty() {
			return m.keys(reconcile.MatchKey{Field: id, Key: datatype.Key(f.Value)})
		}
	}
	return nil
}

// Reset takes back all memory that the mapper has given out, once a batch has
// been dealt with: what Map returned before is overwritten by what it returns
// from now on. Values and keys are texts and stay valid. Without Reset
// everything stays valid for as long as somebody holds it.
func (m *Mapper) Reset() {
	m.fields.rewind()
	m.refs.rewind()
	m.match.rewind()
}

// pool gives out elements from pieces of piece elements.
type pool[T any] struct {
	pieces [][]T
	at     int // the piece in use
	rest   []T // what is left of it
}

const piece = 4096

// take returns n elements, empty or left over from before a rewind.
func (p *pool[T]) take(n int) []T {
	if len(p.rest) < n {
		p.next(n)
	}
	out := p.rest[:n:n]
	p.rest = p.rest[n:]
	return out
}

func (p *pool[T]) next(n int) {
	for p.at++; p.at < len(p.pieces); p.at++ {
		if p.rest = p.pieces[p.at]; len(p.rest) >= n {
			return
		}
	}
	p.rest = make([]T, max(n, piece))
	p.pieces = append(p.pieces, p.rest)
}

func (p *pool[T]) rewind() { p.at, p.rest = -1, nil }
