// Package view is how pages look: templates over plain values, and the parts
// that they share. It decides nothing.
package view

import (
	"fmt"
	"strings"
	"time"
)

// Frame is what stands around every page.
type Frame struct {
	Asset        func(name string) string // the address of a style sheet or script
	Title        string
	Path         string // of this page
	Organization string
	User         string // who is signed in; "" for nobody
	Theme        string // light, dark, or "" to follow the device
	Zone         *time.Location
	Now          time.Time
	Flash        *Flash
	Modules      []Module
	Module       *Module // the one that the page is about; nil for none
	Audit        bool    // may view some audit log
	Demo         *DemoLogin
}

// Flash is a sentence that the last act left.
type Flash struct {
	Good bool
	Text string
	Undo string // where to post to take it back; "" for nowhere
}

// DemoLogin is who to sign in as in the demo.
type DemoLogin struct{ Email, Password, Tenant string }

// Module is a module in the side bar.
type Module struct {
	ID, AccountID       int64
	Name, Account, Path string
	Open                bool
	Collections         []Collection
	Integrations        bool // may manage them
	Users               bool
	Manage              bool // collections and fields
}

// Collection is a collection in the side bar.
type Collection struct {
	ID                     int64
	Name, Kind, Icon, Path string
}

// Fault is what a page says when something did not work.
type Fault struct {
	Status  int
	Text    string
	Hint    string
	Visitor bool // who reads it has not signed in
}

// Title is the heading of an error's page.
func (f Fault) Title() string {
	switch f.Status {
	case 403:
		return "You may not do that"
	case 404:
		return "Nothing here"
	case 409:
		return "Not as things stand"
	case 422:
		return "That does not fit"
	case 503:
		return "Not just now"
	}
	return "Something went wrong"
}

// ModuleOf returns a module in the side bar, or nil.
func (f *Frame) ModuleOf(id int64) *Module {
	for i := range f.Modules {
		if f.Modules[i].ID == id {
			return &f.Modules[i]
		}
	}
	return nil
}

// at shows whether a path is the page, or the page lies below it.
func (f *Frame) at(path string) bool {
	return f.Path == path || path != "/" && strings.HasPrefix(f.Path, path+"/")
}

// exact is the full form of a moment in the viewer's zone.
func (f *Frame) exact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(f.Zone).Format("2006-01-02 15:04:05 MST")
}

// ago says how long ago, or in how long, a moment is.
func (f *Frame) ago(t time.Time) string {
	d := f.Now.Sub(t)
	if d < 0 {
		return "in " + span(-d)
	}
	if d < 10*time.Second {
		return "just now"
	}
	return span(d) + " ago"
}

// Ago says how long ago, or in how long, a moment is.
func (f *Frame) Ago(t time.Time) string { return f.ago(t) }

// span says a duration in its largest sensible unit.
func span(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{365 * 24 * time.Hour, "year"}, {30 * 24 * time.Hour, "month"}, {24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := int(d / u.unit); n >= 1 {
			return plural(n, u.name)
		}
	}
	return plural(int(d/time.Second), "second")
}

// plural counts things: "1 person" needs its plural given; others take an s.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if noun == "person" {
		return count(n) + " people"
	}
	return count(n) + " " + noun + "s"
}

// count writes a number with a comma between each three digits.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		if s[i-1] != '-' {
			s = s[:i] + "," + s[i:]
		}
	}
	return s
}

// Num writes a number as it stands in addresses and forms.
func Num(n int64) string { return fmt.Sprint(n) }

func num(n int64) string { return Num(n) }
