package config

import "github.com/musterhq/muster/internal/secret"

// Automation is something that a module does by itself.
type Automation struct {
	Place
	Name            string       `yaml:"name"`
	On              bool         `yaml:"on"` // true when not given
	Trigger         Trigger      `yaml:"trigger"`
	Match           string       `yaml:"match"` // all, any; all when not given
	Conditions      []Comparison `yaml:"conditions"`
	Actions         []Action     `yaml:"actions"`
	DigestMinutes   int          `yaml:"digest_minutes"`    // 60 when not given
	MessagesPerHour int          `yaml:"messages_per_hour"` // 50 when not given
}

// Trigger is what sets an automation off.
type Trigger struct {
	Place
	When       string `yaml:"when"`
	Schedule   Timing `yaml:"schedule"`
	TimeZone   string `yaml:"time_zone"` // UTC when not given
	Collection string `yaml:"collection"`
	Field      string `yaml:"field"`
	Days       []int  `yaml:"days"`
	Intervals  int    `yaml:"intervals"`
}

// Comparison is what a field of the record has to be.
type Comparison struct {
	Place
	Field    string `yaml:"field"`
	Operator string `yaml:"operator"`
	Value    string `yaml:"value"`
}

// Action is one thing that an automation does.
type Action struct {
	Place
	Do         string      `yaml:"do"`
	To         []string    `yaml:"to"`
	Subject    string      `yaml:"subject"`
	Text       string      `yaml:"text"`
	URL        string      `yaml:"url"`
	Shape      string      `yaml:"shape"`
	Key        secret.Text `yaml:"key"`
	Full       bool        `yaml:"full"`
	Field      string      `yaml:"field"`
	Value      string      `yaml:"value"`
	Collection string      `yaml:"collection"`
	Values     []FieldText `yaml:"values"`
	Note       string      `yaml:"note"`
}

// FieldText is a field of a record to be created, with what it holds.
type FieldText struct {
	Place
	Field string `yaml:"field"`
	Text  string `yaml:"text"`
}

// triggers are what can set automations off.
func triggers() []string {
	return []string{
		"schedule", "record_created", "record_changed", "record_archived", "checked_out", "checked_in", "due", "overdue",
		"person_left", "leaver_holds", "sync_finished", "sync_failed", "sync_held", "secret_expires", "sync_silent",
	}
}

// deeds are what automations can do, and shapes what their posts look like.
func deeds() []string {
	return []string{"mail", "post", "sync", "set_field", "create_record", "check_in"}
}
func shapes() []string { return []string{"muster", "slack", "teams"} }

// comparisons are how fields of records are compared.
func comparisons() []string {
	return []string{"is", "is-not", "has", "empty", "not-empty", "at-least", "at-most"}
}

// automation checks what can be checked without a database, and fills in defaults.
func (c *checker) automation(a *Automation) {
	c.required(a.Place, "an automation", "name", a.Name)
	c.choice(a.Place, "match", a.Match, "all", "any")
	if !a.Has("on") {
		a.On = true
	}
	if !a.Has("digest_minutes") {
		a.DigestMinutes = 60
	}
	if !a.Has("trigger") {
		c.report(a.Pos.Problemf("an automation has no trigger").WithHint("write trigger: {when: …}"))
	} else if !a.marks["trigger"].broken {
		c.trigger(&a.Trigger)
	}
	for i := range a.Conditions {
		one := &a.Conditions[i]
		c.required(one.Place, "a condition", "field", one.Field)
		if c.required(one.Place, "a condition", "operator", one.Operator) {
			c.choice(one.Place, "operator", one.Operator, comparisons()...)
		}
	}
	if len(a.Actions) == 0 && !a.marks["actions"].broken {
		c.report(a.At("actions").Problemf("an automation has no actions"))
	}
	for i := range a.Actions {
		c.action(&a.Actions[i])
	}
}

func (c *checker) trigger(t *Trigger) {
	if c.required(t.Place, "a trigger", "when", t.When) {
		c.choice(t.Place, "when", t.When, triggers()...)
	}
	c.zone(t.Place, "time_zone", &t.TimeZone, "UTC")
	if t.When == "schedule" {
		if !t.Has("schedule") {
			c.report(t.Pos.Problemf("a trigger of schedule has no schedule").WithHint("write schedule: daily at 08:00"))
		}
		return
	}
	c.unfit(t.Place, "is for when: schedule only", "schedule", "time_zone")
	for key, kinds := range map[string][]string{"field": {"record_changed"}, "days": {"due", "secret_expires"}, "intervals": {"sync_silent"}} {
		if !isIn(t.When, kinds) {
			c.unfit(t.Place, "says nothing for when: "+t.When, key)
		}
	}
}

// actionKeys are the keys that each deed takes besides do.
func actionKeys() map[string][]string {
	return map[string][]string{
		"mail": {"to", "subject", "text"}, "post": {"url", "shape", "text", "key"}, "sync": {"full"},
		"set_field": {"field", "value", "note"}, "create_record": {"collection", "values", "note"}, "check_in": {"note"},
	}
}

func (c *checker) action(a *Action) {
	if !c.required(a.Place, "an action", "do", a.Do) {
		return
	}
	c.choice(a.Place, "do", a.Do, deeds()...)
	takes, known := actionKeys()[a.Do]
	if !known {
		return
	}
	for _, key := range []string{"to", "subject", "text", "url", "shape", "key", "full", "field", "value", "collection", "values", "note"} {
		if !isIn(key, takes) {
			c.unfit(a.Place, "says nothing for do: "+a.Do, key)
		}
	}
	c.choice(a.Place, "shape", a.Shape, shapes()...)
	for key, value := range map[string]string{"url": a.URL, "field": a.Field, "collection": a.Collection} {
		if isIn(key, takes) {
			c.required(a.Place, "an action of "+a.Do, key, value)
		}
	}
	if a.Do == "mail" && len(a.To) == 0 && !a.marks["to"].broken {
		c.report(a.At("to").Problemf("an action of mail has no recipient").WithHint("write to: [administrators]"))
	}
	for i := range a.Values {
		c.required(a.Values[i].Place, "a value", "field", a.Values[i].Field)
	}
}
