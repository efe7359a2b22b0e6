package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The values of a mapping's keys.
const (
	kindRecords      = "records"
	kindLogin        = "login"
	transformReplace = "replace"
)

// identifiers are the unique identifiers of the users of a directory.
func identifiers() []string { return []string{"user_principal_name", "object_id", "email"} }

// attribute is the form of an attribute's path, which can identify as well:
// employeeId, onPremisesExtensionAttributes.extensionAttribute1.
var attribute = regexp.MustCompile(`^([a-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*|extension_[0-9a-f]{32}_[A-Za-z0-9_]+)$`)

// isIn reports whether s is one of words, letter for letter.
func isIn(s string, words []string) bool { return slices.Contains(words, s) }

func (c *checker) mapping(m *Mapping) {
	c.required(m.Place, "a mapping", "name", m.Name)
	if c.required(m.Place, "a mapping", "kind", m.Kind) {
		c.choice(m.Place, "kind", m.Kind, kindRecords, kindLogin)
	}
	c.choice(m.Place, "external_entity", m.ExternalEntity, "users", "devices", "groups")
	c.choice(m.Place, "when_not_found", m.WhenNotFound, "deactivate", "leave")
	c.choice(m.Place, "when_outside", m.WhenOutside, "deactivate", "keep_as_collaborator")
	c.choice(m.Place, "guests", m.Guests, "include", "exclude", "people_only")
	c.mappingDefaults(m)
	switch m.Kind {
	case kindRecords:
		c.required(m.Place, "a mapping of kind records", "collection", m.Collection)
		c.unfit(m.Place, "is for kind: login only", "user_role", "when_not_found", "when_outside")
	case kindLogin:
		c.loginMapping(m)
	}
	c.identifier(m)
	c.zone(m.Place, "time_zone", &m.TimeZone, "")
	for i := range m.Units {
		c.unit(&m.Units[i])
	}
	for i := range m.Conditions {
		c.condition(&m.Conditions[i])
	}
	c.rows(m)
}

// mappingDefaults fills in what a mapping leaves out.
func (c *checker) mappingDefaults(m *Mapping) {
	for _, d := range []struct {
		value *string
		usual string
	}{
		{&m.ExternalEntity, "users"}, {&m.UniqueIdentifier, "object_id"},
		{&m.WhenNotFound, "deactivate"}, {&m.WhenOutside, "deactivate"}, {&m.Guests, "include"},
	} {
		if *d.value == "" {
			*d.value = d.usual
		}
	}
}

// loginMapping checks what gives people access. Without a unit it would let
// everybody in.
func (c *checker) loginMapping(m *Mapping) {
	c.required(m.Place, "a mapping of kind login", "user_role", m.UserRole)
	if len(m.Units) == 0 && !m.marks["units"].broken {
		c.report(m.At("units").Problemf("a mapping of kind login needs units").
			WithHint("without them everybody could sign in; write units: [{group: …}]"))
	}
	if m.ExternalEntity != "users" && isIn(m.ExternalEntity, []string{"devices", "groups"}) {
		c.report(m.At("external_entity").Problemf("only users can have a login"))
	}
}

func (c *checker) identifier(m *Mapping) {
	id := m.UniqueIdentifier
	if isIn(id, identifiers()) || attribute.MatchString(id) && Nearest(id, identifiers()) == "" {
		return
	}
	switch id {
	case "userPrincipalName", "id", "mail": // the same as attributes
		return
	}
	p := m.At("unique_identifier").Problemf("%s is not a unique identifier", m.show("unique_identifier", id)).Suggest(id, identifiers())
	if p.Hint == "" {
		p = p.WithHint("use %s, or the name of an attribute such as employeeId", strings.Join(identifiers(), ", "))
	}
	c.report(p)
}

func (c *checker) unit(u *Unit) {
	switch {
	case u.Group != "" && u.AdministrativeUnit != "":
		c.report(u.At("administrative_unit").Problemf("a unit is a group or an administrative_unit, not both").WithHint("make two units of them"))
	case u.Group == "" && u.AdministrativeUnit == "" && !u.marks["group"].broken && !u.marks["administrative_unit"].broken:
		c.report(u.Pos.Problemf("a unit names a group or an administrative_unit"))
	case u.AdministrativeUnit != "":
		c.unfit(u.Place, "is for groups only; administrative units have direct members", "nested")
	case !u.Has("nested"):
		u.Nested = true
	}
}

// operators are the operators of conditions with how many operands they take;
// -1 stands for values, a list.
func operators() (names []string, operands map[string]int) {
	names = []string{
		"equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with",
		"in", "not_in", "is_empty", "is_not_empty", "is_true", "is_false", "matches",
	}
	operands = map[string]int{"in": -1, "not_in": -1, "is_empty": 0, "is_not_empty": 0, "is_true": 0, "is_false": 0}
	for _, n := range names {
		if _, known := operands[n]; !known {
			operands[n] = 1
		}
	}
	return names, operands
}

