package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/register"
)

func wantParts(t *testing.T, what, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("%s lacks %q", what, part)
		}
	}
}

// automation is the module's automation with a name.
func (o *office) automation(name string) automation.Automation {
	o.t.Helper()
	list, err := o.automations.List(o.t.Context(), account.CommandLine(), o.module)
	o.must(err)
	for _, a := range list {
		if a.Name == name {
			return a
		}
	}
	o.t.Fatalf("there is no automation %s", name)
	return automation.Automation{}
}

func TestAnAutomationIsMadeTriedAndRun(t *testing.T) {
	t.Parallel()
	o := open(t)
	var got string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get(automation.SignatureHeader) }))
	t.Cleanup(hook.Close)
	o.asset("Name", "Laptop 7")
	assets := o.collection(register.Main)
	name := o.field(assets, "Name")
	b := o.as(manager)
	path := fmt.Sprintf("/m/%d/automations", o.module.ID)
	wantParts(t, "the module's page", b.see(200, fmt.Sprintf("/m/%d", o.module.ID)), path, "Automations")
	wantParts(t, "the empty list", b.see(200, path), "Nothing happens by itself yet", "a record is created")

	form := []string{"kind", "record_created", "name", "Tell of laptops", "on", "yes", "collection", fmt.Sprint(assets.ID), "digest", "60", "hourly", "10"}
	wantParts(t, "the form", b.see(200, path+"/new?when=record_created"), "When a record is created", "The module&#39;s administrators", "Dry run")
	wantParts(t, "the form with another action", b.sent(path+"/new", append(form, "a0_do", "mail", "a0_admins", "yes", "act", "add:post")...), "a0_do", "a1_url")
	wantParts(t, "the form without an action", b.sent(path+"/new", append(form, "act", "save")...), "The automation does nothing")

	form = append(form, "condition_field", fmt.Sprint(name.ID), "condition_op", "has", "condition_text", "laptop",
		"a0_do", "post", "a0_url", hook.URL, "a0_shape", "slack")
	wantParts(t, "the dry run", b.sent(path+"/new", append(form, "act", "dry")...), "nothing was done", "Laptop 7", "Post to 127.0.0.1")
	if list := b.see(200, path); strings.Contains(list, "Tell of laptops") {
		t.Error("a dry run saved the automation")
	}
	wantParts(t, "the list", b.sent(path+"/new", append(form, "act", "save")...), "Tell of laptops is saved", "When a record is created", "post to a web address", "never")

	a := o.automation("Tell of laptops")
	own := fmt.Sprintf("%s/%d", path, a.ID)
	wantParts(t, "the entry of the log", b.sent(own+"/run"), "Laptop 7", "ran it by hand", "Waiting")
	o.must(o.automations.Turn(t.Context()))
	wantParts(t, "the log", b.see(200, own+"/log"), "Posted to 127.0.0.1", "Done")
	if !strings.HasPrefix(got, "t=") {
		t.Errorf("the post was signed %q", got)
	}
	wantParts(t, "the list", b.sent(own+"/switch", "on", "no"), "Tell of laptops is switched off", "switched off", "Done")
	edit := b.see(200, own)
	wantParts(t, "the editor", edit, `value="laptop"`, hook.URL, "Show the key", "Remove Tell of laptops")
	wantParts(t, "the editor with the key", b.sent(own, append(form, "version", fmt.Sprint(o.automation("Tell of laptops").Version), "act", "key:a0")...), "Posts are signed with this key")
	wantParts(t, "an edit of what was changed meanwhile", b.sent(own, append(form, "version", "1", "act", "save")...), "while you had it open")
	wantParts(t, "the list after the removal", b.sent(own+"/remove"), "Tell of laptops is removed", "Nothing happens by itself yet")
}

func TestReadyMadeAutomationsComeWithTheFirstMapping(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, _, _ := synced(t, o)
	path := fmt.Sprintf("/m/%d/automations", o.module.ID)
	page := b.see(200, path)
	for _, a := range automation.Ready() {
		wantParts(t, "the list", page, a.Name)
	}
	wantParts(t, "the list", page, "Edit the schedule")
	a := o.automation("Tell of failed syncs")
	b.sent(fmt.Sprintf("%s/%d/remove", path, a.ID))
	if strings.Contains(b.see(200, path), "Tell of failed syncs") {
		t.Error("what was removed comes back")
	}
}

func TestAutomationsSayThatNoMailServerIsSetUp(t *testing.T) {
	t.Parallel()
	o := open(t)
	path := fmt.Sprintf("/m/%d/automations", o.module.ID)
	const warning = "No mail server is set up"
	if page := o.as(boss).see(http.StatusOK, path); strings.Contains(page, warning) {
		t.Error("a module whose automations send nothing is warned about mail")
	}
	o.as(manager).sent(path+"/new", "kind", "sync_failed", "name", "Tell", "on", "yes", "a0_do", "mail", "a0_admins", "yes", "act", "save")
	wantParts(t, "the page of who may set mail up", o.as(boss).see(http.StatusOK, path), warning, `href="/settings/mail"`)
	if page := o.as(manager).see(http.StatusOK, path); !strings.Contains(page, warning) || strings.Contains(page, `href="/settings/mail"`) {
		t.Error("who may not set mail up is not told whom to ask")
	}
	o.must(o.mail.SaveServer(t.Context(), account.CommandLine(), mail.Server{Host: "127.0.0.1", Port: closedPort, Security: mail.TLS, Sender: "muster@contoso.example"}))
	if page := o.as(boss).see(http.StatusOK, path); strings.Contains(page, warning) {
		t.Error("the warning stays once mail is set up")
	}
}

func TestTheFormOfEachTriggerOpensAndSaves(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	path := fmt.Sprintf("/m/%d/automations", o.module.ID)
	for _, kind := range automation.Kinds() {
		b.see(200, path+"/new?when="+string(kind))
		page := b.sent(path+"/new", "kind", string(kind), "name", string(kind), "on", "yes", "schedule", "hourly", "zone", "Europe/Berlin",
			"a0_do", "mail", "a0_admins", "yes", "a0_addresses", "a@x.example, b@x.example", "act", "save")
		wantParts(t, string(kind), page, string(kind)+" is saved")
		a := o.automation(string(kind))
		if a.Trigger.Kind != kind || len(a.Actions) != 1 || len(a.Actions[0].To) != 3 {
			t.Errorf("%s was saved as %+v", kind, a.Definition)
		}
		b.see(200, fmt.Sprintf("%s/%d", path, a.ID))
	}
}
