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
		verdict := c.judge(&v)
		t.clause(c, &v, verdict)
		switch verdict {
		case fails:
			return entry{why: reconcile.OutsideConditions, detail: c.words + detailOf(&v)}
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
	fields = m.take(len(m.rule.rows))
	if m.rule.def.Kind == Login {
		l = m.loginOf(s)
	}
	for i := range m.rule.rows {
		r := &m.rule.rows[i]
		f := m.field(r, t)
		switch r.field.ID {
		case LoginNameField:
			if f.Problem == nil && !f.Value.IsEmpty() {
				l.name = f.Value.String()
			}
		case LoginEmailField:
			if f.Problem == nil && !f.Value.IsEmpty() {
				l.email = f.Value.String()
			}
		default:
			fields = append(fields, f)
		}
	}
	return fields, l
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
	return &absent
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
		return m.keep(reconcile.MatchKey{Key: second})
	case second == "":
		return m.keep(reconcile.MatchKey{Key: first})
	}
	return append(m.keep(reconcile.MatchKey{Key: first}), reconcile.MatchKey{Key: second})
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
			return m.keep(reconcile.MatchKey{Field: id, Key: datatype.Key(f.Value)})
		}
	}
	return nil
}

// Pieces of memory are given out bit by bit and never taken back, so that what
// was returned stays valid for as long as somebody holds it.
const piece = 256

func (m *Mapper) take(n int) []reconcile.DesiredField {
	if len(m.fields) < n {
		m.fields = make([]reconcile.DesiredField, n*piece)
	}
	out := m.fields[:0:n]
	m.fields = m.fields[n:]
	return out
}

func (m *Mapper) keep(k reconcile.MatchKey) []reconcile.MatchKey {
	if len(m.match) == 0 {
		m.match = make([]reconcile.MatchKey, piece)
	}
	m.match[0] = k
	out := m.match[:1:1]
	m.match = m.match[1:]
	return out
}

func (m *Mapper) newRef(ref reconcile.Ref) *reconcile.Ref {
	if len(m.refs) == 0 {
		m.refs = make([]reconcile.Ref, piece)
	}
	out := &m.refs[0]
	*out = ref
	m.refs = m.refs[1:]
	return out
}
