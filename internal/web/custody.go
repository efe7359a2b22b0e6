package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
	"github.com/musterhq/muster/internal/web/view"
)

// custodyView adds who holds an asset, or what a person holds.
func (v *visit) custodyView(r register.Record, c register.Collection, page *view.Record, out view.CheckOutForm) error {
	page.MayCheckOut = v.who.May(account.CheckOut, v.module.Account, v.module.ID, c.ID) == nil && !r.Archived()
	page.Person, page.Asset = c.Kind == register.People, c.Kind != register.People && c.Kind != register.Locations && c.Kind != register.Categories
	form, err := v.site.Records.CheckFormOf(v.ctx(), v.who, v.module.Account, r.ID)
	if err != nil {
		return err
	}
	page.In = asked(form.In, "r", nil)
	page.Out = v.outForm(page, form, out)
	page.CSV = page.Path + "?format=csv"
	past, err := v.site.Records.CustodyHistory(v.ctx(), v.who, v.module.Account, r.ID)
	if err != nil {
		return err
	}
	for _, k := range past {
		row := v.custodyRow(k)
		if k.Open() && k.Asset == r.ID {
			page.Holder = &row
		}
		if k.Open() && k.Holder == r.ID {
			page.Holdings = append(page.Holdings, row)
		}
		page.Custody = append(page.Custody, row)
	}
	return nil
}

// outForm completes the form of check-out with what the module asks.
func (v *visit) outForm(page *view.Record, form register.CheckForm, typed view.CheckOutForm) view.CheckOutForm {
	out := typed
	out.Path, out.Name, out.Label, out.Pick = page.Path+"/check-out", "holder", "To whom", v.peoplePath()
	if page.Person {
		out.Path, out.Name, out.Label, out.Pick = page.Path+"/give", "asset", "What", v.thingsPath()
	}
	given := map[string]string{}
	for i, q := range form.Out {
		given[q.Name] = v.text("q" + strconv.Itoa(i))
	}
	out.Questions, out.Statement = asked(form.Out, "q", given), form.Statement
	return out
}

// asked are the questions of a form as inputs, which are called by a prefix and
// their number.
func asked(list []register.Question, prefix string, given map[string]string) []view.Asked {
	out := make([]view.Asked, len(list))
	for i, q := range list {
		out[i] = view.Asked{Name: prefix + strconv.Itoa(i), Label: q.Name, Required: q.Required, Value: given[q.Name]}
		switch q.Kind {
		case register.AskChoice:
			out[i].Choices = q.Choices
		case register.AskYesNo:
			out[i].Choices = []string{"yes", "no"}
		}
	}
	return out
}

// answersTo reads the answers to a form's questions.
func (v *visit) answersTo(list []register.Question, prefix string) map[string]string {
	out := map[string]string{}
	for i, q := range list {
		if text := v.text(prefix + strconv.Itoa(i)); text != "" {
			out[q.Name] = text
		}
	}
	return out
}

func (v *visit) custodyRow(k register.Custody) view.CustodyRow {
	row := view.CustodyRow{
		Asset: k.AssetTitle, AssetPath: recordPath(v.module.ID, k.AssetCollection, k.Asset), Holder: k.HolderTitle,
		Out: k.CheckedOutAt, OutBy: k.CheckedOutBy, Due: k.Due, In: k.CheckedInAt, InBy: k.CheckedInBy,
		Note: k.Note, InNote: k.CheckInNote, Condition: k.Condition, Override: k.OverrideReason, WrittenOff: k.WrittenOff,
		Late: k.Open() && !k.Due.IsZero() && k.Due.Before(v.now()), Answers: lines(k.Answers), InAnswers: lines(k.InAnswers),
	}
	for _, c := range v.frame.Module.Collections {
		if c.Kind == string(register.People) {
			row.HolderPath = recordPath(v.module.ID, c.ID, k.Holder)
			row.HolderID = k.Holder
		}
	}
	return row
}

func lines(list []register.Answer) []view.Line {
	out := make([]view.Line, len(list))
	for i, a := range list {
		out[i] = view.Line{Label: a.Question, After: a.Text}
	}
	return out
}

