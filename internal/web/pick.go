package web

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// Forms name a record by its title. Where several of a collection share one, its
// number stands behind: "Anna Meyer #12". The list that appears while somebody
// types offers them so, with what tells them apart.

// offered is how many names are offered.
const offered = 20

// chooseRecord offers the records of a collection whose words begin with what was
// typed.
func (s *Site) chooseRecord(v *visit) error {
	c, _, err := v.collectionHere()
	if err != nil {
		return err
	}
	options, err := v.offer(c.ID, v.typedName())
	if err != nil {
		return err
	}
	return v.part(view.UnitOptions(options))
}

// chooseThing offers what can be checked out, of all collections of the module.
func (s *Site) chooseThing(v *visit) error {
	var options []view.Option
	for _, id := range v.collectionsOf(register.Main, register.Custom) {
		list, err := v.offer(id, v.typedName())
		if errs.Is(err, errs.Forbidden) {
			continue
		}
		if err != nil {
			return err
		}
		options = append(options, list...)
	}
	return v.part(view.UnitOptions(options[:min(len(options), offered)]))
}

// typedName is what was typed so far: the one value that the script sends, by
// whatever name the field has.
func (v *visit) typedName() string {
	for _, values := range v.r.URL.Query() {
		return values[0]
	}
	return ""
}

// offer returns names of records to choose from.
func (v *visit) offer(collection int64, typed string) ([]view.Option, error) {
	list, err := v.site.Lists.Suggest(v.ctx(), v.who, v.module.Account, collection, typed, offered)
	if err != nil {
		return nil, err
	}
	fields, err := v.site.Records.FieldsFor(v.ctx(), v.who, v.module.Account, collection)
	if err != nil {
		return nil, err
	}
	names, err := v.namesOf(list)
	if err != nil {
		return nil, err
	}
	options := make([]view.Option, len(list))
	for i := range list {
		options[i] = view.Option{Value: names[list[i].ID]}
		if names[list[i].ID] != list[i].Title {
			options[i].Label = tellsApart(fields, &list[i])
		}
	}
	return options, nil
}

// tellsApart is what tells a record from others of its name: its email, else what
// nobody else has.
func tellsApart(fields []register.Field, r *register.Record) string {
	unique := ""
	for _, f := range fields {
		text := r.Value(f.ID).String()
		switch {
		case f.Title || f.Hidden || text == "":
		case f.Spec.Type == datatype.Email:
			return text
		case f.Spec.Unique && unique == "":
			unique = text
		}
	}
	return unique
}

// namesOf are the names by which forms know records: their titles, with the
// number behind where others of the collection have the same.
func (v *visit) namesOf(list []register.Record) (map[int64]string, error) {
	keys := map[int64][]string{}
	for i := range list {
		keys[list[i].Collection] = append(keys[list[i].Collection], list[i].TitleKey)
	}
	out := make(map[int64]string, len(list))
	for collection, titles := range keys {
		slices.Sort(titles)
		shared, err := v.site.Records.FindByTitle(v.ctx(), collection, slices.Compact(titles))
		if err != nil {
			return nil, err
		}
		for i := range list {
			r := &list[i]
			if r.Collection != collection {
				continue
			}
			if out[r.ID] = r.Title; len(shared[r.TitleKey]) > 1 {
				out[r.ID] += " #" + view.Num(r.ID)
			}
		}
	}
	return out, nil
}

// linkNames are the names of what a record links to.
func (v *visit) linkNames(fields []register.Field, r register.Record) (map[int64]string, error) {
	linked, err := v.linkTitles(fields, []register.Record{r})
	if err != nil {
		return nil, err
	}
	return v.namesOf(slices.Collect(maps.Values(linked)))
}

// named finds the record of some collections that a name stands for. It fails
// with NotFound, and with Conflict when several have that name.
func (v *visit) named(collections []int64, name string) (int64, error) {
	title, number, _ := cutLast(name, " #")
	id, _ := strconv.ParseInt(number, 10, 64)
	keys := []string{datatype.KeyOfText(name), datatype.KeyOfText(title)}
	var called []int64
	for _, c := range collections {
		found, err := v.site.Records.FindByTitle(v.ctx(), c, keys)
		if err != nil {
			return 0, err
		}
		if id != 0 && slices.Contains(found[keys[1]], id) {
			return id, nil
		}
		called = append(called, found[keys[0]]...)
	}
	switch len(called) {
	case 1:
		return called[0], nil
	case 0:
		return 0, errs.New(errs.NotFound, "nobody and nothing is called %q", name).
			WithHint("Choose a name from the list that appears while you type.")
	}
	return 0, errs.New(errs.Conflict, "several are called %q", name).
		WithHint("Choose one from the list that appears while you type: it has their numbers.")
}

// linkOf finds the record that a link's text names; fault says why there is none.
func (v *visit) linkOf(f register.Field, name string) (value datatype.Value, fault, err error) {
	id, err := v.named([]int64{f.Spec.Collection}, name)
	if k := errs.KindOf(err); k == errs.NotFound || k == errs.Conflict {
		return value, errs.New(errs.Invalid, "%s", strings.TrimSpace(sentence(err, 0)+" "+errs.HintOf(err))), nil
	}
	if err != nil {
		return value, nil, err
	}
	return datatype.OfRecord(id), nil, nil
}

// collectionsOf are the module's collections of some kinds.
func (v *visit) collectionsOf(kinds ...register.Kind) []int64 {
	var out []int64
	for _, c := range v.frame.Module.Collections {
		if slices.Contains(kinds, register.Kind(c.Kind)) {
			out = append(out, c.ID)
		}
	}
	return out
}

// peoplePath is where names of people are offered; "" without people.
func (v *visit) peoplePath() string {
	for _, id := range v.collectionsOf(register.People) {
		return modulePath(v.module.ID) + "/choose/" + view.Num(id)
	}
	return ""
}

// thingsPath is where names of things are offered that people can hold.
func (v *visit) thingsPath() string { return modulePath(v.module.ID) + "/choose" }

// cutLast is strings.Cut at the last place.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
