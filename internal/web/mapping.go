package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// mappings lists a connection's mappings in their order.
func (s *Site) mappings(v *visit) error {
	c, err := v.connectionHere()
	if err != nil {
		return err
	}
	list, err := s.Integrations.Mappings(v.ctx(), v.who, c.ID)
	if err != nil {
		return err
	}
	book, err := v.mappingBook()
	if err != nil {
		return err
	}
	page := view.Mappings{Crumbs: v.integrationCrumbs(c), Path: connectionPath(v.module.ID, c.ID), Configured: c.Configured()}
	for _, m := range list {
		focus := ""
		if m.ID == v.numberIn("moved") {
			focus = v.text("move")
		}
		page.Rows = append(page.Rows, view.MappingRow{
			ID: m.ID, Focus: focus, Name: m.Name, Path: fmt.Sprintf("%s/mapping/%d", page.Path, m.ID), Login: m.Kind == mapping.Login,
			Entity: entityWord(m.Entity), Collection: book.collections[m.Collection], Role: book.roles[m.Role],
			Units: unitWords(m.Units), Fields: len(m.Rows), Conditions: len(m.Conditions),
		})
	}
	return v.show("Mapping", view.MappingsPage(page))
}

// mappingBook is what the numbers in mappings are called in this module.
type mappingBook struct {
	collections map[int64]string
	list        []register.Collection
	roles       map[int64]string
	given       []account.Role // those that a mapping can give
}

func (v *visit) mappingBook() (mappingBook, error) {
	b := mappingBook{collections: map[int64]string{}, roles: map[int64]string{}}
	list, err := v.site.Records.Collections(v.ctx(), v.who, v.module.Account, v.module.ID)
	if err != nil {
		return b, err
	}
	b.list = list
	for _, c := range list {
		b.collections[c.ID] = c.Name
	}
	roles, err := v.site.Accounts.RolesIn(v.ctx(), v.who, v.module.Account, v.module.ID)
	for _, r := range roles {
		b.roles[r.ID] = r.Name
		if r.Scope == account.ModuleWide {
			b.given = append(b.given, r)
		}
	}
	return b, err
}

func entityWord(k directory.Kind) string {
	switch k {
	case directory.Device:
		return "devices"
	case directory.Group:
		return "groups"
	}
	return "users"
}

func unitWords(units []directory.UnitRef) string {
	out := make([]string, len(units))
	for i, u := range units {
		out[i] = u.Name
	}
	return strings.Join(out, ", ")
}

// orderMappings moves a mapping up or down, or puts all in the order that
// dragging left: where two write one field or give a role, the first decides.
func (s *Site) orderMappings(v *visit) error {
	c, defs, err := v.definitions()
	if err != nil {
		return err
	}
	id, move, back := v.numberIn("mapping"), v.text("move"), connectionPath(v.module.ID, c.ID)+"/mapping"
	if order := numbersOf(v.text("order")); len(order) > 0 {
		rank := func(d mapping.Definition) int {
			if i := slices.Index(order, d.ID); i >= 0 {
				return i
			}
			return len(order)
		}
		slices.SortStableFunc(defs, func(a, b mapping.Definition) int { return rank(a) - rank(b) })
	} else {
		at := slices.IndexFunc(defs, func(d mapping.Definition) bool { return d.ID == id })
		to := at - 1
		if move == "down" {
			to = at + 1
		} else {
			move = "up"
		}
		if at < 0 || to < 0 || to >= len(defs) {
			return v.goTo(back)
		}
		defs[at], defs[to] = defs[to], defs[at]
		back += fmt.Sprintf("?moved=%d&move=%s", id, move)
	}
	if _, err := s.Integrations.SaveMappings(v.ctx(), v.who, c.ID, defs); err != nil {
		return err
	}
	v.flash(true, "The order is saved. Everybody is evaluated anew at the next sync.")
	return v.goTo(back)
}