// checkOut gives the asset of the path to a person.
func (s *Site) checkOut(v *visit) error { return v.handOut("holder", register.People) }

// giveTo gives an asset to the person of the path.
func (s *Site) giveTo(v *visit) error { return v.handOut("asset", register.Main, register.Custom) }

// handOut checks an asset out: of the two, the path names one and the form the
// other. What is refused is shown again as it was typed.
func (v *visit) handOut(other string, kinds ...register.Kind) error {
	r, c, fields, err := v.recordHere()
	if err != nil {
		return err
	}
	typed := view.CheckOutForm{
		Value: v.text(other), For: v.text("for"), Due: v.text("due"), Note: v.text("note"), Override: v.text("override"),
		Accepted: v.text("accept") != "",
	}
	k, err := v.handedOut(r, other, kinds, typed)
	if err == nil {
		v.flash(true, fmt.Sprintf("%s is checked out to %s.", k.AssetTitle, k.HolderTitle))
		return v.goTo(recordPath(v.module.ID, c.ID, r.ID))
	}
	if k := errs.KindOf(err); k != errs.Invalid && k != errs.Conflict && k != errs.NotFound {
		return err
	}
	typed.Fault, typed.Left = strings.TrimSpace(sentence(err, 0)+" "+errs.HintOf(err)), register.HasLeft(err)
	return v.showRecord(http.StatusUnprocessableEntity, r, c, fields, typed)
}

// handedOut does what a form of check-out asks for.
func (v *visit) handedOut(r register.Record, other string, kinds []register.Kind, typed view.CheckOutForm) (register.Custody, error) {
	id, err := v.named(v.collectionsOf(kinds...), typed.Value)
	if err != nil {
		return register.Custody{}, err
	}
	in := register.CheckOut{
		Account: v.module.Account, Asset: r.ID, Holder: id, Note: typed.Note, Override: typed.Override, Accepted: typed.Accepted,
	}
	if other == "asset" {
		in.Asset, in.Holder = id, r.ID
	}
	if in.Due, err = v.dueOf(typed); err != nil {
		return register.Custody{}, err
	}
	form, err := v.site.Records.CheckFormOf(v.ctx(), v.who, v.module.Account, in.Asset)
	if err != nil {
		return register.Custody{}, err
	}
	in.Answers = v.answersTo(form.Out, "q")
	return v.site.Records.CheckOut(v.ctx(), v.who, in)
}

// dueOf is the end of the day on which something is due: the day that was typed,
// else the time that was chosen from today on; zero for no end.
func (v *visit) dueOf(typed view.CheckOutForm) (time.Time, error) {
	today := v.now().In(v.frame.Zone)
	year, month, day := today.Date()
	switch {
	case typed.Due != "":
		t, err := time.ParseInLocation(time.DateOnly, typed.Due, v.frame.Zone)
		if err != nil {
			return t, errs.New(errs.Invalid, "%q is no day", typed.Due)
		}
		year, month, day = t.Date()
	case typed.For == "":
		return time.Time{}, nil
	case typed.For == "week":
		day += 7
	case typed.For == "month":
		month++
	case typed.For == "quarter":
		month += 3
	default:
		return time.Time{}, errs.New(errs.Invalid, "%q is no time to hold something", typed.For)
	}
	return time.Date(year, month, day, 23, 59, 59, 0, v.frame.Zone), nil
}

// back returns where an act leads: where its form says, else to a record.
func (v *visit) back(c register.Collection, r register.Record) string {
	if to := localPath(v.text("back")); to != "" {
		return to
	}
	return recordPath(v.module.ID, c.ID, r.ID)
}

// checkInOf reads the form of a check-in.
func (v *visit) checkInOf(record int64) (register.CheckIn, error) {
	form, err := v.site.Records.CheckFormOf(v.ctx(), v.who, v.module.Account, record)
	return register.CheckIn{
		Account: v.module.Account, Asset: record, Note: v.text("note"), Condition: v.text("condition"), Answers: v.answersTo(form.In, "r"),
	}, err
}

// refused tells why an act was not done, where it was asked for.
func (v *visit) refused(err error, to string) error {
	if k := errs.KindOf(err); k != errs.Invalid && k != errs.Conflict {
		return err
	}
	v.flash(false, strings.TrimSpace(sentence(err, 0)+" "+errs.HintOf(err)))
	return v.goTo(to)
}

