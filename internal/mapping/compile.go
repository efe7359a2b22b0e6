package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
)

// Compile checks a definition against the fields of its collection and makes
// it ready. The error joins every problem there is, each errs.Invalid and
// naming its row and field; Problems gives them one by one.
func Compile(def Definition, targets []Field) (*Rule, error) {
	r, problems := compile(def, targets)
	if len(problems) > 0 {
		return nil, joinProblems(problems)
	}
	return r, nil
}

// Problems lists what keeps a definition from being used, for a screen that
// shows each beside its row; none when it compiles.
func Problems(def Definition, targets []Field) []Problem {
	_, problems := compile(def, targets)
	return problems
}

// compiler gathers a rule and its problems.
type compiler struct {
	rule     *Rule
	targets  []Field
	problems []Problem
	row      int // being compiled
	subject  string
}

func compile(def Definition, targets []Field) (*Rule, []Problem) {
	c := &compiler{rule: &Rule{def: def, identifier: -1}, targets: targets}
	zone, err := loadZone(def.Zone)
	if err != nil {
		c.whole("time zone", strconv.Quote(def.Zone)+" is not a time zone", "Write it like Europe/Berlin.")
	}
	c.rule.zone = zone
	if c.frame(); directory.Attributes(def.Entity) == nil || def.Kind == Records && def.Collection == 0 {
		return c.rule, c.problems // every row would be wrong for that reason alone
	}
	for _, path := range Basics(def.Entity) {
		c.path(path)
	}
	for i := range def.Conditions {
		c.condition(i)
	}
	for i := range def.Rows {
		c.compileRow(i)
	}
	slices.SortFunc(c.rule.rows, func(a, b row) int { return cmp.Compare(a.field.ID, b.field.ID) })
	c.identify()
	return c.rule, c.problems
}

// Basics are the attributes that are read of every object of a kind, mapped or
// not: they say who it is and whether it is there.
func Basics(kind directory.Kind) []string {
	switch kind {
	case directory.User:
		return []string{"accountEnabled", "displayName", "mail", "otherMails", "userPrincipalName", "userType"}
	case directory.Device:
		return []string{"accountEnabled", "displayName"}
	case directory.Group:
		return []string{"displayName"}
	}
	return nil
}

func (c *compiler) whole(subject, message, hint string) {
	c.problems = append(c.problems, whole(subject, message, hint))
}

// wrong records a problem of the row being compiled.
func (c *compiler) wrong(message, hint string) {
	c.problems = append(c.problems, Problem{Row: c.row, Condition: -1, Subject: c.subject, Message: message, Hint: hint})
}

// frame checks what the kind of mapping needs besides rows.
func (c *compiler) frame() {
	d := &c.rule.def
	if d.Name == "" {
		c.whole("mapping", "it has no name", "Give it a name.")
	}
	switch d.Kind {
	case Login:
		c.loginFrame()
	case Records:
		if d.Collection == 0 {
			c.whole("collection", "a records mapping keeps records in a collection", "Choose a collection.")
		}
	default:
		c.whole("mapping", strconv.Quote(string(d.Kind))+" is not a kind of mapping", "Use login or records.")
	}
	if directory.Attributes(d.Entity) == nil {
		c.whole("external entity", "mappings read users, devices or groups", "Choose one of them.")
	}
	for _, u := range d.Units {
		if u.Name == "" || (u.Kind != directory.Group && u.Kind != directory.AdministrativeUnit) {
			c.whole("organizational unit", "a unit is a group or an administrative unit, given by name or object ID", "Choose it anew.")
		}
	}
	if d.Guests != IncludeGuests && d.Guests != ExcludeGuests && d.Guests != PeopleOnly {
		c.whole("guests", strconv.Quote(string(d.Guests))+" is not a policy for guests", "Use exclude, people_only, or nothing to include them.")
	}
}

func (c *compiler) loginFrame() {
	d := &c.rule.def
	if d.Entity != directory.User {
		c.whole("external entity", "only users can have a login", "Choose users.")
	}
	if len(d.Units) == 0 {
		c.whole("organizational unit", "a login mapping without a unit would let everybody in", "Choose at least one group or administrative unit.")
	}
	if d.Role == 0 || d.Module == 0 {
		c.whole("user role", "a login mapping gives a role in a module", "Choose a role.")
	}
}

// path returns the index of a path among the rule's, adding it when it is new.
func (c *compiler) path(path string) int {
	if i := slices.Index(c.rule.paths, path); i >= 0 {
		return i
	}
	c.rule.paths = append(c.rule.paths, path)
	return len(c.rule.paths) - 1
}

// source finds an attribute and makes it a source of values.
func (c *compiler) source(name string) (src source, problem, hint string) {
	a, ok := directory.LookupAttribute(c.rule.def.Entity, name)
	if !ok {
		hint = "Choose one of the attributes listed."
		if near := directory.NearestAttribute(c.rule.def.Entity, name); near != "" {
			hint = "Did you mean " + near + "?"
		}
		return src, fmt.Sprintf("%q is not an attribute of a %s", name, c.rule.def.Entity), hint
	}
	src = source{path: a.Path, unordered: a.Unordered, reference: a.Reference}
	if a.Members == nil {
		src.parts = []int{c.path(a.Path)}
	}
	for _, m := range a.Members {
		src.parts = append(src.parts, c.path(m))
	}
	return src, "", ""
}

func (c *compiler) condition(i int) {
	cond := c.rule.def.Conditions[i]
	wrong := func(message, hint string) {
		c.problems = append(c.problems, Problem{
			Row: -1, Condition: i, Subject: fmt.Sprintf("condition %d", i+1), Message: message, Hint: hint,
		})
	}
	src, problem, hint := c.source(cond.Path)
	if problem != "" {
		wrong(problem, hint)
		return
	}
	cond.Path = src.path
	cl, problem := newClause(cond)
	if problem != "" {
		wrong(cond.Path+" "+problem, "")
		return
	}
	cl.src = src
	c.rule.clauses = append(c.rule.clauses, cl)
}