// definitions are the stored mappings of the path's connection, to be edited.
func (v *visit) definitions() (syncer.Connection, []mapping.Definition, error) {
	c, err := v.connectionHere()
	if err != nil {
		return c, nil, err
	}
	list, err := v.site.Integrations.Mappings(v.ctx(), v.who, c.ID)
	defs := make([]mapping.Definition, len(list))
	for i, m := range list {
		defs[i] = m.Definition
	}
	return c, defs, err
}

// mappingForm is the Mapping Option view; of a new one first the choice between
// the two kinds.
func (s *Site) mappingForm(v *visit) error {
	c, defs, err := v.definitions()
	if err != nil {
		return err
	}
	if v.r.PathValue("mapping") != "new" {
		def, ok := v.pick(defs)
		if !ok {
			return notHere()
		}
		v.guardMapping(c, def)
		return v.showMapping(http.StatusOK, c, def, nil)
	}
	if v.text("kind") == "" {
		book, err := v.mappingBook()
		if err != nil {
			return err
		}
		return v.show("Add Mapping Option", view.NewMappingPage(view.NewMapping{
			Crumbs: v.mappingCrumbs(c), Path: connectionPath(v.module.ID, c.ID) + "/mapping/new", Collections: collectionOptions(book.list, false),
			People: peopleOf(book.list),
		}))
	}
	def, err := v.freshMapping(c)
	if err != nil {
		return err
	}
	return v.showMapping(http.StatusOK, c, def, nil)
}

// guardMapping is the guard of a mapping's form. What its own button makes beside
// it, fields of the register, is no change of it.
func (v *visit) guardMapping(c syncer.Connection, def mapping.Definition) (stale bool) {
	return v.guard(subject{"connection", c.ID}, def)
}

func (v *visit) mappingCrumbs(c syncer.Connection) []view.Crumb {
	return append(v.integrationCrumbs(c), view.Crumb{Name: "Mapping", Path: connectionPath(v.module.ID, c.ID) + "/mapping"})
}

// pick returns the definition of the path.
func (v *visit) pick(defs []mapping.Definition) (mapping.Definition, bool) {
	id, err := v.number("mapping")
	at := slices.IndexFunc(defs, func(d mapping.Definition) bool { return d.ID == id })
	if err != nil || at < 0 {
		return mapping.Definition{}, false
	}
	return defs[at], true
}

// freshMapping is a new mapping with the obvious rows filled in.
func (v *visit) freshMapping(c syncer.Connection) (mapping.Definition, error) {
	def := mapping.Definition{
		Name: v.text("name"), Kind: mapping.Kind(v.text("kind")), Entity: entityOf(v.text("entity")),
		Collection: v.numberIn("collection"), Identifier: mapping.ByPrincipal, Guests: mapping.ExcludeGuests,
	}
	if def.Kind == mapping.Login {
		def.Module, def.Identifier, def.Guests, def.Entity = v.module.ID, mapping.ByObjectID, mapping.IncludeGuests, directory.User
		def.Units = []directory.UnitRef{{Kind: directory.Group, Nested: true}}
		book, err := v.mappingBook()
		if n := len(book.given); n > 0 {
			def.Role = book.given[n-1].ID // the one with the fewest rights
		}
		return def, err
	}
	if def.Entity != directory.User {
		def.Identifier, def.Guests = mapping.ByObjectID, mapping.IncludeGuests
	}
	rows, err := v.site.Integrations.Suggest(v.ctx(), v.who, c.ID, def.Entity, def.Collection)
	def.Rows = rows
	return def, err
}

func entityOf(word string) directory.Kind {
	switch word {
	case "devices":
		return directory.Device
	case "groups":
		return directory.Group
	}
	return directory.User
}

func collectionOptions(list []register.Collection, none bool) []view.Option {
	var out []view.Option
	if none {
		out = append(out, view.Option{Value: "0", Label: "none"})
	}
	for _, c := range list {
		out = append(out, view.Option{Value: strconv.FormatInt(c.ID, 10), Label: c.Name})
	}
	return out
}

