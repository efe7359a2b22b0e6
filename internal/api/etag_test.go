package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/register"
)

// noTag are operations that put what is the same afterwards, whoever did what
// before.
var noTag = []string{"order-fields", "pin-field"}

func TestEveryChangeOfWhatWasReadTakesIfMatch(t *testing.T) {
	t.Parallel()
	for id, op := range operationsOf(open(t).document()) {
		if op.method != http.MethodPatch && op.method != http.MethodPut || slices.Contains(noTag, id) {
			continue
		}
		if op.Parameters.GetByInAndName("header", "If-Match") == nil {
			t.Errorf("%s takes no If-Match", id)
		}
		for status, said := range op.Responses.Map() {
			if status[0] == '2' && said.Value.Headers["ETag"] == nil {
				t.Errorf("%s answers no ETag", id)
			}
		}
	}
}

// Whoever changes what somebody else has changed in between is told, and nothing
// is overwritten.
func TestAChangeOfWhatHasMovedOnIsRefused(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.mailServer()
	assets := o.collection(o.module, register.Main).ID
	field, role, auto := o.field(false), o.custom(), o.automated()
	connection := o.connect()
	input := client.AutomationInput{Name: "Other", Trigger: client.Trigger{When: "overdue"}, Actions: []client.AutomationAction{{Do: "check_in"}}}
	mappings := func(name string) client.MappingSet {
		set := read[client.MappingSet](o.ask(boss, "GET", o.in("/connections/%d/mappings", connection.ID), nil), http.StatusOK)
		set.Items[0].Name = name
		return set
	}
	daily := func(at string) client.ConnectionInput {
		return client.ConnectionInput{Schedule: &client.Schedule{Incremental: "hourly", Full: "daily at " + at, TimeZone: "UTC"}}
	}
	on := true
	for _, c := range []struct {
		name, method, path string
		first, second      any // changes
	}{
		{"account", "PATCH", fmt.Sprintf("/accounts/%d", o.module.Account), client.Name{Name: "A"}, client.Name{Name: "B"}},
		{"module", "PATCH", o.in(""), client.Name{Name: "A"}, client.Name{Name: "B"}},
		{"collection", "PATCH", o.in("/collections/%d", assets), client.Name{Name: "A"}, client.Name{Name: "B"}},
		{"field", "PATCH", o.in("/collections/%d/fields/%d", assets, field.ID), client.FieldChange{Hidden: &on}, client.FieldChange{Unique: &on}},
		{"role", "PUT", o.in("/roles/%d", role.ID), client.RoleInput{Name: "A", Permissions: []client.Permission{{Action: "edit"}}}, client.RoleInput{Name: "B", Permissions: []client.Permission{{Action: "edit"}}}},
		{"forms", "PUT", o.in("/check-out-forms"), client.CheckForm{Out: []client.Question{}, In: []client.Question{}, Statement: "A"}, client.CheckForm{Out: []client.Question{}, In: []client.Question{}, Statement: "B"}},
		{"automation", "PUT", o.in("/automations/%d", auto.ID), input, input},
		{"mail server", "PUT", "/mail/server", client.MailServerInput{Host: "localhost", Port: 25, Security: "none", Sender: "a@contoso.example"}, client.MailServerInput{Host: "localhost", Port: 26, Security: "none", Sender: "a@contoso.example"}},
		{"mappings", "PUT", o.in("/connections/%d/mappings", connection.ID), mappings("A"), mappings("B")},
		{"connection", "PATCH", o.in("/connections/%d", connection.ID), daily("01:00"), daily("02:00")},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := o.ask(boss, "GET", c.path, nil).header.Get("ETag")
			if seen == "" {
				t.Fatal("it has no ETag")
			}
			first := o.ask(boss, c.method, c.path, c.first, "If-Match", seen)
			if first.status != http.StatusOK {
				t.Fatalf("a change of what was seen answers %d %s", first.status, first.body)
			}
			now := o.ask(boss, "GET", c.path, nil)
			if got := now.header.Get("ETag"); got == seen || got != first.header.Get("ETag") {
				t.Errorf("after the change the ETag is %s, the change answered %s, before it was %s", got, first.header.Get("ETag"), seen)
			}
			late := o.ask(boss, c.method, c.path, c.second, "If-Match", seen)
			if late.status != http.StatusPreconditionFailed {
				t.Errorf("a change of what has moved on answers %d %s, want 412", late.status, late.body)
			}
			if after := o.ask(boss, "GET", c.path, nil); after.body != now.body {
				t.Errorf("the refused change left %s, want %s", after.body, now.body)
			}
			again := o.ask(boss, c.method, c.path, c.second, "If-Match", `"another", W/`+first.header.Get("ETag"))
			if c.name != "automation" && again.status != http.StatusOK {
				t.Errorf("a change with one of several ETags answers %d %s", again.status, again.body)
			}
		})
	}
}

func TestATestOfAConnectionIsFollowedFactByFact(t *testing.T) {
	t.Parallel()
	o := open(t)
	got := o.ask(manager, "GET", o.in("/connections/%d/test/events", o.connect().ID), nil)
	facts := strings.Count(got.body, "event: fact\n")
	_, last, _ := strings.Cut(got.body, "event: tested\ndata: ")
	var tested client.Tested
	if err := json.Unmarshal(bytes.TrimSpace([]byte(last)), &tested); err != nil {
		t.Fatalf("%v in %s", err, got.body)
	}
	if !tested.Passed || facts == 0 || facts != len(tested.Facts) {
		t.Errorf("%d facts were told, and at the end: %+v", facts, tested)
	}
}
