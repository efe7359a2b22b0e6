package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reconcile"
)

// field maps one row.
//
//	attribute      required field          other field
//	not mentioned  issue, nothing said     nothing said (F34)
//	empty          issue                   empty; the row's rule decides what follows (F35)
//	does not fit   issue                   issue, for this field alone
//	fits           the value               the value
//
// The issue of a required field is RequiredFieldEmpty throughout, because a new
// record cannot do without it; on an existing record the field stays as it is.
func (m *Mapper) field(r *row, t *trace) reconcile.DesiredField {
	out := reconcile.DesiredField{Field: r.field.ID, Owner: r.owner, Empty: r.empty, Source: r.source}
	v, problem := m.transformed(r, t)
	if problem == "" && v.State() != directory.Absent {
		out.Said = true
		out.Value, out.Ref, problem = m.fit(r, &v)
	}
	empty := out.Value.IsEmpty() && out.Ref == nil
	switch {
	case r.field.Spec.Required && empty:
		out.Problem = &reconcile.Issue{Field: r.field.ID, Reason: reconcile.RequiredFieldEmpty, Detail: m.lack(r, &v, problem)}
	case problem != "":
		out.Problem = &reconcile.Issue{Field: r.field.ID, Reason: reconcile.ValueDoesNotFit, Detail: problem}
	}
	t.field(r, &out)
	return out
}

// lack says why a required field has no value.
func (m *Mapper) lack(r *row, v *directory.Value, problem string) string {
	switch {
	case problem != "":
		return problem
	case v.State() == directory.Absent:
		return "the directory did not say " + r.source
	}
	return r.source + " is empty in the directory"
}

// transformed returns the value of a row's sources after its transforms.
// Absent means that nothing can be said.
func (m *Mapper) transformed(r *row, t *trace) (v directory.Value, problem string) {
	v = m.found(r, t)
	for i := range r.steps {
		st := &r.steps[i]
		if v, problem = st.apply(&m.sheet, v); problem != "" {
			problem = st.Kind + ": " + problem
		}
		t.step(st, &v, problem)
		if problem != "" {
			return v, problem
		}
	}
	return v, ""
}

// found returns the first source's value that holds something. One that was
// not mentioned ends the search, since it could outrank the rest.
func (m *Mapper) found(r *row, t *trace) directory.Value {
	var v directory.Value
	for i := range r.sources {
		v = m.read(&r.sources[i])
		t.source(&r.sources[i], &v)
		if !v.IsEmpty() {
			return v
		}
	}
	return v
}

// read returns a source's value. Lists in no promised order are sorted, so that
// another order next time is no change.
func (m *Mapper) read(src *source) directory.Value {
	if len(src.parts) > 1 {
		return m.compose(src.parts)
	}
	v := m.sheet.value(src.parts[0])
	if src.unordered && v.Form() == directory.List && v.State() == directory.Present && len(v.List()) > 1 {
		items := slices.Clone(v.List())
		slices.SortFunc(items, func(a, b string) int {
			if c := strings.Compare(datatype.KeyOfText(a), datatype.KeyOfText(b)); c != 0 {
				return c
			}
			return strings.Compare(a, b)
		})
		return directory.ListValue(items)
	}
	return *v
}

// compose lists the values of several parts, empty ones left out. It is unknown
// when one of them is.
func (m *Mapper) compose(parts []int) directory.Value {
	var items []string
	for _, p := range parts {
		v := m.sheet.value(p)
		if v.State() == directory.Absent {
			return directory.Value{}
		}
		items = append(items, v.List()...)
	}
	if len(items) == 0 {
		return directory.NullValue()
	}
	return directory.ListValue(items)
}

// fit turns a directory's value into one of the field's type. A problem is
// returned in words that name what would fit.
//
//	type             from
//	text, long text  text; yes or no in words; a list joined by ", " or line breaks
//	date             a day, or a moment in the rule's zone (F39)
//	choices          a list, or a text split at commas
//	link             a name, or for managers and owners an object ID
//	others           text, or a list's one item; phones and emails a list's first
func (m *Mapper) fit(r *row, v *directory.Value) (datatype.Value, *reconcile.Ref, string) {
	if v.IsEmpty() {
		return datatype.Value{}, nil, ""
	}
	if r.field.Spec.Type == datatype.Link {
		ref, problem := m.link(r, v)
		return datatype.Value{}, ref, problem
	}
	if v.Form() == directory.Nested {
		return datatype.Value{}, nil, r.source + " holds an object; only a text, a number, yes or no, or a list fits"
	}
	if r.field.Spec.Type == datatype.Choices && v.Form() == directory.List {
		out, err := datatype.ParseList(r.field.Spec, v.List())
		return out, nil, inWords(err)
	}
	text, problem := m.text(&r.field.Spec, v)
	if problem != "" {
		return datatype.Value{}, nil, problem
	}
	out, err := m.arena.Parse(&r.field.Spec, text)
	if err != nil && strings.ContainsAny(text, "\r\n\t") {
		// A street address over two lines still goes into a field of one line.
		out, err = m.arena.Parse(&r.field.Spec, strings.Join(strings.Fields(text), " "))
	}
	return out, nil, inWords(err)
}

// text returns the one text that a field other than a link reads.
func (m *Mapper) text(spec *datatype.Spec, v *directory.Value) (text, problem string) {
	if truth, ok := v.Truth(); ok {
		return datatype.OfBool(truth).String(), ""
	}
	if v.Form() == directory.List {
		return listText(spec, v.List())
	}
	text = v.String()
	if spec.Type == datatype.Date && strings.Contains(text, "T") {
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			text = t.In(m.rule.zone).Format(time.DateOnly)
		}
	}
	return text, ""
}

// listText turns a list into the one text that a field reads.
func listText(spec *datatype.Spec, items []string) (text, problem string) {
	switch {
	case len(items) == 1 || spec.Type == datatype.Phone || spec.Type == datatype.Email:
		return items[0], ""
	case spec.Type == datatype.LongText:
		return strings.Join(items, "\n"), ""
	case spec.Type == datatype.Text:
		return strings.Join(items, ", "), ""
	}
	return "", "several values where one fits; take the first or join them"
}

// link returns the reference that a link wants: an object for managers and
// owners, else a name.
func (m *Mapper) link(r *row, v *directory.Value) (*reconcile.Ref, string) {
	ref := reconcile.Ref{Collection: r.field.Spec.Collection, Create: r.create}
	text := v.String()
	if items := v.List(); len(items) > 0 {
		text = items[0]
	}
	if r.reference {
		id, ok := directory.ParseObjectIDBytes([]byte(text))
		if !ok {
			return nil, "not the identifier of an object: " + clip(text)
		}
		ref.Object, ref.Create = id, false
		return m.newRef(ref), ""
	}
	name, err := m.arena.Parse(&datatype.Spec{Type: datatype.Text}, strings.Join(strings.Fields(text), " "))
	if err != nil {
		return nil, inWords(err)
	}
	if name.IsEmpty() {
		return nil, ""
	}
	ref.Label, ref.Text = name.String(), datatype.Key(name)
	return m.newRef(ref), ""
}

// inWords returns an error's message without its operation.
func inWords(err error) string {
	if err == nil {
		return ""
	}
	if e, ok := err.(*errs.Error); ok && e.Message != "" {
		return e.Message
	}
	return err.Error()
}
