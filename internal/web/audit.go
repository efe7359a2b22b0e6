package web

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/sheet"
	"github.com/musterhq/muster/internal/web/view"
)

// eventsShown is the length of a page of the audit log.
const eventsShown = 50

// auditLog lists what was done, the newest first, in the part of the organization
// that the visitor chose.
func (s *Site) auditLog(v *visit) error {
	q, places, err := v.auditScope()
	if err != nil {
		return err
	}
	page := view.Audit{Places: places, Filter: v.auditFilter(), MayVerify: v.who.OrganizationAdmin()}
	if page.Actions, err = v.auditActions(); err != nil {
		return err
	}
	status := http.StatusOK
	if err := v.narrow(&q); err != nil {
		page.Fault, status = sentence(err, statusOf(err)), statusOf(err)
		return v.showStatus(status, "Audit log", view.AuditPage(v.frame, page))
	}
	q.Before, q.Limit = v.numberIn("before"), eventsShown+1 // one more tells whether there is a next page
	list, err := s.Accounts.Events(v.ctx(), v.who, q)
	if err != nil {
		return err
	}
	if len(list) > eventsShown {
		list = list[:eventsShown]
		page.Next = auditPath(page.Filter, "before", view.Num(list[eventsShown-1].ID))
	}
	for _, e := range list {
		page.Rows = append(page.Rows, v.auditRow(e))
	}
	if page.MayVerify && v.text("verify") != "" {
		found, err := s.Accounts.VerifyAudit(v.ctx(), v.who)
		if err != nil {
			return err
		}
		page.Verified, page.Intact, page.Count = true, found.Intact(), int(found.Events)
	}
	return v.show("Audit log", view.AuditPage(v.frame, page))
}

// auditRow is one event, with what else there is about its actor and its subject.
func (v *visit) auditRow(e audit.Entry) view.AuditRow {
	row := view.AuditRow{
		At: e.At, Who: e.Actor.Name, Kind: e.Actor.Kind, Address: e.Actor.Address, What: capital(string(e.Action)),
		SubjectKind: e.SubjectKind, Subject: e.SubjectName,
		WhoPath: auditPath(view.AuditFilter{In: v.text("in"), Actor: e.Actor.Name}), SubjectPath: auditPath(view.AuditFilter{In: v.text("in"), Kind: e.SubjectKind, ID: view.Num(e.SubjectID), Subject: e.SubjectName}),
	}
	for _, d := range e.Details {
		row.Lines = append(row.Lines, view.Line{Label: capital(d.Name), Before: v.detail(d.Name, d.Before), After: v.detail(d.Name, d.After)})
	}
	return row
}

// capital begins a text with a capital letter, when it begins with an ASCII one.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// detail is what an event notes, as people read it: yes and no for true and
// false, and the name of a module for its number.
func (v *visit) detail(name, text string) string {
	switch {
	case text == "true":
		return "yes"
	case text == "false":
		return "no"
	case name == "module":
		for _, m := range v.frame.Modules {
			if view.Num(m.ID) == text {
				return m.Name
			}
		}
	}
	return text
}

// auditFilter is what the visitor asked for, as it was typed.
func (v *visit) auditFilter() view.AuditFilter {
	return view.AuditFilter{
		In: v.text("in"), Actor: v.text("who"), Subject: v.text("on"), Kind: v.text("kind"), ID: v.text("id"), Action: v.text("what"), From: v.text("from"), To: v.text("to"),
	}
}

// auditPath is the address of a part of the log, with further pairs of names and values.
func auditPath(f view.AuditFilter, more ...string) string {
	q := url.Values{}
	pairs := append([]string{"in", f.In, "who", f.Actor, "kind", f.Kind, "id", f.ID, "on", f.Subject, "what", f.Action, "from", f.From, "to", f.To}, more...)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return "/audit"
	}
	return "/audit?" + q.Encode()
}

// auditActions are what the log tells of, to choose from.
func (v *visit) auditActions() ([]view.Option, error) {
	list, err := v.site.Accounts.Actions(v.ctx())
	out := []view.Option{{Label: "Anything"}}
	for _, a := range list {
		out = append(out, view.Option{Value: string(a), Label: capital(string(a))})
	}
	return out, err
}

