package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// subject is what a form is about, as the audit log calls it.
type subject struct {
	kind string
	id   int64
}

// guardOf has a form carry, under a name, a stamp of what it is filled from. When
// the form was sent and carries another one, somebody changed the thing while it
// was open: then the guard is stale, and the form is to be shown again with what
// was typed and with the guard. That has the new stamp, so that sending it once
// more means it.
//
//	sent with          answer
//	the stamp of now   not stale
//	another stamp      stale, once
//	none               not stale: a program that fills in forms by itself
//
// Two who press Save in the same instant are told apart only where the use case
// compares versions itself, as it does for records and automations.
func (v *visit) guardOf(name string, about subject, from ...any) view.Guard {
	g := view.Guard{Name: name, Path: v.r.URL.Path, Stamp: stampOf(from...)}
	if sent := v.text(name); v.r.Method == http.MethodPost && sent != "" && sent != g.Stamp {
		g.Told = v.overtaken(about)
	}
	return g
}

// guard is guardOf for the one form of a page, which takes it from v.guarded.
func (v *visit) guard(about subject, from ...any) (stale bool) {
	v.guarded = v.guardOf("stamp", about, from...)
	return v.guarded.Stale()
}

// overtaken says that somebody was faster and, to those who may read the audit
// log, who.
func (v *visit) overtaken(about subject) string {
	list, err := v.site.Accounts.Events(v.ctx(), v.who, account.EventQuery{
		Account: v.module.Account, Module: v.module.ID, SubjectKind: about.kind, SubjectID: about.id, Limit: 1,
	})
	if err != nil || len(list) == 0 || list[0].Actor.Name == "" {
		return "Somebody changed this while you had it open."
	}
	return list[0].Actor.Name + " changed this " + v.frame.Ago(list[0].At) + ", while you had it open."
}

// renamedMeanwhile is the fault of a form that gives something another name, when
// that is no longer called as it was when the form was opened; else "".
func (v *visit) renamedMeanwhile(now string) string {
	if was := v.text("was"); was == "" || was == now {
		return ""
	}
	return "Somebody called it " + now + " meanwhile. Send this again to call it as you typed."
}

// stampOf is short, differs when what a form is filled from does, and tells
// nothing of it.
func stampOf(from ...any) string {
	text, err := json.Marshal(from)
	if err != nil {
		text = fmt.Append(nil, from...) // as good for telling apart
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// guardField is the guard of a field's form.
func (v *visit) guardField(f register.Field) (stale bool) {
	return v.guard(subject{"field", f.ID}, f.Name, f.Title, f.Hidden, f.Spec)
}

// guardConnection is the guard of a connection's form. Of the secret, which the
// form never shows, it does not speak.
func (v *visit) guardConnection(c syncer.Connection) view.Guard {
	return v.guardOf("stamp", subject{"connection", c.ID}, c.TenantID, c.ClientID, c.ApplicationObjectID, c.Cloud, c.LoginURL, c.GraphURL, c.CAPEM, c.CertificatePEM)
}

// guardSchedule is the guard of the other form on that page.
func (v *visit) guardSchedule(c syncer.Connection) view.Guard {
	g := v.guardOf("schedule-stamp", subject{"connection", c.ID}, c.Schedule)
	g.Path = connectionPath(v.module.ID, c.ID)
	return g
}