func peopleOf(list []register.Collection) string {
	for _, c := range list {
		if c.Kind == register.People {
			return strconv.FormatInt(c.ID, 10)
		}
	}
	return ""
}

// showMapping shows the form of a definition with what is wrong with it.
func (v *visit) showMapping(status int, c syncer.Connection, def mapping.Definition, problems []mapping.Problem) error {
	page, err := v.mappingView(c, def)
	if err != nil {
		return err
	}
	for _, p := range problems {
		page.Problems = append(page.Problems, problemWords(p))
	}
	return v.showStatus(status, page.Title, view.MappingPage(page))
}

func problemWords(p mapping.Problem) string {
	text := p.Message
	if p.Row >= 0 {
		text = fmt.Sprintf("Row %d: %s", p.Row+1, p.Message)
	}
	if p.Condition >= 0 {
		text = fmt.Sprintf("Condition %d: %s", p.Condition+1, p.Message)
	}
	return strings.TrimSpace(text + " " + p.Hint)
}

// saveMapping shows what an edit would do; once that is confirmed it keeps it.
func (s *Site) saveMapping(v *visit) error {
	c, defs, err := v.definitions()
	if err != nil {
		return err
	}
	stored, edits := v.pick(defs)
	def, all, err := v.edited(defs)
	if err != nil {
		return err
	}
	if edits && v.guardMapping(c, stored) {
		if v.live() {
			return v.part(view.OvertakenPart(v.guarded))
		}
		return v.showMapping(http.StatusConflict, c, def, nil)
	}
	problems, err := s.Integrations.Problems(v.ctx(), v.who, c.ID, def)
	if err != nil {
		return err
	}
	if problems = append(v.newFieldProblems(), problems...); len(problems) > 0 {
		if def.Rows, err = v.readRows(); err != nil { // with those of new fields
			return err
		}
		return v.refuse(c, def, problems)
	}
	if v.text("confirm") == "" {
		return v.showEffect(c, def, all)
	}
	lines, err := s.Integrations.SaveMappings(v.ctx(), v.who, c.ID, all)
	if err != nil {
		return err
	}
	text := "Nothing differs from before."
	if len(lines) > 0 {
		text = "Saved. Sync now, or wait for the schedule."
	}
	v.flash(true, text)
	return v.goTo(connectionPath(v.module.ID, c.ID) + "/mapping")
}

// refuse shows what is wrong, in place for a script and as a page otherwise.
func (v *visit) refuse(c syncer.Connection, def mapping.Definition, problems []mapping.Problem) error {
	if !v.live() {
		return v.showMapping(http.StatusUnprocessableEntity, c, def, problems)
	}
	words := make([]string, len(problems))
	for i, p := range problems {
		words[i] = problemWords(p)
	}
	return v.part(view.MappingProblems(words))
}

// edited returns the definition as the form has it, and all mappings with it in
// its place.
func (v *visit) edited(defs []mapping.Definition) (mapping.Definition, []mapping.Definition, error) {
	old := mapping.Definition{}
	at := len(defs)
	if v.r.PathValue("mapping") != "new" {
		stored, ok := v.pick(defs)
		if !ok {
			return old, nil, notHere()
		}
		old = stored
		at = slices.IndexFunc(defs, func(d mapping.Definition) bool { return d.ID == stored.ID })
	}
	def, err := v.readMapping(old)
	if err != nil {
		return def, nil, err
	}
	if at == len(defs) {
		return def, append(defs, def), nil
	}
	defs[at] = def
	return def, defs, nil
}

// effectShown is how many changes an edit's effect names.
const effectShown = 12