// compileRow checks one row and adds it to the rule.
func (c *compiler) compileRow(i int) {
	def := &c.rule.def.Rows[i]
	c.row, c.subject = i, fmt.Sprintf("row %d (%s)", i+1, def.From)
	field, ok := c.target(def.To)
	if !ok {
		c.wrong(fmt.Sprintf("field %d is not a field of the collection", def.To), "Choose one of its fields.")
		return
	}
	c.subject = fmt.Sprintf("row %d (%s to %s)", i+1, def.From, field.Name)
	out := row{number: i, field: field, owner: def.Owner, empty: def.emptyRule(&field), create: def.CreateMissing}
	if slices.ContainsFunc(c.rule.rows, func(r row) bool { return r.field.ID == field.ID }) {
		c.wrong("the field already has a row", "Remove one of the two rows, or add the other attribute as a fallback.")
		return
	}
	problems := len(c.problems)
	c.sources(&out, def)
	c.transforms(&out, def)
	c.fits(&out)
	if len(c.problems) == problems {
		c.rule.rows = append(c.rule.rows, out)
	}
}

// target finds the field that a row fills.
func (c *compiler) target(id int64) (Field, bool) {
	if c.rule.def.Kind == Login {
		switch id {
		case LoginNameField:
			return Field{ID: id, Name: "name of the login", Spec: datatype.Spec{Type: datatype.Text}}, true
		case LoginEmailField:
			return Field{ID: id, Name: "email of the login", Spec: datatype.Spec{Type: datatype.Email}}, true
		}
	}
	for _, f := range c.targets {
		if f.ID == id && c.rule.def.Collection != 0 {
			return f, true
		}
	}
	return Field{}, false
}

func (c *compiler) sources(out *row, def *Row) {
	if def.From == "" {
		first := ""
		if len(def.Transforms) > 0 {
			first = def.Transforms[0].Kind
		}
		if first != Constant && first != Expression {
			c.wrong("no attribute is chosen", "Choose one, or begin with a constant or an expression.")
		}
		out.source = first
		return
	}
	for _, name := range append([]string{def.From}, def.Fallback...) {
		src, problem, hint := c.source(name)
		if problem != "" {
			c.wrong(problem, hint)
			continue
		}
		out.sources = append(out.sources, src)
	}
	if len(out.sources) > 0 {
		out.source = out.sources[0].path
	}
}

const maxTransforms = 20

func (c *compiler) transforms(out *row, def *Row) {
	if len(def.Transforms) > maxTransforms {
		c.wrong("more than 20 transforms", "Use an expression for the rest.")
		return
	}
	for _, t := range def.Transforms {
		st, problem := c.newStep(t)
		if problem != "" {
			c.wrong(t.Kind+" "+problem, "")
			continue
		}
		out.steps = append(out.steps, st)
	}
}

// fits refuses rows that could never give a fitting value.
func (c *compiler) fits(out *row) {
	spec := &out.field.Spec
	reference := slices.ContainsFunc(out.sources, func(s source) bool { return s.reference })
	switch {
	case spec.Type == datatype.Link && spec.Collection == 0:
		c.wrong("the field links to no collection", "Choose in the field's settings which collection it links to.")
	case reference && spec.Type != datatype.Link:
		c.wrong("it stands for a person, and the field is no link", "Choose a field that links to People.")
	case reference && len(out.steps) > 0:
		c.wrong("a person's reference cannot be transformed", "Remove the transforms.")
	case spec.Type == datatype.Attachment:
		c.wrong("the directory has no files", "Choose a field of another type.")
	case out.create && spec.Type != datatype.Link:
		c.wrong("only links can make a missing record", "Turn that off, or choose a link.")
	case !spec.Type.Known():
		c.wrong(strconv.Quote(string(spec.Type))+" is not a type of field", "")
	}
	out.reference = reference
}

// newStep makes a transform ready and gives the attributes of an expression
// their places.
func (c *compiler) newStep(t Transform) (step, string) {
	st, e, problem := newStep(t, c.rule.def.Entity)
	if e != nil {
		for i := range e.uses {
			e.uses[i].at = c.path(e.uses[i].path)
		}
	}
	return st, problem
}

// identify finds the row that the unique identifier is looked up by. Without
// one, a records mapping could not tell who is in the register already.
func (c *compiler) identify() {
	d := &c.rule.def
	if d.Identifier == "" {
		c.whole("unique identifier", "none is chosen", "User principal name suits most organizations.")
		return
	}
	src, problem, hint := c.source(d.identifierPath())
	if problem != "" {
		c.whole("unique identifier", problem, hint)
		return
	}
	c.rule.identifierPath = src.path
	c.rule.identifier = slices.IndexFunc(c.rule.rows, func(r row) bool {
		return r.source == src.path && r.field.ID > 0
	})
	if d.Collection == 0 || src.path == "id" && c.rule.identifier < 0 {
		return
	}
	if c.rule.identifier < 0 {
		if !slices.ContainsFunc(d.Rows, func(r Row) bool { return r.From == src.path }) {
			c.whole("unique identifier", src.path+" is not mapped to a field", "Add a row for it, or choose another identifier.")
		}
		return
	}
	if f := &c.rule.rows[c.rule.identifier].field; !f.Spec.Unique && !f.Title {
		c.whole("unique identifier", "the field "+f.Name+" may hold the same value twice", "Make the field unique, or choose another identifier.")
	}
}