// narrow limits a query to what the visitor asked for. Days begin and end where
// the visitor is; the last one belongs to the time. A subject that came by a
// link is meant by its number, so that all its names are found.
func (v *visit) narrow(q *account.EventQuery) error {
	f := v.auditFilter()
	q.Actor, q.Action, q.SubjectKind = f.Actor, audit.Action(f.Action), f.Kind
	if q.SubjectID = v.numberIn("id"); q.SubjectID == 0 {
		q.Subject = f.Subject
	}
	for _, day := range []struct {
		text string
		to   *time.Time
		days int
	}{{f.From, &q.From, 0}, {f.To, &q.Until, 1}} {
		if day.text == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, day.text, v.frame.Zone)
		if err != nil {
			return errs.New(errs.Invalid, "%q is not a day; write it like 2026-05-18", day.text)
		}
		*day.to = t.AddDate(0, 0, day.days)
	}
	return nil
}

// exportAudit downloads the part of the log that is asked for, a line each
// event, the newest first.
func (s *Site) exportAudit(v *visit) error {
	q, _, err := v.auditScope()
	if err != nil {
		return err
	}
	if err := v.narrow(&q); err != nil {
		return err
	}
	events, err := s.Accounts.ExportEvents(v.ctx(), v.who, q)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="audit-%s.csv"`, v.now().In(v.frame.Zone).Format(time.DateOnly)))
	out := csv.NewWriter(v.w)
	out.Write([]string{"number", "time", "who", "kind", "address", "what", "on", "name", "details"})
	for e, err := range events {
		if err != nil {
			s.Log.Warn("an export of the audit log broke off", "error", err)
			out.Write([]string{"", "", "", "", "", "the export broke off here", "", "", ""})
			break
		}
		out.Write(auditCells(e))
		if out.Error() != nil {
			return nil // nobody reads any more
		}
	}
	out.Flush()
	return nil
}

func auditCells(e audit.Entry) []string {
	parts := make([]string, len(e.Details))
	for i, d := range e.Details {
		parts[i] = d.Name + ": " + strings.TrimPrefix(d.Before+" → ", " → ") + cmp.Or(d.After, "nothing")
	}
	return []string{
		view.Num(e.ID), e.At.UTC().Format(time.RFC3339Nano), sheet.Harmless(e.Actor.Name), e.Actor.Kind, e.Actor.Address,
		string(e.Action), e.SubjectKind, sheet.Harmless(e.SubjectName), sheet.Harmless(strings.Join(parts, "; ")),
	}
}

// auditScope is the part of the log that the visitor chose among those that they
// may see, the widest when they chose none.
func (v *visit) auditScope() (account.EventQuery, []view.Option, error) {
	var options []view.Option
	queries := map[string]account.EventQuery{}
	add := func(value, label string, q account.EventQuery) {
		if _, there := queries[value]; !there {
			options, queries[value] = append(options, view.Option{Value: value, Label: label}), q
		}
	}
	if v.who.OrganizationAdmin() {
		add("", "The whole organization", account.EventQuery{Everything: true})
	}
	for _, m := range v.frame.Modules {
		if v.who.May(account.ViewAudit, m.AccountID, 0, 0) == nil {
			add("a"+view.Num(m.AccountID), "Account "+m.Account, account.EventQuery{Account: m.AccountID})
		}
		if v.who.May(account.ViewAudit, m.AccountID, m.ID, 0) == nil {
			add("m"+view.Num(m.ID), "Module "+m.Name+" of "+m.Account, account.EventQuery{Account: m.AccountID, Module: m.ID})
		}
	}
	if len(options) == 0 {
		return account.EventQuery{}, nil, v.who.May(account.ViewAudit, 0, 0, 0)
	}
	chosen := v.text("in")
	if chosen == "" {
		chosen = options[0].Value
	}
	q, may := queries[chosen]
	if !may {
		return q, nil, notHere()
	}
	return q, options, nil
}
