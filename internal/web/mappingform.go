package web

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// mappingView is a definition as its form shows it.
func (v *visit) mappingView(c syncer.Connection, def mapping.Definition) (view.Mapping, error) {
	key := v.r.PathValue("mapping")
	page := view.Mapping{
		Crumbs: v.mappingCrumbs(c), Title: "Add Mapping Option", Path: connectionPath(v.module.ID, c.ID) + "/mapping/" + key,
		Units: connectionPath(v.module.ID, c.ID) + "/units", New: key == "new", Login: def.Kind == mapping.Login,
		Guard: v.guarded, Name: def.Name, Entity: entityWord(def.Entity), Collection: strconv.FormatInt(def.Collection, 10), Role: strconv.FormatInt(def.Role, 10),
		Identifier: def.Identifier, Guests: string(def.Guests), LeaveWhenNotFound: def.LeaveWhenNotFound,
		Attributes: attributeOptions(def.Entity), Glossary: glossary(def.Entity), Types: typeOptions(), MayMakeFields: v.frame.Module.Manage, Operators: operatorOptions(), Steps: stepOptions(),
	}
	if !page.New {
		page.Title = def.Name
	}
	book, err := v.mappingBook()
	if err != nil {
		return page, err
	}
	page.Collections = collectionOptions(book.list, page.Login)
	for _, r := range book.given {
		page.Roles = append(page.Roles, view.Option{Value: strconv.FormatInt(r.ID, 10), Label: r.Name})
	}
	if page.Targets, err = v.targetOptions(def); err != nil {
		return page, err
	}
	for _, u := range def.Units {
		page.UnitRows = append(page.UnitRows, view.UnitRow{Administrative: u.Kind == directory.AdministrativeUnit, Name: u.Name, Direct: !u.Nested})
	}
	for _, cond := range def.Conditions {
		value := cond.Value
		if len(cond.Values) > 0 {
			value = strings.Join(cond.Values, ", ")
		}
		page.Conditions = append(page.Conditions, view.ConditionRow{Field: cond.Path, Operator: cond.Operator, Value: value})
	}
	for _, row := range def.Rows {
		if row.To == newField {
			page.Rows = append(page.Rows, v.newFieldView(row))
			continue
		}
		r := rowView(row)
		if a, ok := directory.LookupAttribute(def.Entity, row.From); ok && row.From != "" {
			r.From = a.Path // the file may call it by its label
		}
		page.Rows = append(page.Rows, r)
	}
	return page, nil
}

func rowView(row mapping.Row) view.FieldRow {
	out := view.FieldRow{
		From: row.From, To: strconv.FormatInt(row.To, 10), Fallback: strings.Join(row.Fallback, ", "),
		Owner: strconv.Itoa(int(row.Owner)), Create: row.CreateMissing,
	}
	if row.Empty != nil {
		out.Empty = strconv.Itoa(int(*row.Empty))
	}
	switch len(row.Transforms) {
	case 0:
	case 1:
		out.Step, out.StepText = row.Transforms[0].Kind, row.Transforms[0].Text
		if row.Transforms[0].With == "" {
			break
		}
		fallthrough
	default:
		// The form has room for one step; more of them are kept as they are.
		if text, err := json.Marshal(row.Transforms); err == nil {
			out.Step, out.StepText, out.Steps = keptSteps, "", string(text)
		}
	}
	return out
}

// keptSteps is the choice that leaves a row's several transforms as they are.
const keptSteps = "kept"

func attributeOptions(kind directory.Kind) []view.Option {
	out := []view.Option{{Value: "", Label: "nothing (a constant or expression)"}}
	for _, a := range directory.Attributes(kind) {
		out = append(out, view.Option{Value: a.Path, Label: a.Label})
	}
	return out
}

// glossary is what each attribute means and which type of field suits it.
func glossary(kind directory.Kind) []view.Attribute {
	var out []view.Attribute
	for _, a := range directory.Attributes(kind) {
		out = append(out, view.Attribute{Path: a.Path, Label: a.Label, Help: a.Help, Type: a.Suggest, TypeLabel: datatype.Type(a.Suggest).Label(), Permission: a.Permission})
	}
	return out
}

