package web

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// fieldType is the form for another type of a field.
func (s *Site) fieldType(v *visit) error {
	c, f, err := v.fieldHere()
	if err != nil {
		return err
	}
	in := register.Conversion{Type: f.Spec.Type, Choices: f.Spec.Choices, Currency: f.Spec.Currency, Link: f.Spec.Collection}
	return v.show("Change the type", view.FieldTypePage(v.typeView(c, f, in)))
}

// convertField shows what another type would do to the values and, once
// somebody has seen that, does it.
func (s *Site) convertField(v *visit) error {
	c, f, err := v.fieldHere()
	if err != nil {
		return err
	}
	in := register.Conversion{
		Account: c.Account, Collection: c.ID, Field: f.ID, Type: datatype.Type(v.text("type")), Choices: linesOf(v.text("choices")),
		Currency: strings.ToUpper(v.text("currency")), Link: v.numberIn("link"), Lose: int(v.numberIn("lose")),
	}
	if v.text("apply") != "" {
		effect, err := s.Integrations.ConvertField(v.ctx(), v.who, in)
		if err == nil {
			v.flash(true, fmt.Sprintf("%s is a field of type %s now. %d values were kept, %d emptied.", f.Name, effect.Field.Spec.Type.Label(), effect.Fits, effect.Lost))
			return v.goTo(structurePath(c))
		}
		if !refused(err) {
			return err
		}
		return v.showConversion(c, f, in, err)
	}
	return v.showConversion(c, f, in, nil)
}

// showConversion shows the form again with the effect under it, with the fault
// at its place or, when it is about the whole, above the effect.
func (v *visit) showConversion(c register.Collection, f register.Field, in register.Conversion, whole error) error {
	page, status := v.typeView(c, f, in), http.StatusOK
	if whole != nil {
		status = statusOf(whole)
		page.Fault, page.Hint = sentence(whole, status), errs.HintOf(whole)
	}
	effect, err := v.site.Records.PreviewConversion(v.ctx(), v.who, in)
	if fault, ok := partOf(err); ok {
		page.Faults[string(fault.Part)] = strings.TrimSpace(sentence(fault, statusOf(err)) + " " + errs.HintOf(fault))
		return v.showStatus(statusOf(err), "Change the type", view.FieldTypePage(page))
	}
	if err != nil {
		return err
	}
	uses, err := v.site.Integrations.FieldUses(v.ctx(), v.who, effect.Field)
	if err != nil {
		return err
	}
	page.Effect = v.effectView(c, effect, uses)
	page.Choices = strings.Join(effect.Field.Spec.Choices, "\n")
	return v.showStatus(status, "Change the type", view.FieldTypePage(page))
}

// typeView is the form as it was typed.
func (v *visit) typeView(c register.Collection, f register.Field, in register.Conversion) view.FieldType {
	page := view.FieldType{
		Crumbs: append(v.crumbs(view.Crumb{Name: "Collections", Path: collectionsPath(v.module.ID)}, view.Crumb{Name: c.Name, Path: structurePath(c)}), view.Crumb{Name: f.Name, Path: fieldPath(c, f.ID)}),
		Name:   f.Name, Path: fieldPath(c, f.ID) + "/type", Back: fieldPath(c, f.ID), Was: f.Spec.Type.Label(),
		Type: string(in.Type), Choices: strings.Join(in.Choices, "\n"), Currency: in.Currency, Link: view.Num(in.Link),
		Links: v.linkOptions(), Faults: map[string]string{},
	}
	for _, t := range datatype.All() {
		if datatype.Converts(f.Spec.Type, t) {
			page.Types = append(page.Types, view.Option{Value: string(t), Label: t.Label()})
		}
	}
	return page
}

// effectView is what a conversion would do, as the page shows it.
func (v *visit) effectView(c register.Collection, e register.ConversionEffect, uses []integration.FieldUse) *view.TypeEffect {
	out := &view.TypeEffect{
		To: e.Field.Spec.Type.Label(), Fits: e.Fits, Empty: e.Empty, Lost: e.Lost, Shared: e.Shared, NoLongerUnique: e.NoLongerUnique,
		Possible: e.Shared == 0 && (e.Lost == 0 || !e.Field.Spec.Required), Required: e.Field.Spec.Required && e.Lost > 0, Mappings: v.useLines(uses),
	}
	for _, m := range e.Misfits {
		out.Misfits = append(out.Misfits, view.Misfit{Path: recordPath(c.Module, c.ID, m.Record), Name: cmp.Or(m.Title, "without a title"), Value: m.Value, Why: m.Why})
	}
	for _, d := range e.Sample {
		out.Sample = append(out.Sample, view.Line{Before: d.Before.String(), After: d.After.String()})
	}
	for _, u := range uses {
		out.Possible = out.Possible && u.Problem == ""
	}
	return out
}

func (v *visit) useLines(uses []integration.FieldUse) []view.UseLine {
	var out []view.UseLine
	for _, u := range uses {
		out = append(out, view.UseLine{Name: u.Name, Attribute: u.Attribute, Problem: u.Problem,
			Path: fmt.Sprintf("%s/mapping/%d", connectionPath(u.Module, u.Connection), u.Mapping)})
	}
	return out
}

// removeFieldForm says what is lost with a field.
func (s *Site) removeFieldForm(v *visit) error {
	c, f, err := v.fieldHere()
	if err != nil {
		return err
	}
	return v.showRemoval(http.StatusOK, c, f, "")
}

func (v *visit) showRemoval(status int, c register.Collection, f register.Field, fault string) error {
	n, err := v.site.Records.CountValues(v.ctx(), v.who, c.Account, c.ID, f.ID)
	if err != nil {
		return err
	}
	uses, err := v.site.Integrations.FieldUses(v.ctx(), v.who, f)
	if err != nil {
		return err
	}
	page := view.FieldRemoval{
		Crumbs: append(v.crumbs(view.Crumb{Name: "Collections", Path: collectionsPath(v.module.ID)}, view.Crumb{Name: c.Name, Path: structurePath(c)}), view.Crumb{Name: f.Name, Path: fieldPath(c, f.ID)}),
		Name:   f.Name, Path: fieldPath(c, f.ID), Back: structurePath(c), Values: n, Hidden: f.Hidden, Title: f.Title, Fault: fault, Mappings: v.useLines(uses),
	}
	return v.showStatus(status, "Remove a field", view.FieldRemovalPage(page))
}

// removeField removes a field with its values.
func (s *Site) removeField(v *visit) error {
	c, f, err := v.fieldHere()
	if err != nil {
		return err
	}
	err = s.Integrations.RemoveField(v.ctx(), v.who, f)
	if refused(err) {
		return v.showRemoval(statusOf(err), c, f, strings.TrimSpace(sentence(err, statusOf(err))+" "+errs.HintOf(err)))
	}
	if err != nil {
		return err
	}
	v.flash(true, "The field "+f.Name+" is removed, with its values.")
	return v.goTo(structurePath(c))
}
