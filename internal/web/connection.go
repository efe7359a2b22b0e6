package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// connection is the page Configure.
func (s *Site) connection(v *visit) error {
	c, err := v.connectionHere()
	if err != nil {
		return err
	}
	return v.show("Microsoft Entra ID", view.ConnectionPage(v.frame, v.connectionView(c, c)))
}

// connectionView is the page of a connection as its forms have it, and as it is
// stored.
func (v *visit) connectionView(c, stored syncer.Connection) view.Connection {
	return view.Connection{
		Guard: v.guardConnection(stored), ScheduleGuard: v.guardSchedule(stored),
		Standing: standing(c, v.frame.Now), Checked: c.Verdict.At, Passed: c.Verdict.Passed,
		Certificate: c.Credential == syncer.ClientCertificate, Ends: ends(c, v.frame.Now), EndsSoon: endsWithin(c, v.frame.Now, endsSoon),
		Crumbs: v.crumbs(view.Crumb{Name: "Integrations", Path: modulePath(v.module.ID) + "/integrations"}),
		Path:   connectionPath(v.module.ID, c.ID), Redirect: v.base() + callbackPath, Configured: c.Configured(), HasSecret: len(c.Sealed) > 0,
		TenantID: c.TenantID, ClientID: c.ClientID, ObjectID: c.ApplicationObjectID, Cloud: c.Cloud,
		LoginURL: c.LoginURL, GraphURL: c.GraphURL, CAPEM: c.CAPEM, CertificatePEM: c.CertificatePEM,
		Incremental: c.Schedule.Incremental, Full: c.Schedule.Full, TimeZone: c.Schedule.TimeZone,
	}
}

// formConnection reads the form over what is stored.
func (v *visit) formConnection(c syncer.Connection) syncer.Connection {
	c.TenantID, c.ClientID, c.ApplicationObjectID = v.text("tenant_id"), v.text("client_id"), v.text("application_object_id")
	c.Cloud, c.LoginURL, c.GraphURL, c.CAPEM = v.text("cloud"), v.text("login_url"), v.text("graph_url"), v.text("ca_pem")
	c.Secret, c.Credential = secret.New(v.text("client_secret")), syncer.ClientSecret
	c.CertificatePEM = ""
	if c.Cloud != "custom" {
		c.LoginURL, c.GraphURL, c.CAPEM = "", "", ""
	}
	if cert := v.text("certificate"); cert != "" {
		c.Credential, c.CertificatePEM = syncer.ClientCertificate, cert
		if key := v.text("private_key"); key != "" {
			c.Secret = secret.New(key)
		}
	}
	return c
}

// saveConnection is "Test and Save Connection": it tries the connection, tells
// each fact as soon as it is known, and saves it when nothing stands in the way
// or the administrator insists.
func (s *Site) saveConnection(v *visit) error {
	stored, err := v.connectionHere()
	if err != nil {
		return err
	}
	c, guard := v.formConnection(stored), v.guardConnection(stored)
	switch {
	case guard.Stale() && v.live():
		v.stream()("", view.OvertakenPart(guard))
		return nil
	case guard.Stale():
		return v.showStatus(http.StatusConflict, "Microsoft Entra ID", view.ConnectionPage(v.frame, v.connectionView(c, stored)))
	case v.live():
		return v.streamTest(c)
	}
	facts, err := s.Integrations.Test(v.ctx(), v.who, c, nil)
	page := v.connectionView(c, stored)
	page.Facts = factViews(facts)
	if err != nil && errs.KindOf(err) != errs.Invalid {
		return err
	}
	if err != nil {
		page.Fault, page.Hint = sentence(err, 0), errs.HintOf(err)
		return v.showStatus(http.StatusUnprocessableEntity, "Microsoft Entra ID", view.ConnectionPage(v.frame, page))
	}
	outcome := v.keep(c, facts)
	if c, stored, err = v.testedOver(c); err != nil {
		return err
	}
	page = v.connectionView(c, stored)
	page.Guard.Told = "" // the change was this one
	page.Facts, page.Outcome = factViews(facts), outcome
	return v.show("Microsoft Entra ID", view.ConnectionPage(v.frame, page))
}