func operatorOptions() []view.Option {
	var out []view.Option
	for _, o := range mapping.Operators() {
		out = append(out, view.Option{Value: o, Label: mapping.OperatorWords(o)})
	}
	return out
}

func stepOptions() []view.Option {
	out := []view.Option{{Value: "", Label: "as it is"}}
	words := map[string]string{
		mapping.Trim: "trim spaces", mapping.Upper: "CAPITALS", mapping.Lower: "small letters", mapping.TitleCase: "Title Case",
		mapping.First: "first part before …", mapping.Last: "last part after …", mapping.Split: "split at …", mapping.Join: "join with …",
		mapping.Default: "when empty, use …", mapping.Constant: "always …", mapping.CivilDate: "day in time zone …",
		mapping.E164: "phone number in region …", mapping.Expression: "expression …",
	}
	for _, k := range mapping.TransformKinds() {
		if w := words[k]; w != "" {
			out = append(out, view.Option{Value: k, Label: w})
		}
	}
	return out
}

// targetOptions are the fields that rows can write.
func (v *visit) targetOptions(def mapping.Definition) ([]view.Option, error) {
	var out []view.Option
	if def.Kind == mapping.Login {
		out = append(out, view.Option{Value: strconv.FormatInt(mapping.LoginNameField, 10), Label: "Name of the user"},
			view.Option{Value: strconv.FormatInt(mapping.LoginEmailField, 10), Label: "Email of the user"})
	}
	if def.Collection == 0 {
		return out, nil
	}
	fields, err := v.site.Records.FieldsFor(v.ctx(), v.who, v.module.Account, def.Collection)
	for _, f := range fields {
		if f.System || f.Spec.Type == datatype.Attachment {
			continue
		}
		label := f.Name
		if f.Spec.Type != datatype.Text {
			label += " (" + f.Spec.Type.Label() + ")"
		}
		out = append(out, view.Option{Value: strconv.FormatInt(f.ID, 10), Label: label})
	}
	return out, err
}

func (v *visit) targetNames(def mapping.Definition) (map[int64]string, error) {
	options, err := v.targetOptions(def)
	out := map[int64]string{}
	for _, o := range options {
		if id, err := strconv.ParseInt(o.Value, 10, 64); err == nil {
			out[id] = o.Label
		}
	}
	return out, err
}

// readMapping reads the form over a stored definition: what the form does not
// show stays as it is.
func (v *visit) readMapping(def mapping.Definition) (mapping.Definition, error) {
	if err := v.r.ParseForm(); err != nil {
		return def, errs.New(errs.Invalid, "the form cannot be read").Because(err)
	}
	def.Name, def.Kind, def.Entity = v.text("name"), mapping.Kind(v.text("kind")), entityOf(v.text("entity"))
	def.Collection, def.Identifier = v.numberIn("collection"), v.text("identifier")
	def.Guests, def.LeaveWhenNotFound = mapping.GuestPolicy(v.text("guests")), v.text("when_not_found") == "leave"
	def.Module, def.Role, def.Administrator = 0, 0, false
	if def.Kind == mapping.Login {
		def.Module, def.Role = v.module.ID, v.numberIn("role")
		book, err := v.mappingBook()
		if err != nil {
			return def, err
		}
		for _, r := range book.given {
			if r.ID == def.Role {
				def.Administrator = r.Administrator()
			}
		}
	}
	def.Units, def.Conditions = v.readUnits(), v.readConditions()
	rows, err := v.readRows()
	def.Rows = slices.DeleteFunc(rows, func(r mapping.Row) bool { return r.To == newField })
	return def, err
}

// column returns the n-th value of a form's column, "" when it is shorter.
func (v *visit) column(name string, n int) string {
	if all := v.r.Form[name]; n < len(all) {
		return strings.TrimSpace(all[n])
	}
	return ""
}

