package web

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// leaversShown is how many things or people are read at once for a list of all
// of them, and leaversPaged how many people a page of all leavers has.
const (
	leaversShown = 500
	leaversPaged = 50
)

// leavers lists who has left and still holds something, or with ?all=1 everybody
// who has left, one person at a time.
func (s *Site) leavers(v *visit) error {
	q := integration.LeaverQuery{All: v.text("all") != "", Limit: leaversShown}
	csv := v.text("format") == "csv"
	if q.All && !csv {
		q.Limit = leaversPaged
	}
	var err error
	if q.Before, err = integration.ParseLeaverPlace(v.text("before")); err != nil {
		return err
	}
	list, next, err := s.Integrations.Leavers(v.ctx(), v.who, v.module, q)
	if err != nil {
		return err
	}
	for csv && next != (syncer.Link{}) { // a file has all of them
		var more []integration.Leaver
		q.Before = next
		if more, next, err = s.Integrations.Leavers(v.ctx(), v.who, v.module, q); err != nil {
			return err
		}
		list = append(list, more...)
	}
	if csv {
		return v.leaversCSV("leavers", list)
	}
	page := view.Leavers{Crumbs: v.crumbs(), Path: v.r.URL.Path, All: q.All, Here: v.r.URL.RequestURI(), CSV: v.r.URL.Path + "?format=csv"}
	if q.All {
		page.CSV += "&all=1"
	}
	if place := integration.LeaverPlace(next); place != "" {
		page.Next = page.Path + "?" + url.Values{"all": {"1"}, "before": {place}}.Encode()
	}
	if page.People, err = v.leaverRows(list, register.TellLeaver); err != nil {
		return err
	}
	return v.show("Leavers", view.LeaversPage(v.frame, page))
}

// overdue lists what should have come back by now, one person at a time.
func (s *Site) overdue(v *visit) error {
	list, err := s.Integrations.Overdue(v.ctx(), v.who, v.module, leaversShown)
	if err != nil {
		return err
	}
	if v.text("format") == "csv" {
		return v.leaversCSV("overdue", list)
	}
	page := view.Leavers{Crumbs: v.crumbs(), Path: v.r.URL.Path, Here: v.r.URL.Path, CSV: v.r.URL.Path + "?format=csv"}
	if page.People, err = v.leaverRows(list, register.TellOverdue); err != nil {
		return err
	}
	return v.show("Overdue", view.OverduePage(v.frame, page))
}

// leaverRows are leavers as pages show them.
func (v *visit) leaverRows(list []integration.Leaver, about string) ([]view.Leaver, error) {
	sends, err := v.site.Integrations.SendsMail(v.ctx())
	if err != nil {
		return nil, err
	}
	var out []view.Leaver
	var asks []view.Asked
	emails := map[int64]int64{} // the field of emails, by collection
	for _, l := range list {
		email, known := emails[l.Person.Collection]
		if !known {
			fields, err := v.site.Records.FieldsFor(v.ctx(), v.who, v.module.Account, l.Person.Collection)
			if err != nil {
				return nil, err
			}
			for _, f := range fields {
				if f.Spec.Type == datatype.Email && email == 0 {
					email = f.ID
				}
			}
			emails[l.Person.Collection] = email
		}
		if asks == nil && len(l.Holds) > 0 {
			form, err := v.site.Records.CheckFormOf(v.ctx(), v.who, v.module.Account, l.Person.ID)
			if err != nil {
				return nil, err
			}
			asks = asked(form.In, "r", nil)
		}
		row := v.leaverRow(l, about, email, asks)
		if row.Letter != nil {
			row.Letter.Send = sends && row.Letter.Address != ""
		}
		out = append(out, row)
	}
	return out, nil
}

