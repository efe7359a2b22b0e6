package config

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
)

// checker checks what can be checked without a database, and fills in defaults.
type checker struct{ *reader }

// required reports a key that is missing or empty.
func (c *checker) required(p Place, owner, key, value string) bool {
	switch {
	case value != "":
		return true
	case p.marks[key].broken:
	case p.Has(key):
		c.report(p.At(key).Problemf("%s: %s is empty", owner, key))
	default:
		c.report(p.Pos.Problemf("%s has no %s", owner, key))
	}
	return false
}

// choice reports a value that is not one of the words.
func (c *checker) choice(p Place, key, value string, words ...string) {
	for _, w := range words {
		if value == "" || value == w {
			return
		}
	}
	c.report(p.At(key).Problemf("%s is one of %s, not %s", key, strings.Join(words, ", "), p.show(key, value)).Suggest(value, words))
}

// unfit reports keys that say nothing in the place where they stand.
func (c *checker) unfit(p Place, why string, keys ...string) {
	for _, key := range keys {
		if p.Has(key) {
			c.report(p.At(key).Problemf("%s %s", key, why))
		}
	}
}

// names finds names that are used twice, without regard to letter case.
type names struct {
	*checker
	what string
	seen map[string]Pos
}

func (c *checker) unique(what string) *names { return &names{c, what, map[string]Pos{}} }

func (n *names) add(p Place, key, name string) {
	if name == "" {
		return
	}
	folded := strings.ToLower(name)
	if had, twice := n.seen[folded]; twice {
		n.report(p.At(key).Problemf("there are two %s %s", n.what, p.show(key, name)).WithHint("the other is in line %d", had.Line))
		return
	}
	n.seen[folded] = p.At(key)
}

func (c *checker) file(f *File) {
	if !f.Has("organization") {
		c.report(f.Pos.Problemf("there is no organization").WithHint("begin with: organization: {name: …}"))
	} else if !f.marks["organization"].broken {
		c.organization(&f.Organization)
	}
	emails := c.unique("users with the email")
	for i := range f.Users {
		c.user(&f.Users[i])
		emails.add(f.Users[i].Place, "email", f.Users[i].Email)
	}
	accounts := c.unique("accounts named")
	for i := range f.Accounts {
		a := &f.Accounts[i]
		c.required(a.Place, "an account", "name", a.Name)
		accounts.add(a.Place, "name", a.Name)
		modules := c.unique("modules named")
		for j := range a.Modules {
			c.module(&a.Modules[j])
			modules.add(a.Modules[j].Place, "name", a.Modules[j].Name)
		}
	}
}

func (c *checker) organization(o *Organization) {
	c.required(o.Place, "the organization", "name", o.Name)
	if a := &o.Administrator; o.Has("administrator") && !o.marks["administrator"].broken {
		c.email(a.Place, "the administrator", a.Email)
		if a.Password.IsZero() {
			c.required(a.Place, "the administrator", "password", "")
		}
	}
}

func (c *checker) email(p Place, owner, email string) {
	if !c.required(p, owner, "email", email) {
		return
	}
	if a, err := mail.ParseAddress(email); err != nil || a.Address != email {
		c.report(p.At("email").Problemf("%s is not an email address", p.show("email", email)))
	}
}

func (c *checker) user(u *User) {
	c.email(u.Place, "a user", u.Email)
	for i := range u.Roles {
		g := &u.Roles[i]
		c.required(g.Place, "a role of a user", "role", g.Role)
		if g.Module != "" && g.Account == "" && !g.Has("account") {
			c.report(g.At("module").Problemf("the module %s is in no account", g.show("module", g.Module)).WithHint("add account"))
		}
	}
}

func (c *checker) module(m *Module) {
	c.required(m.Place, "a module", "name", m.Name)
	collections := c.unique("collections named")
	for i := range m.Collections {
		c.collection(&m.Collections[i])
		collections.add(m.Collections[i].Place, "name", m.Collections[i].Name)
	}
	roles := c.unique("roles named")
	for i := range m.Roles {
		c.role(&m.Roles[i])
		roles.add(m.Roles[i].Place, "name", m.Roles[i].Name)
	}
	kinds := c.unique("integrations of kind")
	for i := range m.Integrations {
		c.integration(&m.Integrations[i])
		kinds.add(m.Integrations[i].Place, "kind", m.Integrations[i].Kind)
	}
	automations := c.unique("automations named")
	for i := range m.Automations {
		c.automation(&m.Automations[i])
		automations.add(m.Automations[i].Place, "name", m.Automations[i].Name)
	}
}

