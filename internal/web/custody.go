package web

import (
	"encoding/csv"
	"fmt"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// custodyView adds who holds an asset, or what a person holds.
func (v *visit) custodyView(r register.Record, c register.Collection, page *view.Record) error {
	page.MayCheckOut = v.who.May(account.CheckOut, v.module.Account, v.module.ID, c.ID) == nil && !r.Archived()
	page.Person, page.Asset = c.Kind == register.People, c.Kind != register.People && c.Kind != register.Locations && c.Kind != register.Categories
	if page.Person {
		list, err := v.site.Records.Holdings(v.ctx(), v.who, v.module.Account, r.ID)
		if err != nil {
			return err
		}
		for _, k := range list {
			page.Holdings = append(page.Holdings, v.custodyRow(k))
		}
	}
	past, err := v.site.Records.CustodyHistory(v.ctx(), v.who, v.module.Account, r.ID)
	if err != nil {
		return err
	}
	for _, k := range past {
		row := v.custodyRow(k)
		if k.Open() && k.Asset == r.ID {
			page.Holder = &row
		}
		page.Custody = append(page.Custody, row)
	}
	page.PeoplePath = v.pickPath(register.People)
	return nil
}

// pickPath is where names of a kind of record are offered.
func (v *visit) pickPath(kind register.Kind) string {
	for _, c := range v.frame.Module.Collections {
		if c.Kind == string(kind) {
			return modulePath(v.module.ID) + "/choose/" + view.Num(c.ID)
		}
	}
	return ""
}

func (v *visit) custodyRow(k register.Custody) view.CustodyRow {
	row := view.CustodyRow{
		Asset: k.AssetTitle, AssetPath: recordPath(v.module.ID, k.AssetCollection, k.Asset), Holder: k.HolderTitle,
		Out: k.CheckedOutAt, OutBy: k.CheckedOutBy, Due: k.Due, In: k.CheckedInAt, InBy: k.CheckedInBy,
		Note: k.Note, Condition: k.Condition, Override: k.OverrideReason, Late: k.Open() && !k.Due.IsZero() && k.Due.Before(v.now()),
	}
	for _, c := range v.frame.Module.Collections {
		if c.Kind == string(register.People) {
			row.HolderPath = recordPath(v.module.ID, c.ID, k.Holder)
			row.HolderID = k.Holder
		}
	}
	return row
}

// checkOut gives the asset of the path to a person.
func (s *Site) checkOut(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	holder, err := v.personNamed(v.text("holder"))
	if err != nil {
		return err
	}
	in := register.CheckOut{Account: v.module.Account, Asset: r.ID, Holder: holder, Note: v.text("note"), Override: v.text("override")}
	if day := v.text("due"); day != "" {
		due, err := time.ParseInLocation(time.DateOnly, day, v.frame.Zone)
		if err != nil {
			return errs.New(errs.Invalid, "%q is no day", day)
		}
		in.Due = due.Add(24*time.Hour - time.Second) // until that day ends
	}
	k, err := s.Records.CheckOut(v.ctx(), v.who, in)
	if err != nil {
		v.flash(false, sentence(err, 0)+" "+errs.HintOf(err))
		return v.goTo(recordPath(v.module.ID, c.ID, r.ID))
	}
	v.flash(true, fmt.Sprintf("%s is checked out to %s.", k.AssetTitle, k.HolderTitle))
	return v.goTo(recordPath(v.module.ID, c.ID, r.ID))
}

// personNamed finds a person by the title of the record.
func (v *visit) personNamed(name string) (int64, error) {
	key := datatype.KeyOfText(name)
	for _, c := range v.frame.Module.Collections {
		if c.Kind != string(register.People) {
			continue
		}
		found, err := v.site.Records.FindByTitle(v.ctx(), c.ID, []string{key})
		if err != nil {
			return 0, err
		}
		switch len(found[key]) {
		case 1:
			return found[key][0], nil
		case 0:
			return 0, errs.New(errs.NotFound, "nobody is called %q", name).WithHint("Choose a name from the list that appears while you type.")
		}
		return 0, errs.New(errs.Conflict, "several people are called %q", name).WithHint("Check it out from the person's page.")
	}
	return 0, notHere()
}

// checkIn takes the asset of the path back.
func (s *Site) checkIn(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	k, err := s.Records.CheckIn(v.ctx(), v.who, register.CheckIn{Account: v.module.Account, Asset: r.ID, Note: v.text("note"), Condition: v.text("condition")})
	if err != nil {
		return err
	}
	v.flash(true, fmt.Sprintf("%s is checked in from %s.", k.AssetTitle, k.HolderTitle))
	return v.goTo(recordPath(v.module.ID, c.ID, r.ID))
}

// checkInAll takes back everything that the person of the path holds.
func (s *Site) checkInAll(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	back, err := s.Records.CheckInAll(v.ctx(), v.who, r.ID, register.CheckIn{Account: v.module.Account, Note: v.text("note"), Condition: v.text("condition")})
	if err != nil {
		return err
	}
	v.flash(true, fmt.Sprintf("Checked in from %s: %d.", r.Title, len(back)))
	if to := localPath(v.text("back")); to != "" {
		return v.goTo(to)
	}
	return v.goTo(recordPath(v.module.ID, c.ID, r.ID))
}

// leaversShown is how many things a page of leavers lists.
const leaversShown = 500

// leavers lists who has left and still holds something, one person at a time.
func (s *Site) leavers(v *visit) error {
	list, err := s.Records.Leavers(v.ctx(), v.who, v.module.Account, v.module.ID, 0, leaversShown)
	if err != nil {
		return err
	}
	if v.text("format") == "csv" {
		return v.custodyCSV("leavers", list)
	}
	page := view.Leavers{Crumbs: v.crumbs(), Path: v.r.URL.Path}
	at := map[int64]int{}
	for _, k := range list {
		i, known := at[k.Holder]
		if !known {
			i = len(page.People)
			at[k.Holder] = i
			row := v.custodyRow(k)
			person := view.Leaver{Name: k.HolderTitle, Path: row.HolderPath}
			if person.Status, err = v.statusOfPerson(k.Holder); err != nil {
				return err
			}
			page.People = append(page.People, person)
		}
		page.People[i].Holds = append(page.People[i].Holds, v.custodyRow(k))
	}
	return v.show("Leavers", view.LeaversPage(v.frame, page))
}

// statusOfPerson reads what the directory says of a person's record.
func (v *visit) statusOfPerson(id int64) (view.Status, error) {
	r, err := v.site.Records.Record(v.ctx(), v.who, v.module.Account, id)
	if err != nil {
		return view.Status{}, err
	}
	fields, err := v.site.Records.FieldsFor(v.ctx(), v.who, v.module.Account, r.Collection)
	for _, f := range fields {
		if f.System {
			return statusBadge(r.Value(f.ID).String()), err
		}
	}
	return view.Status{}, err
}

// overdue lists what should have come back by now.
func (s *Site) overdue(v *visit) error {
	list, err := s.Records.Overdue(v.ctx(), v.who, v.module.Account, v.module.ID, 0, leaversShown)
	if err != nil {
		return err
	}
	if v.text("format") == "csv" {
		return v.custodyCSV("overdue", list)
	}
	page := view.Overdue{Crumbs: v.crumbs(), Path: v.r.URL.Path}
	for _, k := range list {
		page.Rows = append(page.Rows, v.custodyRow(k))
	}
	return v.show("Overdue", view.OverduePage(v.frame, page))
}

// custodyCSV downloads a list of what is held.
func (v *visit) custodyCSV(name string, list []register.Custody) error {
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.csv"`, name))
	out := csv.NewWriter(v.w)
	rows := [][]string{{"person", "holds", "since", "due", "note"}}
	for _, k := range list {
		due := ""
		if !k.Due.IsZero() {
			due = k.Due.In(v.frame.Zone).Format(time.DateOnly)
		}
		rows = append(rows, []string{plainCell(k.HolderTitle), plainCell(k.AssetTitle), k.CheckedOutAt.In(v.frame.Zone).Format(time.DateOnly), due, plainCell(k.Note)})
	}
	return v.rendered(out.WriteAll(rows))
}