func (v *visit) readUnits() []directory.UnitRef {
	var out []directory.UnitRef
	for i := range v.r.Form["unit"] {
		name := v.column("unit", i)
		if name == "" {
			continue
		}
		u := directory.UnitRef{Kind: directory.Group, Name: name, Nested: v.column("unit_nested", i) != "direct"}
		if v.column("unit_kind", i) == "administrative_unit" {
			u.Kind, u.Nested = directory.AdministrativeUnit, false
		}
		out = append(out, u)
	}
	return out
}

func (v *visit) readConditions() []mapping.Condition {
	var out []mapping.Condition
	for i := range v.r.Form["condition_field"] {
		c := mapping.Condition{Path: v.column("condition_field", i), Operator: v.column("condition_operator", i), Value: v.column("condition_value", i)}
		if c.Path == "" {
			continue
		}
		if c.Operator == mapping.In || c.Operator == mapping.NotIn {
			for part := range strings.SplitSeq(c.Value, ",") {
				c.Values = append(c.Values, strings.TrimSpace(part))
			}
			c.Value = ""
		}
		out = append(out, c)
	}
	return out
}

func (v *visit) readRows() ([]mapping.Row, error) {
	var out []mapping.Row
	for i := range v.r.Form["to"] {
		to, err := strconv.ParseInt(v.column("to", i), 10, 64)
		if v.column("to", i) == "new" {
			to, err = newField, nil
		}
		if err != nil {
			continue // a row that was added and not filled in
		}
		row := mapping.Row{From: v.column("from", i), To: to, CreateMissing: v.column("create", i) == "yes"}
		if row.From == "" && v.column("step", i) == "" {
			continue
		}
		for part := range strings.SplitSeq(v.column("fallback", i), ",") {
			if part = strings.TrimSpace(part); part != "" {
				row.Fallback = append(row.Fallback, part)
			}
		}
		if n, err := strconv.Atoi(v.column("owner", i)); err == nil && n >= 0 && n <= int(reconcile.OnCreate) {
			row.Owner = reconcile.Owner(n)
		}
		if n, err := strconv.Atoi(v.column("empty", i)); err == nil && n >= 0 && n <= int(reconcile.ClearWhenEmpty) {
			rule := reconcile.EmptyRule(n)
			row.Empty = &rule
		}
		if row.Transforms, err = v.readSteps(i); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

func (v *visit) readSteps(i int) ([]mapping.Transform, error) {
	kind := v.column("step", i)
	switch kind {
	case "":
		return nil, nil
	case keptSteps:
		var kept []mapping.Transform
		if err := json.Unmarshal([]byte(v.column("steps", i)), &kept); err != nil {
			return nil, errs.New(errs.Invalid, "the steps of row %d cannot be read", i+1).Because(err)
		}
		return kept, nil
	}
	// The text may end in a space on purpose: "join with ', '".
	text := ""
	if all := v.r.Form["step_text"]; i < len(all) {
		text = all[i]
	}
	return []mapping.Transform{{Kind: kind, Text: text}}, nil
}

// trialView is a trial as the preview shows it.
func trialView(t syncer.Trial, def *mapping.Definition, names map[int64]string, path string) view.Trial {
	out := view.Trial{
		Path: path, At: t.At, Of: t.Of, Name: t.Subject.Name, Principal: t.Subject.Principal, Enters: true,
		Member: len(def.Units) > 0,
	}
	for _, d := range t.Desired {
		if !d.Enters {
			out.Enters, out.Why = false, d.Why.Sentence()+" "+d.Detail
		}
		if d.Target == reconcile.Login {
			out.User = strings.TrimSuffix(d.LoginName+" · "+d.LoginEmail, " · ")
		}
	}
	for _, row := range t.Rows {
		r := view.TrialRow{Field: names[row.Field]}
		if n := len(row.Sources); n > 0 {
			r.Source, r.Raw = row.Sources[n-1].Path, row.Sources[n-1].Text
			r.Unsaid = row.Sources[n-1].State == directory.Absent
		}
		r.Value = row.Result.Value.String()
		if ref := row.Result.Ref; ref != nil {
			r.Value = ref.Label
			if r.Value == "" {
				r.Value = "the record of that person"
			}
		}
		if p := row.Result.Problem; p != nil {
			r.Problem = p.Reason.Sentence() + " " + p.Detail
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}
