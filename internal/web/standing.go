package web

import (
	"fmt"
	"time"

	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// How long before a credential ends the pages say so, in amber and then in red.
const (
	endsSoon     = 30 * day
	endsVerySoon = 7 * day
	day          = 24 * time.Hour
)

// standing sums a connection up in a few words, as the last check found it.
//
//	configured  checked  passed  ends in      tone    word
//	no          -        -       -            yellow  Not configured
//	yes         -        -       past         red     Secret expired on …
//	yes         no       -       -            grey    Not tested
//	yes         yes      no      -            red     Check failed
//	yes         yes      yes     unknown      green   Connected
//	yes         yes      yes     > 30 days    green   Connected · secret: 41 days
//	yes         yes      yes     8–30 days    yellow  Connected · secret: 30 days
//	yes         yes      yes     ≤ 7 days     red     Connected · secret: 7 days
func standing(c syncer.Connection, now time.Time) view.Status {
	at, what := c.Verdict.CredentialEnds, credentialWord(c)
	switch {
	case !c.Configured():
		return view.Status{Tone: "yellow", Icon: "circle-dashed", Word: "Not configured"}
	case !at.IsZero() && !at.After(now):
		return view.Status{Tone: "red", Icon: "circle-x", Word: fmt.Sprintf("%s expired on %s", capital(what), at.UTC().Format("2 January 2006"))}
	case c.Verdict.At.IsZero():
		return view.Status{Tone: "grey", Icon: "circle-dashed", Word: "Not tested"}
	case !c.Verdict.Passed:
		return view.Status{Tone: "red", Icon: "circle-x", Word: "Check failed"}
	case at.IsZero():
		return view.Status{Tone: "green", Icon: "circle-check", Word: "Connected"}
	}
	out := view.Status{Tone: "green", Icon: "circle-check", Word: "Connected · " + what + ": " + daysTo(at, now)}
	switch {
	case endsWithin(c, now, endsVerySoon):
		out.Tone, out.Icon = "red", "alert-triangle"
	case endsWithin(c, now, endsSoon):
		out.Tone, out.Icon = "yellow", "alert-triangle"
	}
	return out
}

// endsWithin reports whether a credential ends in less than a time and a day, or
// has ended: "7 days" is less than eight of them.
func endsWithin(c syncer.Connection, now time.Time, d time.Duration) bool {
	at := c.Verdict.CredentialEnds
	return !at.IsZero() && at.Sub(now) < d+day
}

// ends says when the credential expires, in a sentence without its subject; ""
// when that is not known.
func ends(c syncer.Connection, now time.Time) string {
	at := c.Verdict.CredentialEnds
	on := at.UTC().Format("2 January 2006")
	switch {
	case at.IsZero():
		return ""
	case !at.After(now):
		return "expired on " + on
	}
	return "expires on " + on + ", in " + daysTo(at, now)
}

// daysTo counts whole days.
func daysTo(at, now time.Time) string {
	switch n := int(at.Sub(now) / day); n {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	default:
		return fmt.Sprintf("%d days", n)
	}
}

func credentialWord(c syncer.Connection) string {
	if c.Credential == syncer.ClientCertificate {
		return "certificate"
	}
	return "secret"
}