func (v *visit) leaverRow(l integration.Leaver, about string, email int64, asks []view.Asked) view.Leaver {
	p := l.Person
	row := view.Leaver{
		ID: p.ID, Name: p.Title, Path: recordPath(v.module.ID, p.Collection, p.ID), Since: l.Since, Mapping: l.Mapping, In: asks,
		MayCheckOut: v.who.May(account.CheckOut, v.module.Account, v.module.ID, p.Collection) == nil,
		MayWriteOff: v.who.May(account.Delete, v.module.Account, v.module.ID, 0) == nil,
	}
	if l.Status != "" {
		row.Status = statusBadge(l.Status)
	}
	if l.Run != 0 && v.who.May(account.ManageIntegrations, v.module.Account, v.module.ID, 0) == nil {
		row.Run, row.RunPath = l.Run, runPath(v.module.ID, l.Connection, l.Run)
	}
	for _, k := range l.Holds {
		row.Holds = append(row.Holds, v.custodyRow(k))
	}
	if l.Manager != nil {
		row.Manager, row.ManagerPath = l.Manager.Title, recordPath(v.module.ID, l.Manager.Collection, l.Manager.ID)
	}
	if l.Told != nil {
		row.Told = &view.Told{To: l.Told.To, By: l.Told.By, At: l.Told.At}
	}
	if len(l.Holds) > 0 {
		row.Letter = v.letter(l, about, email)
	}
	return row
}

// letter is a ready-made message: about a leaver to the manager, about overdue
// things to the person, with a copy to the manager.
func (v *visit) letter(l integration.Leaver, about string, email int64) *view.Letter {
	address := func(r *register.Record) string {
		if r == nil {
			return ""
		}
		return r.Value(email).String()
	}
	out := &view.Letter{About: about, To: l.Person.Title, Address: address(&l.Person), Subject: "Overdue: " + things(len(l.Holds))}
	var b strings.Builder
	if about == register.TellLeaver {
		out.To, out.Address, out.Subject = "", address(l.Manager), "To be handed in: what "+l.Person.Title+" still holds"
		name := "there"
		if l.Manager != nil {
			out.To, name = l.Manager.Title, l.Manager.Title
		}
		fmt.Fprintf(&b, "Hello %s,\n\n%s has left and still holds:\n\n", name, l.Person.Title)
	} else {
		out.Copy = address(l.Manager)
		fmt.Fprintf(&b, "Hello %s,\n\nthis should have come back by now:\n\n", l.Person.Title)
	}
	for _, k := range l.Holds {
		fmt.Fprintf(&b, "- %s, since %s", k.AssetTitle, k.CheckedOutAt.In(v.frame.Zone).Format(time.DateOnly))
		if !k.Due.IsZero() {
			fmt.Fprintf(&b, ", due %s", k.Due.In(v.frame.Zone).Format(time.DateOnly))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\nPlease see that it is handed in.\n\n%s\n", v.who.Name)
	out.Text = b.String()
	out.Mail = mailto(out.Address, out.Copy, out.Subject, out.Text)
	return out
}

func things(n int) string {
	if n == 1 {
		return "1 thing"
	}
	return fmt.Sprint(n, " things")
}

// mailto is the address that opens a message (RFC 6068); lines end in CR LF there.
func mailto(to, copyTo, subject, body string) string {
	q := url.Values{"subject": {subject}, "body": {strings.ReplaceAll(body, "\n", "\r\n")}}
	if copyTo != "" {
		q.Set("cc", copyTo)
	}
	return "mailto:" + url.PathEscape(to) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// leaversCSV downloads a list of people with a row for each thing they hold.
func (v *visit) leaversCSV(name string, list []integration.Leaver) error {
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(v.frame.Zone).Format(time.DateOnly)
	}
	rows := [][]string{{"person", "status", "status since", "mapping", "run", "manager", "told", "told on", "holds", "since", "due", "note", "answers"}}
	for _, l := range list {
		run, manager, told, on := "", "", "", ""
		if l.Run != 0 {
			run = fmt.Sprint(l.Run)
		}
		if l.Manager != nil {
			manager = l.Manager.Title
		}
		if l.Told != nil {
			told, on = l.Told.To, day(l.Told.At)
		}
		person := []string{l.Person.Title, l.Status, day(l.Since), l.Mapping, run, manager, told, on}
		for _, k := range l.Holds {
			rows = append(rows, append(person[:len(person):len(person)],
				k.AssetTitle, day(k.CheckedOutAt), day(k.Due), k.Note, answersText(k.Answers)))
		}
		if len(l.Holds) == 0 {
			rows = append(rows, append(person, "", "", "", "", ""))
		}
	}
	return v.sendCSV(name, rows)
}