func (c *checker) condition(cond *Condition) {
	c.required(cond.Place, "a condition", "field", cond.Field)
	if !c.required(cond.Place, "a condition", "operator", cond.Operator) {
		return
	}
	known, operands := operators()
	n, ok := operands[cond.Operator]
	if !ok {
		p := cond.At("operator").Problemf("there is no operator %s", cond.show("operator", cond.Operator)).Suggest(cond.Operator, known)
		if p.Hint == "" {
			p = p.WithHint("the operators are %s", strings.Join(known, ", "))
		}
		c.report(p)
		return
	}
	if n != 1 {
		c.unfit(cond.Place, "says nothing with the operator "+cond.Operator, "value")
	} else if !cond.Has("value") {
		c.report(cond.Pos.Problemf("the operator %s needs value", cond.Operator))
	}
	if n != -1 {
		c.unfit(cond.Place, "says nothing with the operator "+cond.Operator, "values")
	} else if len(cond.Values) == 0 && !cond.marks["values"].broken {
		c.report(cond.At("values").Problemf("the operator %s needs values, a list", cond.Operator))
	}
	if cond.Operator == "matches" {
		if _, err := regexp.Compile(cond.Value); err != nil {
			c.report(cond.At("value").Problemf("%s is not a regular expression", cond.show("value", cond.Value)))
		}
	}
}

func (c *checker) rows(m *Mapping) {
	targets := c.unique("rows for the field")
	for i := range m.Fields {
		row := &m.Fields[i]
		c.required(row.Place, "a field row", "to", row.To)
		targets.add(row.Place, "to", row.To)
		c.choice(row.Place, "when_empty", row.WhenEmpty, "keep", "clear")
		c.choice(row.Place, "owner", row.Owner, "directory", "fill_if_empty", "on_create")
		if row.Owner == "" {
			row.Owner = "directory"
		}
		c.source(row)
		for j, t := range row.Transforms {
			c.transform(row, j, t)
		}
	}
}

// source checks that something fills the row.
func (c *checker) source(row *Row) {
	made := len(row.Transforms) > 0 && isIn(row.Transforms[0].Kind, []string{"constant", "expression"})
	if row.From != "" || row.marks["from"].broken || made {
		return
	}
	c.report(row.At("from").Problemf("a field row has no from").
		WithHint("name an attribute, or begin transforms with a constant or an expression"))
}

// transformKinds are the kinds of transform, with whether each needs a value.
func transformKinds() (names []string, needs map[string]bool) {
	names = []string{
		"trim", "upper", "lower", "title", "first", "last", "split", "join", "default",
		"constant", "replace", "date", "e164", "expression",
	}
	return names, map[string]bool{"default": true, "constant": true, "replace": true, "e164": true, "expression": true}
}

var region = regexp.MustCompile(`^[A-Za-z]{2}$`)

func (c *checker) transform(row *Row, i int, t Transform) {
	at := row.At("transforms", i)
	known, needs := transformKinds()
	if !isIn(t.Kind, known) {
		p := at.Problemf("there is no transform %s", row.show("transforms", t.Kind, i)).Suggest(t.Kind, known)
		if p.Hint == "" {
			p = p.WithHint("the transforms are %s", strings.Join(known, ", "))
		}
		c.report(p)
		return
	}
	shown := row.show("transforms", t.Text, i)
	switch {
	case needs[t.Kind] && t.Text == "":
		c.report(at.Problemf("the transform %s needs a value", t.Kind).WithHint("%s", transformExample(t.Kind)))
	case isIn(t.Kind, []string{"trim", "upper", "lower", "title"}) && t.Text != "":
		c.report(at.Problemf("the transform %s takes no value", t.Kind))
	case t.Kind == "e164" && !region.MatchString(t.Text):
		c.report(at.Problemf("%s is not a region", shown).WithHint("write it like DE"))
	case t.Kind == "date":
		if _, err := time.LoadLocation(t.Text); err != nil || strings.EqualFold(t.Text, "local") {
			c.report(at.Problemf("%s is not a time zone", shown).WithHint("write it like Europe/Berlin"))
		}
	}
}

func transformExample(kind string) string {
	example := map[string]string{
		"replace": "{old: Ltd, new: Limited}", "e164": "DE", "default": "Unknown",
		"constant": "Head office", "expression": `"givenName + ' ' + surname"`,
	}[kind]
	return fmt.Sprintf("write {%s: %s}", kind, example)
}
