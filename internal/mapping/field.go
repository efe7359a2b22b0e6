package mapping

import (
	"cmp"
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
func (m *Mapper) field(r *row, out *reconcile.DesiredField, t *trace) {
	*out = reconcile.DesiredField{Field: r.field.ID, Owner: r.owner, Empty: r.empty, Source: r.source}
	v, problem := m.transformed(r, t)
	if problem == "" && v.State() != directory.Absent {
		out.Said = true
		problem = m.fit(r, v, out)
	}
	switch {
	case r.field.Spec.Required && out.Value.IsEmpty() && out.Ref == nil:
		out.Problem = &reconcile.Issue{Field: r.field.ID, Reason: reconcile.RequiredFieldEmpty, Detail: m.lack(r, v, problem)}
	case problem != "":
		out.Problem = &reconcile.Issue{Field: r.field.ID, Reason: reconcile.ValueDoesNotFit, Detail: problem}
	}
	t.field(r, out)
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

// transformed returns the value of a row's sources after its transforms, until
// the next call. Absent means that nothing can be said.
func (m *Mapper) transformed(r *row, t *trace) (v *directory.Value, problem string) {
	v = m.found(r, t)
	for i := range r.steps {
		st := &r.steps[i]
		m.scratch, problem = st.apply(&m.sheet, *v)
		v = &m.scratch
		if problem != "" {
			problem = st.Kind + ": " + problem
		}
		t.step(st, v, problem)
		if problem != "" {
			break
		}
	}
	return v, problem
}

// found returns the first source's value that holds something. One that was
// not mentioned ends the search, since it could outrank the rest.
func (m *Mapper) found(r *row, t *trace) *directory.Value {
	v := &m.sheet.none
	for i := range r.sources {
		v = m.read(&r.sources[i])
		t.source(&r.sources[i], v)
		if !v.IsEmpty() {
			break
		}
	}
	return v
}

// read returns a source's value, until the next call. Lists in no promised
// order are sorted, so that another order next time is no change.
func (m *Mapper) read(src *source) *directory.Value {
	if len(src.parts) > 1 {
		m.scratch = m.compose(src.parts)
		return &m.scratch
	}
	v := m.sheet.value(src.parts[0])
	if src.unordered && v.Form() == directory.List && len(v.List()) > 1 {
		m.scratch = directory.ListValue(sorted(v.List()))
		return &m.scratch
	}
	return v
}

// sorted returns items by their keys, and by spelling where those are the same.
func sorted(items []string) []string {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b string) int {
		return cmp.Or(strings.Compare(datatype.KeyOfText(a), datatype.KeyOfText(b)), strings.Compare(a, b))
	})
	return items
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
func (m *Mapper) fit(r *row, v *directory.Value, out *reconcile.DesiredField) (problem string) {
	spec := &r.field.Spec
	var err error
	switch {
	case v.IsEmpty():
		return ""
	case spec.Type == datatype.Link:
		out.Ref, problem = m.link(r, v)
		return problem
	case v.Form() == directory.Nested:
		return r.source + " holds an object; only a text, a number, yes or no, or a list fits"
	case spec.Type == datatype.Choices && v.Form() == directory.List:
		out.Value, err = datatype.ParseList(*spec, v.List())
		return inWords(err)
	}
	text, problem := m.text(spec, v)
	if problem != "" {
		return problem
	}
	out.Value, err = m.arena.Parse(spec, text)
	if err != nil && strings.ContainsAny(text, "\r\n\t") {
		// A street address over two lines still goes into a field of one line.
		out.Value, err = m.arena.Parse(spec, strings.Join(strings.Fields(text), " "))
	}
	return inWords(err)
}

// text returns the one text that a field other than a link reads.
func (m *Mapper) text(spec *datatype.Spec, v *directory.Value) (text, problem string) {
	switch v.Form() {
	case directory.Bool:
		truth, _ := v.Truth()
		return datatype.OfBool(truth).String(), ""
	case directory.List:
		return listText(spec, v.List())
	}
	text = v.String()
	if spec.Type == datatype.Date && len(text) > len(time.DateOnly) {
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			text = m.day(t, text)
		}
	}
	return text, ""
}

// day returns the day of a moment in the rule's zone; text is its spelling.
func (m *Mapper) day(t time.Time, text string) string {
	if m.rule.zone == time.UTC && text[len(text)-1] == 'Z' {
		return text[:len(time.DateOnly)]
	}
	return t.In(m.rule.zone).Format(time.DateOnly)
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
	ref := reconcile.Ref{Collection: r.field.Spec.Collection, Create: r.create, IfEmpty: r.owner == reconcile.FillIfEmpty}
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
		return m.keep(ref), ""
	}
	name, err := m.arena.Parse(&datatype.Spec{Type: datatype.Text}, strings.Join(strings.Fields(text), " "))
	if err != nil {
		return nil, inWords(err)
	}
	if name.IsEmpty() {
		return nil, ""
	}
	ref.Label, ref.Text = name.String(), datatype.Key(name)
	return m.keep(ref), ""
}

func (m *Mapper) keep(ref reconcile.Ref) *reconcile.Ref {
	out := &m.refs.take(1)[0]
	*out = ref
	return out
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