// testedOver is what was typed, over what is stored by now.
func (v *visit) testedOver(typed syncer.Connection) (over, stored syncer.Connection, err error) {
	stored, err = v.connectionHere()
	typed.Sealed, typed.Verdict = stored.Sealed, stored.Verdict
	return typed, stored, err
}

// keep saves a tested connection, unless a fact stands in the way.
func (v *visit) keep(c syncer.Connection, facts []integration.Fact) view.TestOutcome {
	out := view.TestOutcome{Done: true, Path: connectionPath(v.module.ID, c.ID)}
	if integration.Failed(facts) && v.text("anyway") == "" {
		out.Text = "Not saved: mend what failed above, or save it all the same."
		return out
	}
	spared, err := v.site.Integrations.SaveTested(v.ctx(), v.who, c, facts)
	if err != nil {
		out.Text = sentence(err, statusOf(err)) + " " + errs.HintOf(err)
		return out
	}
	out.Saved, out.Text = true, "The connection is saved."
	if now, err := v.connectionHere(); err == nil {
		standing, guard := standing(now, v.now()), v.guardConnection(now)
		out.Standing, out.Guard = &standing, &guard
	}
	switch {
	case spared:
		out.Text = "Saved, except for the new credential: the directory did not take it, so the stored one stays."
	case integration.Failed(facts):
		out.Text = "The connection is saved, although it does not work yet."
	}
	return out
}

// streamTest answers a script: a line of the checklist as soon as it is known.
func (v *visit) streamTest(c syncer.Connection) error {
	send := v.stream()
	facts, err := v.site.Integrations.Test(v.ctx(), v.who, c, func(f integration.Fact) { send("", view.FactLine(factView(f))) })
	if err != nil {
		send("", view.FaultPart(view.Fault{Text: sentence(err, statusOf(err)), Hint: errs.HintOf(err)}))
		return nil
	}
	send("", view.Outcome(v.keep(c, facts)))
	return nil
}

// stream begins an answer of server-sent events and returns how to send one: a
// fragment, under a name that the page may listen for.
func (v *visit) stream() func(event string, body templ.Component) {
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(v.w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil {
		v.site.Log.Debug("the write deadline stays", "error", err)
	}
	return func(event string, body templ.Component) {
		var b strings.Builder
		if err := body.Render(v.ctx(), &b); err != nil {
			return
		}
		if event != "" {
			fmt.Fprintf(v.w, "event: %s\n", event)
		}
		for line := range strings.SplitSeq(b.String(), "\n") {
			fmt.Fprintf(v.w, "data: %s\n", line)
		}
		fmt.Fprint(v.w, "\n")
		if err := out.Flush(); err != nil {
			v.site.Log.Debug("nobody listens any more", "error", err)
		}
	}
}

func factView(f integration.Fact) view.Fact {
	return view.Fact{Outcome: string(f.Outcome), Text: f.Text, Remedy: f.Remedy, Detail: f.Detail}
}

func factViews(facts []integration.Fact) []view.Fact {
	out := make([]view.Fact, len(facts))
	for i, f := range facts {
		out[i] = factView(f)
	}
	return out
}

// saveSchedule sets when the integration syncs by itself.
func (s *Site) saveSchedule(v *visit) error {
	c, err := v.connectionHere()
	if err != nil {
		return err
	}
	stored := c
	c.Schedule = syncer.Schedule{Incremental: v.text("incremental"), Full: v.text("full"), TimeZone: v.text("time_zone")}
	if v.guardSchedule(stored).Stale() {
		return v.showStatus(http.StatusConflict, "Microsoft Entra ID", view.ConnectionPage(v.frame, v.connectionView(c, stored)))
	}
	if err := integration.CheckSchedule(c.Schedule); err != nil {
		page := v.connectionView(c, stored)
		page.ScheduleFault = sentence(err, 0) + " " + errs.HintOf(err)
		return v.showStatus(http.StatusUnprocessableEntity, "Microsoft Entra ID", view.ConnectionPage(v.frame, page))
	}
	if _, err := s.Integrations.Save(v.ctx(), v.who, c); err != nil {
		return err
	}
	v.flash(true, "The schedule is saved.")
	return v.goTo(connectionPath(v.module.ID, c.ID))
}