// roleActions are what a custom role can allow.
func roleActions() []string {
	return []string{"view", "create", "edit", "delete", "check_out", "import", "export"}
}

func (c *checker) role(r *Role) {
	c.required(r.Place, "a role", "name", r.Name)
	for i, p := range r.Permissions {
		if p.Action == "" || isIn(p.Action, roleActions()) {
			continue
		}
		c.report(r.At("permissions", i).Problemf("there is no action %s", r.show("permissions", p.Action, i)).Suggest(p.Action, roleActions()))
	}
}

func (c *checker) collection(col *Collection) {
	c.required(col.Place, "a collection", "name", col.Name)
	fields := c.unique("fields named")
	title := Pos{}
	for i := range col.Fields {
		f := &col.Fields[i]
		c.field(f)
		fields.add(f.Place, "name", f.Name)
		if f.Title && title.Line > 0 {
			c.report(f.At("title").Problemf("a collection has one title field").WithHint("the other is in line %d", title.Line))
		} else if f.Title {
			title = f.At("title")
		}
	}
}

// currency is the form of codes such as EUR, ISO 4217.
var currency = regexp.MustCompile(`^[A-Z]{3}$`)

// field checks a field and brings its type into the spelling of datatype. What
// a type does not use is refused: it would be ignored without a word.
func (c *checker) field(f *Field) {
	c.required(f.Place, "a field", "name", f.Name)
	if t, ok := fieldType(string(f.Type)); ok {
		f.Type = t
	} else {
		p := f.At("type").Problemf("there is no type %s", f.show("type", string(f.Type))).Suggest(string(f.Type), typeNames())
		if p.Hint == "" {
			p = p.WithHint("the types are %s", strings.Join(typeNames(), ", "))
		}
		c.report(p)
		return
	}
	why := fmt.Sprintf("says nothing for the type %s", f.Type)
	if f.Type != datatype.Choice && f.Type != datatype.Choices {
		c.unfit(f.Place, why, "choices")
	}
	if f.Type != datatype.Text && f.Type != datatype.LongText {
		c.unfit(f.Place, why, "max_length")
	}
	if f.Type != datatype.Currency {
		c.unfit(f.Place, why, "currency")
	} else if !currency.MatchString(f.Currency) && !f.marks["currency"].broken && f.Has("currency") {
		c.report(f.At("currency").Problemf("%s is not the code of a currency", f.show("currency", f.Currency)).WithHint("write it like EUR"))
	}
	if f.Type != datatype.Link {
		c.unfit(f.Place, why, "collection")
	} else {
		c.required(f.Place, "a field of type link", "collection", f.Collection)
	}
	if f.MaxLength < 0 {
		c.report(f.At("max_length").Problemf("max_length is below 0"))
	}
	choices := c.unique("choices")
	for i, word := range f.Choices {
		choices.add(Place{Pos: f.At("choices", i), marks: map[string]mark{"": f.marks["choices"].items[i]}}, "", word)
	}
}

func typeNames() []string {
	var out []string
	for _, t := range datatype.All() {
		out = append(out, string(t))
	}
	return out
}

// spellings are other ways to write types, without spaces and punctuation.
func spellings() map[string]datatype.Type {
	return map[string]datatype.Type{
		"": datatype.Text, "string": datatype.Text, "dateandtime": datatype.DateTime, "boolean": datatype.YesNo, "webaddress": datatype.WebAddress,
		"linktorecord": datatype.Link, "linktoarecord": datatype.Link, "linktoanotherrecord": datatype.Link,
		"severalchoices": datatype.Choices, "singlechoice": datatype.Choice, "multiplechoice": datatype.Choices,
	}
}

// fieldType reads a type as files spell it: "long text" and "yes/no" too.
func fieldType(name string) (datatype.Type, bool) {
	squeezed := strings.NewReplacer(" ", "", "_", "", "/", "", "-", "").Replace(strings.ToLower(name))
	for _, t := range datatype.All() {
		if strings.ReplaceAll(string(t), "_", "") == squeezed {
			return t, true
		}
	}
	t, ok := spellings()[squeezed]
	return t, ok
}
