package web

import (
	"net/http"
	"strings"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// checkForm edits what a module asks at check-out and check-in.
func (s *Site) checkForm(v *visit) error {
	form, err := s.Records.CheckForm(v.ctx(), v.who, v.module.Account, v.module.ID)
	if err != nil {
		return err
	}
	v.guardCheckForm(form)
	return v.showCheckForm(http.StatusOK, form, "")
}

// guardCheckForm is the guard of the page.
func (v *visit) guardCheckForm(form register.CheckForm) (stale bool) {
	return v.guard(subject{"module", v.module.ID}, form)
}

func (v *visit) showCheckForm(status int, form register.CheckForm, fault string) error {
	page := view.CheckFormPart{
		Crumbs: v.crumbs(), Path: modulePath(v.module.ID) + "/check-out-forms", Fault: fault, Statement: form.Statement,
		Out: questionRows(form.Out), In: questionRows(form.In), Guard: v.guarded,
	}
	return v.showStatus(status, "Forms of check-out", view.CheckFormPage(page))
}

func questionRows(list []register.Question) []view.QuestionRow {
	out := make([]view.QuestionRow, len(list))
	for i, q := range list {
		out[i] = view.QuestionRow{Name: q.Name, Kind: string(q.Kind), Choices: strings.Join(q.Choices, ", "), Required: q.Required}
	}
	return out
}

// saveCheckForm stores what a module asks from now on.
func (s *Site) saveCheckForm(v *visit) error {
	stored, err := s.Records.CheckForm(v.ctx(), v.who, v.module.Account, v.module.ID)
	if err != nil {
		return err
	}
	form := register.CheckForm{Statement: v.text("statement"), Out: v.questions("out"), In: v.questions("in")}
	if v.guardCheckForm(stored) {
		return v.showCheckForm(http.StatusConflict, form, "")
	}
	_, err = s.Records.SaveCheckForm(v.ctx(), v.who, v.module.Account, v.module.ID, form)
	if err == nil {
		v.flash(true, "The forms of check-out are saved.")
		return v.goTo(modulePath(v.module.ID) + "/check-out-forms")
	}
	if errs.KindOf(err) != errs.Invalid {
		return err
	}
	return v.showCheckForm(http.StatusUnprocessableEntity, form, sentence(err, 0))
}

// questions reads one of the form's lists: its inputs have a value for each
// question, in order. Rows without a name are left out.
func (v *visit) questions(list string) []register.Question {
	v.text(list) // reads the form
	at := func(name string, i int) string {
		if values := v.r.Form[list+"_"+name]; i < len(values) {
			return strings.TrimSpace(values[i])
		}
		return ""
	}
	var out []register.Question
	for i := range v.r.Form[list+"_name"] {
		if at("name", i) == "" {
			continue
		}
		out = append(out, register.Question{
			Name: at("name", i), Kind: register.QuestionKind(at("kind", i)), Required: at("required", i) == "yes",
			Choices: strings.Split(at("choices", i), ","),
		})
	}
	return out
}
