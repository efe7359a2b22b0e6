package client

import (
	"context"
	"iter"
	"time"
)

// Automation is one thing that a module does by itself.
type Automation struct {
	ID      int64  `json:"id"`
	Version int64  `json:"version" doc:"Grows by one with each change; it is the ETag."`
	Ready   string `json:"ready" doc:"The ready-made one that it began as; empty for others."`
	AutomationInput
	Next  *time.Time `json:"next" doc:"Of a schedule, when it comes round; null when it does not."`
	Fired *time.Time `json:"fired" doc:"When it last had something to do; null for never."`
}

// AutomationInput is what an automation is to do, and when.
type AutomationInput struct {
	Name       string                `json:"name" minLength:"1" maxLength:"120"`
	On         bool                  `json:"on"`
	Trigger    Trigger               `json:"trigger"`
	Any        bool                  `json:"any,omitempty" doc:"One of the conditions is enough."`
	Conditions []AutomationCondition `json:"conditions,omitempty" maxItems:"20"`
	Actions    []AutomationAction    `json:"actions" minItems:"1" maxItems:"10"`
	Digest     int                   `json:"digest_minutes,omitempty" minimum:"0" maximum:"10080" doc:"For how long messages are gathered after one has left, to go as one; 0 sends each at once."`
	Hourly     int                   `json:"messages_per_hour,omitempty" minimum:"0" maximum:"1000" doc:"The most messages of an hour; 0 for 50."`
}

// Trigger is what sets an automation off.
type Trigger struct {
	When       string `json:"when" enum:"schedule,record_created,record_changed,record_archived,checked_out,checked_in,due,overdue,person_left,leaver_holds,sync_finished,sync_failed,sync_held,secret_expires,sync_silent"`
	Schedule   string `json:"schedule,omitempty" maxLength:"200" doc:"Of schedule, as in muster.yaml: daily at 08:00."`
	TimeZone   string `json:"time_zone,omitempty" maxLength:"100" doc:"Of schedule: Europe/Berlin; UTC when nothing is given."`
	Collection int64  `json:"collection,omitempty" minimum:"0" doc:"Records of this collection only."`
	Field      int64  `json:"field,omitempty" minimum:"0" doc:"Of record_changed: only when this field changes."`
	Days       []int  `json:"days,omitempty" maxItems:"20" doc:"Of secret_expires and due: how many days before."`
	Intervals  int    `json:"intervals,omitempty" minimum:"0" maximum:"1000" doc:"Of sync_silent: how many of the connection's intervals."`
}

// AutomationCondition is what a field of the record has to be.
type AutomationCondition struct {
	Field    int64  `json:"field" minimum:"1"`
	Operator string `json:"operator" enum:"is,is-not,has,empty,not-empty,at-least,at-most"`
	Value    string `json:"value,omitempty" maxLength:"2000"`
}

// AutomationAction is one thing that an automation does. What its kind does not
// use is left out.
type AutomationAction struct {
	Do         string           `json:"do" enum:"mail,post,sync,set_field,create_record,check_in"`
	To         []Recipient      `json:"to,omitempty" maxItems:"50" doc:"Of mail."`
	Subject    string           `json:"subject,omitempty" maxLength:"200" doc:"Of mail; what happened when nothing is given."`
	Text       string           `json:"text,omitempty" maxLength:"10000" doc:"Of mail and post; what happened when nothing is given."`
	URL        string           `json:"url,omitempty" maxLength:"2000" doc:"Of post."`
	Shape      string           `json:"shape,omitempty" enum:"muster,slack,teams" doc:"Of post."`
	Key        string           `json:"key,omitempty" maxLength:"500" doc:"What posts are signed with. Never answered; left out, the stored one stays or a new one is made."`
	Connection int64            `json:"connection,omitempty" minimum:"0" doc:"Of sync; all of the module when nothing is given."`
	Full       bool             `json:"full,omitempty" doc:"Of sync."`
	Field      int64            `json:"field,omitempty" minimum:"0" doc:"Of set_field."`
	Value      string           `json:"value,omitempty" maxLength:"10000" doc:"Of set_field; empty clears."`
	Collection int64            `json:"collection,omitempty" minimum:"0" doc:"Of create_record."`
	Values     []AutomationText `json:"values,omitempty" maxItems:"200" doc:"Of create_record."`
	Note       string           `json:"note,omitempty" maxLength:"2000"`
}

// AutomationText is a field with the text that it is to hold.
type AutomationText struct {
	Field int64  `json:"field" minimum:"1"`
	Text  string `json:"text" maxLength:"10000"`
}

// Recipient is who gets a letter.
type Recipient struct {
	Kind    string `json:"kind" enum:"administrators,user,holder,field,address"`
	User    int64  `json:"user,omitempty" minimum:"0" doc:"Of user: its number."`
	Field   int64  `json:"field,omitempty" minimum:"0" doc:"Of field: one that holds an email or leads to a person."`
	Address string `json:"address,omitempty" maxLength:"300" doc:"Of address."`
}

// AutomationSwitch switches an automation on or off.
type AutomationSwitch struct {
	On bool `json:"on"`
}

// DryRun is what an automation would do now.
type DryRun struct {
	About   []string    `json:"about" doc:"What it would be about, a sentence each; the first hundred."`
	More    int         `json:"more" doc:"How many there are besides."`
	Actions []DryAction `json:"actions"`
}

// DryAction is what one action would do.
type DryAction struct {
	Do    string    `json:"do"`
	Steps []DryStep `json:"steps"`
	Fault string    `json:"fault,omitempty" doc:"Why it could not be done."`
	Hint  string    `json:"hint,omitempty"`
}

// DryStep is one thing that an action would do.
type DryStep struct {
	Text string `json:"text"`
	Body string `json:"body,omitempty" doc:"What a message says."`
	Idle bool   `json:"idle,omitempty" doc:"Nothing would be done, and the text says why."`
}

// Firing is that an automation had something to do.
type Firing struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	Cause   string    `json:"cause"`
	State   string    `json:"state" enum:"waiting,done,failed,stopped"`
	Stopped string    `json:"stopped,omitempty" doc:"Why nothing was done."`
	About   []string  `json:"about" doc:"What it was about, in get-firing; the first hundred."`
	Acts    []Deed    `json:"acts"`
}

// Deed is how one action of a firing stands.
type Deed struct {
	Action   int        `json:"action" doc:"Which of the automation's actions, from 0."`
	State    string     `json:"state" enum:"waiting,done,failed"`
	Outcome  string     `json:"outcome"`
	Attempts int        `json:"attempts"`
	Due      *time.Time `json:"due" doc:"When it is done or tried again; null when it is over."`
}

// Ran is the entry of the log that a run by hand makes.
type Ran struct {
	Firing int64 `json:"firing"`
}

// Automations lists what a module does by itself.
func (c *Client) Automations(ctx context.Context, module int64) ([]Automation, error) {
	return whole[Automation](ctx, c, in(module, "/automations"))
}

// RunAutomation has an automation do now what it does, and returns the number of
// the entry in its log.
func (c *Client) RunAutomation(ctx context.Context, module, id int64) (firing int64, err error) {
	ran, err := post[Ran](ctx, c, in(module, "/automations/%d/run", id), nil)
	return ran.Firing, err
}

// Firings yields what an automation had to do, the latest first.
func (c *Client) Firings(ctx context.Context, module, id int64) iter.Seq2[Firing, error] {
	return pages[Firing](ctx, c, in(module, "/automations/%d/log", id), nil)
}
