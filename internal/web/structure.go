package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

func collectionsPath(module int64) string { return modulePath(module) + "/collections" }

func structurePath(c register.Collection) string {
	return fmt.Sprintf("%s/%d", collectionsPath(c.Module), c.ID)
}

// collections is the list of the module's collections, to be managed.
func (s *Site) collections(v *visit) error { return v.showCollections(http.StatusOK, view.Field{}) }

func (v *visit) showCollections(status int, another view.Field) error {
	page := view.Collections{Crumbs: v.crumbs(), Path: collectionsPath(v.module.ID), New: another}
	for _, c := range v.frame.Module.Collections {
		page.Rows = append(page.Rows, view.CollectionLine{
			Icon: c.Icon, Name: c.Name, Use: useOf(register.Kind(c.Kind)), Records: c.Path, Path: fmt.Sprintf("%s/%d", page.Path, c.ID),
		})
	}
	return v.showStatus(status, "Collections", view.CollectionsPage(page))
}

// useOf says what a collection is for.
func useOf(k register.Kind) string {
	switch k {
	case register.Main:
		return "The things that are handed out."
	case register.People:
		return "Who can hold them."
	case register.Locations:
		return "Where they are."
	case register.Categories:
		return "What they are."
	}
	return "A collection of your own."
}

// addCollection makes a collection of the module's own.
func (s *Site) addCollection(v *visit) error {
	name := v.text("name")
	c, err := s.Records.CreateCollection(v.ctx(), v.who, v.module.Account, v.module.ID, name)
	if refused(err) {
		return v.showCollections(statusOf(err), view.Field{Value: name, Fault: sentence(err, statusOf(err))})
	}
	if err != nil {
		return err
	}
	v.flash(true, "The collection "+c.Name+" is there. Next, give it its fields.")
	return v.goTo(structurePath(c))
}

// fields is a collection's name and fields, to be managed.
func (s *Site) fields(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	return v.showFields(http.StatusOK, c, fields, view.Field{Value: c.Name})
}

func (v *visit) showFields(status int, c register.Collection, fields []register.Field, name view.Field) error {
	page := view.Fields{
		Crumbs: v.crumbs(view.Crumb{Name: "Collections", Path: collectionsPath(v.module.ID)}),
		Title:  c.Name, Path: structurePath(c), Records: collectionPath(v.module.ID, c.ID), Name: name,
	}
	moved := v.numberIn("moved")
	for _, f := range fields {
		line := view.FieldLine{
			ID: f.ID, Name: f.Name, Type: f.Spec.Type.Label(), More: v.moreOf(f), Path: fieldPath(c, f.ID),
			Title: f.Title, Required: f.Spec.Required, Unique: f.Spec.Unique, Hidden: f.Hidden, System: f.System,
		}
		if f.ID == moved {
			line.Focus = v.text("move")
		}
		page.Rows = append(page.Rows, line)
	}
	return v.showStatus(status, c.Name, view.FieldsPage(page))
}

func fieldPath(c register.Collection, field int64) string {
	return fmt.Sprintf("%s/fields/%d", structurePath(c), field)
}

// moreOf says what a field's type alone does not.
func (v *visit) moreOf(f register.Field) string {
	switch f.Spec.Type {
	case datatype.Choice, datatype.Choices:
		return strings.Join(f.Spec.Choices, ", ")
	case datatype.Currency:
		return f.Spec.Currency
	case datatype.Link:
		for _, c := range v.frame.Module.Collections {
			if c.ID == f.Spec.Collection {
				return c.Name
			}
		}
	}
	return ""
}

// renameCollection gives the collection another name.
func (s *Site) renameCollection(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	name := v.text("name")
	if fault := v.renamedMeanwhile(c.Name); fault != "" {
		return v.showFields(http.StatusConflict, c, fields, view.Field{Value: name, Fault: fault})
	}
	_, err = s.Records.RenameCollection(v.ctx(), v.who, c.Account, c.ID, name)
	if refused(err) {
		return v.showFields(statusOf(err), c, fields, view.Field{Value: name, Fault: sentence(err, statusOf(err))})
	}
	if err != nil {
		return err
	}
	v.flash(true, "The collection is called "+name+" now.")
	return v.goTo(structurePath(c))
}

// numbersOf reads numbers with commas between them; what is none is left out.
func numbersOf(text string) []int64 {
	var out []int64
	for part := range strings.SplitSeq(text, ",") {
		if n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// moveField moves a field up or down, or puts all in the order that dragging
// left; the button keeps the focus, so that one
// can go on with the keyboard.
func (s *Site) moveField(v *visit) error {
	c, fields, err := v.collectionHere()
	if err != nil {
		return err
	}
	if v.text("order") != "" {
		if err := s.Records.MoveFields(v.ctx(), v.who, c.Account, c.ID, numbersOf(v.text("order"))); err != nil {
			return err
		}
		return v.goTo(structurePath(c))
	}
	id, move := v.numberIn("field"), v.text("move")
	at := slices.IndexFunc(fields, func(f register.Field) bool { return f.ID == id })
	to := at - 1
	if move == "down" {
		to = at + 1
	}
	if at >= 0 && to >= 0 && to < len(fields) {
		fields[at], fields[to] = fields[to], fields[at]
		order := make([]int64, len(fields))
		for i, f := range fields {
			order[i] = f.ID
		}
		if err := s.Records.MoveFields(v.ctx(), v.who, c.Account, c.ID, order); err != nil {
			return err
		}
	}
	if move != "down" {
		move = "up"
	}
	return v.goTo(fmt.Sprintf("%s?moved=%d&move=%s#field-%d", structurePath(c), id, move, id))
}