// showEffect previews an edit before it is kept: who enters and leaves, which
// fields change, who gains or loses a role.
func (v *visit) showEffect(c syncer.Connection, def mapping.Definition, all []mapping.Definition) error {
	tell := func(syncer.Progress) {}
	if !v.live() {
		effect, err := v.effect(c, all, tell)
		if err != nil {
			return err
		}
		page, err := v.mappingView(c, def)
		if err != nil {
			return err
		}
		page.Effect = &effect
		return v.show(page.Title, view.MappingPage(page))
	}
	send := v.stream()
	last := time.Time{}
	effect, err := v.effect(c, all, func(p syncer.Progress) {
		if now := time.Now(); now.Sub(last) > 150*time.Millisecond {
			send("", view.ProgressPart(progressView(p)))
			last = now
		}
	})
	if err != nil {
		send("", view.FaultPart(view.Fault{Text: sentence(err, statusOf(err)), Hint: errs.HintOf(err)}))
		return nil
	}
	send("", view.EffectPart(effect))
	return nil
}

func (v *visit) effect(c syncer.Connection, all []mapping.Definition, tell func(syncer.Progress)) (view.Effect, error) {
	if err := http.NewResponseController(v.w).SetWriteDeadline(time.Time{}); err != nil {
		v.site.Log.Debug("the write deadline stays", "error", err)
	}
	rep, err := v.site.Integrations.Effect(v.ctx(), v.who, c.ID, all, tell)
	if err != nil {
		return view.Effect{}, err
	}
	out := view.Effect{Run: rep.Run.ID, Path: runPath(v.module.ID, c.ID, rep.Run.ID), Holds: rep.Run.Holds}
	for _, p := range partsOf(rep.Run, out.Path) {
		if p.N > 0 {
			out.Counts = append(out.Counts, p)
		}
	}
	list, err := v.site.Integrations.Changes(v.ctx(), v.who, rep.Run.ID, syncer.ChangeFilter{Limit: effectShown})
	if err != nil {
		return out, err
	}
	out.Changes, err = v.changeRows(c, list)
	return out, err
}

// removeMapping puts a mapping away; what that does is shown by the next
// preview, and its roles are taken back by the next run.
func (s *Site) removeMapping(v *visit) error {
	c, defs, err := v.definitions()
	if err != nil {
		return err
	}
	def, ok := v.pick(defs)
	if !ok {
		return notHere()
	}
	defs = slices.DeleteFunc(defs, func(d mapping.Definition) bool { return d.ID == def.ID })
	if _, err := s.Integrations.SaveMappings(v.ctx(), v.who, c.ID, defs); err != nil {
		return err
	}
	v.flash(true, "Mapping "+def.Name+" is removed. Its roles are taken back by the next sync; records stay as they are.")
	return v.goTo(connectionPath(v.module.ID, c.ID) + "/mapping")
}

// tryMapping shows what the form's mapping makes of a real person.
func (s *Site) tryMapping(v *visit) error {
	c, defs, err := v.definitions()
	if err != nil {
		return err
	}
	def, _, err := v.edited(defs)
	if err != nil {
		return err
	}
	problems, err := s.Integrations.Problems(v.ctx(), v.who, c.ID, def)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return v.part(view.NoTrial(problemWords(problems[0])))
	}
	trial, err := s.Integrations.Try(v.ctx(), v.who, c.ID, def, int(v.numberIn("at")))
	if err != nil {
		return v.part(view.FaultPart(view.Fault{Text: sentence(err, statusOf(err)), Hint: errs.HintOf(err)}))
	}
	names, err := v.targetNames(def)
	if err != nil {
		return err
	}
	return v.part(view.TrialPart(trialView(trial, &def, names, connectionPath(v.module.ID, c.ID)+"/mapping/"+v.r.PathValue("mapping")+"/preview")))
}

// searchUnits offers groups and administrative units whose names begin with
// what was typed.
func (s *Site) searchUnits(v *visit) error {
	c, err := v.connectionHere()
	if err != nil {
		return err
	}
	units, err := s.Integrations.SearchUnits(v.ctx(), v.who, c.ID, v.text("unit"))
	if err != nil {
		return err
	}
	out := make([]view.Option, len(units))
	for i, u := range units {
		out[i] = view.Option{Value: u.Name, Label: u.Kind.String() + " · " + u.ID.String()}
	}
	return v.part(view.UnitOptions(out))
}
