package cli

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/config"
	"github.com/musterhq/muster/internal/doctor"
	"github.com/musterhq/muster/internal/entra"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/syncer"
)

// sealers open the secrets that are stored for good.
func (h *house) sealers() []func(context.Context) (int, error) {
	return []func(context.Context) (int, error){h.sync.TrySecrets, h.accounts.TrySecrets, h.automations.TrySecrets, h.mail.TrySecrets}
}

// sealed opens every secret that is stored for good.
func (x *examination) sealed(ctx context.Context, h *house) {
	all := 0
	for _, try := range h.sealers() {
		n, err := try(ctx)
		if err != nil {
			x.fail("sealed", err, "A stored secret does not open with the key.")
			return
		}
		all += n
	}
	x.pass("sealed", "The key opens all %d stored secrets.", all)
}

// askTime is how long one server on the network is waited for.
const askTime = 30 * time.Second

// reachable asks the server at its public address whether it is ready.
func (x *examination) reachable(ctx context.Context) {
	if x.BaseURL == "" || x.Offline {
		x.skip("reachable", "Not tried: there is no base URL, or --offline was given.")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	base, err := baseURL(x.BaseURL)
	if err != nil {
		x.fail("reachable", err, "The base URL cannot be used.")
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		x.fail("reachable", err, "The base URL cannot be used.")
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		x.report.Add(doctor.Line{ID: "reachable", State: doctor.Warn, Text: "Nothing answers at " + base + ", seen from here.",
			Remedy: "Start Muster; then look at the name, the proxy in front, and its certificate.", Detail: err.Error()})
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		x.warn("reachable", "Look at the log of the server, and of the proxy in front.", "%s/readyz answers with status %d.", base, res.StatusCode)
		return
	}
	x.pass("reachable", "A server answers at %s, and is ready.", base)
}

// post looks at the mail server and at the letters.
func (x *examination) post(ctx context.Context, h *house) {
	counts, err := h.mail.Counts(ctx)
	if err != nil {
		x.fail("letters", err, "The letters cannot be read.")
		return
	}
	x.mailServer(ctx, h)
	waiting, failed := counts[mail.Queued], counts[mail.Failed]
	if failed > 0 {
		x.warn("letters", "Look at Settings > Mail: it says why, and sends them again.", "%d letters were given up in the last month, and %d wait.", failed, waiting)
		return
	}
	x.pass("letters", "No letter was given up, and %d wait.", waiting)
}

func (x *examination) mailServer(ctx context.Context, h *house) {
	up, err := h.mail.SetUp(ctx)
	switch {
	case err != nil:
		x.fail("mail", err, "The settings of the mail server cannot be read.")
	case !up:
		x.skip("mail", "No mail server is set up: nobody is told by mail.")
	case x.Offline:
		x.skip("mail", "Not tried: --offline was given.")
	default:
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		address, err := h.mail.Greet(ctx)
		if err != nil {
			x.fail("mail", err, "The mail server %s would take no letter.", address)
			return
		}
		x.pass("mail", "The mail server %s lets Muster in.", address)
	}
}

// directories looks at each connection that is configured.
func (x *examination) directories(ctx context.Context, h *house) {
	figures, err := h.db.Figures(ctx)
	if err != nil {
		x.fail("connections", err, "The runs cannot be read.")
		return
	}
	list, err := h.sync.Connections(ctx)
	if err != nil {
		x.fail("connections", err, "The connections cannot be read.")
		return
	}
	list = slices.DeleteFunc(list, func(c syncer.Connection) bool { return !c.Configured() })
	x.pass("connections", "%d connections to directories are configured.", len(list))
	var clock *entra.Line
	for _, c := range list {
		if line := x.signIn(ctx, h, c); line != nil {
			clock = line
		}
		x.credential(c, time.Now())
		x.lastSync(c, figures.Syncs[c.ID], time.Now())
	}
	if clock == nil {
		x.skip("clock", "Not compared: no directory was asked.")
		return
	}
	x.report.Add(doctor.Line{ID: "clock", State: doctor.State(clock.State), Text: clock.Text, Remedy: clock.Remedy})
}

// lineOf names a line about a connection.
func lineOf(c syncer.Connection, what string) string {
	return fmt.Sprintf("connection/%d/%s", c.ID, what)
}

// signIn asks the directory for a token and returns what it says of the clock.
func (x *examination) signIn(ctx context.Context, h *house, c syncer.Connection) (clock *entra.Line) {
	id := lineOf(c, "sign-in")
	if x.Offline {
		x.skip(id, "Connection %d: not tried, --offline was given.", c.ID)
		return nil
	}
	whole, err := h.sync.Connection(ctx, c.ID)
	if err != nil {
		x.fail(id, err, "Connection %d: its secret cannot be read.", c.ID)
		return nil
	}
	client, err := h.connect(whole)
	if err != nil {
		x.fail(id, err, "Connection %d cannot be used.", c.ID)
		return nil
	}
	defer client.Close()
	rep := client.CheckSignIn(ctx)
	for _, l := range rep.Lines {
		if l.ID != "clock" && l.State == entra.Fail {
			x.report.Add(doctor.Line{ID: id, State: doctor.Fail, Text: fmt.Sprintf("Connection %d: %s", c.ID, l.Text), Remedy: l.Remedy, Detail: l.Detail})
			return clockOf(rep)
		}
	}
	x.pass(id, "Connection %d: the directory %s gives a token.", c.ID, c.TenantID)
	return clockOf(rep)
}

func clockOf(rep entra.Report) *entra.Line {
	if l, ok := rep.Line("clock"); ok {
		return &l
	}
	return nil
}

// credential tells how long the client secret or certificate lasts, by what the
// last check of the connection saw.
func (x *examination) credential(c syncer.Connection, now time.Time) {
	const remedy = "Create a new one under Certificates & secrets in the Azure Portal and enter it under Configure, before the old one ends."
	id, ends := lineOf(c, "credential"), c.Verdict.CredentialEnds
	left := ends.Sub(now)
	switch {
	case ends.IsZero():
		x.skip(id, "Connection %d: when its credential ends is not known; muster check finds out.", c.ID)
	case left <= 0:
		x.report.Add(doctor.Line{ID: id, State: doctor.Fail, Text: fmt.Sprintf("Connection %d: its credential ended on %s.", c.ID, ends.UTC().Format("2 January 2006")), Remedy: remedy})
	case left < 30*24*time.Hour:
		x.warn(id, remedy, "Connection %d: its credential ends in %d days.", c.ID, int(left.Hours()/24))
	default:
		x.pass(id, "Connection %d: its credential lasts %d days more.", c.ID, int(left.Hours()/24))
	}
}

// lastSync tells when a connection last synced, and what is held.
//
//	never got through                   warn
//	held back, to be decided            warn
//	three times of the schedule passed  warn
//	otherwise                           pass
func (x *examination) lastSync(c syncer.Connection, f store.SyncFigures, now time.Time) {
	id, age := lineOf(c, "sync"), now.Sub(f.Success).Round(time.Second)
	switch {
	case f.Success.IsZero():
		x.warn(id, "Sync once with: muster sync", "Connection %d: no sync has succeeded yet.", c.ID)
	case f.Held > 0:
		x.warn(id, "Look at what is held, and approve or dismiss it: muster run show, muster approve.", "Connection %d: part of a run is held for approval.", c.ID)
	case missed(c.Schedule, f.Success, now):
		x.warn(id, "See that serve runs, and what muster runs says of the last ones.",
			"Connection %d: the last sync that succeeded is %s old, longer than three of its intervals.", c.ID, age)
	default:
		x.pass(id, "Connection %d: the last sync succeeded %s ago.", c.ID, age)
	}
}

// missed reports whether a schedule came round three times since a moment, or
// never says when.
func missed(s syncer.Schedule, since, now time.Time) bool {
	words := s.Incremental
	if words == "" {
		words = s.Full
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if words == "" || err != nil {
		return false
	}
	t, err := config.ParseTiming(words)
	if err != nil {
		return false
	}
	for range 3 {
		if since = t.Next(since, zone); since.IsZero() {
			return false
		}
	}
	return since.Before(now)
}