// checkIn takes the asset of the path back.
func (s *Site) checkIn(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	in, err := v.checkInOf(r.ID)
	if err != nil {
		return err
	}
	k, err := s.Records.CheckIn(v.ctx(), v.who, in)
	if err != nil {
		return v.refused(err, v.back(c, r))
	}
	v.flash(true, fmt.Sprintf("%s is checked in from %s.", k.AssetTitle, k.HolderTitle))
	return v.goTo(v.back(c, r))
}

// checkInAll takes back everything that the person of the path holds.
func (s *Site) checkInAll(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	in, err := v.checkInOf(r.ID)
	if err != nil {
		return err
	}
	back, err := s.Records.CheckInAll(v.ctx(), v.who, r.ID, in)
	if err != nil {
		return v.refused(err, v.back(c, r))
	}
	v.flash(true, fmt.Sprintf("Checked in from %s: %d.", r.Title, len(back)))
	return v.goTo(v.back(c, r))
}

// writeOff gives the asset of the path up.
func (s *Site) writeOff(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	if _, err := s.Records.WriteOff(v.ctx(), v.who, v.module.Account, r.ID, v.text("reason")); err != nil {
		return v.refused(err, v.back(c, r))
	}
	v.flashUndo(r.Title+" is written off.", recordPath(v.module.ID, c.ID, r.ID)+"/write-off/undo")
	return v.goTo(v.back(c, r))
}

// undoWriteOff brings the asset of the path back.
func (s *Site) undoWriteOff(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	if _, err := s.Records.UndoWriteOff(v.ctx(), v.who, v.module.Account, r.ID); err != nil {
		return v.refused(err, v.back(c, r))
	}
	v.flash(true, r.Title+" is back.")
	return v.goTo(v.back(c, r))
}

// noteTold notes that somebody was written to about the person of the path.
func (s *Site) noteTold(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	err = s.Records.NoteTold(v.ctx(), v.who, register.Told{Account: v.module.Account, Holder: r.ID, About: v.text("about"), To: v.text("to")})
	if err != nil {
		return v.refused(err, v.back(c, r))
	}
	v.flash(true, "Noted that "+v.text("to")+" was told.")
	return v.goTo(v.back(c, r))
}

// notify writes to whom it concerns what the person of the path holds.
func (s *Site) notify(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	to, err := s.Integrations.Notify(v.ctx(), v.who, v.module, integration.Notice{
		Person: r.ID, About: v.text("about"), Subject: v.text("subject"), Text: strings.ReplaceAll(v.r.PostFormValue("text"), "\r\n", "\n"),
	})
	if err != nil {
		return v.refused(err, v.back(c, r))
	}
	v.flash(true, "A letter to "+to+" is on its way.")
	return v.goTo(v.back(c, r))
}

// custodyCSV downloads a list of what is or was held.
func (v *visit) custodyCSV(name string, list []register.Custody) error {
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(v.frame.Zone).Format(time.DateOnly)
	}
	rows := [][]string{{"person", "holds", "since", "due", "note", "answers", "back", "condition", "note on return", "answers on return", "written off"}}
	for _, k := range list {
		off := ""
		if k.WrittenOff {
			off = "yes"
		}
		rows = append(rows, []string{
			k.HolderTitle, k.AssetTitle, day(k.CheckedOutAt), day(k.Due), k.Note, answersText(k.Answers), day(k.CheckedInAt), k.Condition,
			k.CheckInNote, answersText(k.InAnswers), off,
		})
	}
	return v.sendCSV(name, rows)
}

// sendCSV downloads a table; no cell can be taken for a formula.
func (v *visit) sendCSV(name string, rows [][]string) error {
	for _, row := range rows {
		for i := range row {
			row[i] = sheet.Harmless(row[i])
		}
	}
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.csv"`, name))
	return v.rendered(csv.NewWriter(v.w).WriteAll(rows))
}

func answersText(list []register.Answer) string {
	parts := make([]string, len(list))
	for i, a := range list {
		parts[i] = a.Question + ": " + a.Text
	}
	return strings.Join(parts, "; ")
}
