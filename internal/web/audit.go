package web

import (
	"fmt"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/web/view"
)

// eventsShown is the length of a page of the audit log.
const eventsShown = 50

// auditLog lists what was done, the newest first: of the whole organization for
// who may see all of it, else of the first module whose log the visitor may see.
func (s *Site) auditLog(v *visit) error {
	q, where, err := v.auditScope()
	if err != nil {
		return err
	}
	q.Before, q.Limit = v.numberIn("before"), eventsShown
	list, err := s.Accounts.Events(v.ctx(), v.who, q)
	if err != nil {
		return err
	}
	page := view.Audit{Where: where}
	for _, e := range list {
		row := view.AuditRow{At: e.At, Who: e.Actor.Name, Kind: e.Actor.Kind, Address: e.Actor.Address, What: string(e.Action), Subject: e.SubjectKind + " " + e.SubjectName}
		for _, d := range e.Details {
			row.Lines = append(row.Lines, view.Line{Label: d.Name, Before: d.Before, After: d.After})
		}
		page.Rows = append(page.Rows, row)
	}
	if n := len(list); n == eventsShown {
		page.Next = fmt.Sprintf("/audit?before=%d", list[n-1].ID)
	}
	if v.who.OrganizationAdmin() && v.text("verify") != "" {
		found, err := s.Accounts.VerifyAudit(v.ctx(), v.who)
		if err != nil {
			return err
		}
		page.Verified, page.Intact, page.Count = true, found.Intact(), int(found.Events)
	}
	page.MayVerify = v.who.OrganizationAdmin()
	return v.show("Audit log", view.AuditPage(v.frame, page))
}

// auditScope is the widest part of the log that the visitor may see.
func (v *visit) auditScope() (account.EventQuery, string, error) {
	if v.who.OrganizationAdmin() {
		return account.EventQuery{Everything: true}, "Of the whole organization", nil
	}
	for _, m := range v.frame.Modules {
		if v.who.May(account.ViewAudit, m.AccountID, 0, 0) == nil {
			return account.EventQuery{Account: m.AccountID}, "Of the account " + m.Account, nil
		}
		if v.who.May(account.ViewAudit, m.AccountID, m.ID, 0) == nil {
			return account.EventQuery{Account: m.AccountID, Module: m.ID}, "Of the module " + m.Name, nil
		}
	}
	return account.EventQuery{}, "", v.who.May(account.ViewAudit, 0, 0, 0)
}
