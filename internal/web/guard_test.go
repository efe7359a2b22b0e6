package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
)

// edited is a form that two people have open at once.
type edited struct {
	name, page, form, to string // to is where it is posted, if not to the page
	input, mine, theirs  string // what both change
	more                 []string
}

// editedForms are all forms that change something there is, but for those of
// records and automations, whose use cases compare versions themselves.
func (o *office) editedForms(connection string) []edited {
	o.t.Helper()
	module, main := fmt.Sprintf("/m/%d", o.module.ID), o.collection(register.Main)
	collection := fmt.Sprintf("%s/collections/%d", module, main.ID)
	role, err := o.accounts.CreateRole(o.t.Context(), account.CommandLine(), account.Role{
		Account: o.module.Account, Module: o.module.ID, Name: "Reader", Permissions: []account.Permission{{Action: account.View}},
	})
	o.must(err)
	here := fmt.Sprintf("/settings/accounts/%d", o.module.Account)
	return []edited{
		{name: "a field", page: fmt.Sprintf("%s/fields/%d", collection, o.field(main, "Serial number").ID), form: "field-form", input: "name", mine: "Serial", theirs: "Number"},
		{name: "a role", page: fmt.Sprintf("%s/roles/%d", module, role.ID), form: "role-form", input: "name", mine: "Lender", theirs: "Visitor"},
		{name: "a mapping", page: connection + "/mapping/1", form: "mapping-form", input: "name", mine: "All", theirs: "Everyone here", more: []string{"confirm", "yes"}},
		{name: "a connection", page: connection, form: "connection-form", input: "application_object_id", mine: "33333333-3333-3333-3333-333333333333", theirs: "", more: []string{"anyway", "yes"}},
		{name: "a schedule", page: connection, form: "schedule", to: connection + "/schedule", input: "incremental", mine: "every 15 minutes", theirs: "every 30 minutes"},
		{name: "the mail server", page: "/settings/mail", form: "mail-form", input: "host", mine: "smtp.example.com", theirs: "mx.example.com", more: []string{"do", "save", "password", "letter-carrier"}},
		{name: "the forms of check-out", page: module + "/check-out-forms", form: "check-form", input: "statement", mine: "I take care.", theirs: "I agree."},
		{name: "an automation", page: module + "/automations/1", form: "automation", input: "name", mine: "Warn", theirs: "Tell", more: []string{"act", "save"}},
		{name: "a collection's name", page: collection, form: "rename-form", input: "name", mine: "Things", theirs: "Goods"},
		{name: "a module's name", page: "/settings/accounts", form: fmt.Sprintf("rename-%d-%d", o.module.Account, o.module.ID), to: fmt.Sprintf("%s/modules/%d/name", here, o.module.ID), input: "name", mine: "Kit", theirs: "Gear"},
		{name: "an account's name", page: "/settings/accounts", form: fmt.Sprintf("rename-%d-0", o.module.Account), to: here + "/name", input: "name", mine: "Contoso Ltd", theirs: "Contoso Inc"},
	}
}

// send posts a form as it stands, with one input and some more set.
func (b *browser) send(to string, form url.Values, e edited, text string) answer {
	b.o.t.Helper()
	out := url.Values{}
	for name, values := range form {
		out[name] = values
	}
	out.Set(e.input, text)
	for i := 0; i < len(e.more); i += 2 {
		out.Set(e.more[i], e.more[i+1])
	}
	return b.do(http.MethodPost, to, out)
}

func TestWhoeverIsSlowerIsToldAndOverwritesNothing(t *testing.T) {
	t.Parallel()
	o := open(t)
	_, connection, _ := synced(t, o)
	o.must(o.mail.SaveServer(t.Context(), account.CommandLine(), mail.Server{
		Host: "old.example.com", Port: 587, Security: mail.StartTLS, Username: "muster", Password: secret.New("letter-carrier"), Sender: "muster@contoso.example",
	}))
	fast, slow := o.as(boss), o.as(boss)
	fast.get(fmt.Sprintf("/m/%d/automations", o.module.ID)) // which makes the first ones
	for _, e := range o.editedForms(connection) {
		t.Run(e.name, func(t *testing.T) {
			to := e.to
			if to == "" {
				to = e.page
			}
			page := slow.get(e.page)
			if page.status != http.StatusOK {
				t.Fatalf("the form is answered %d", page.status)
			}
			opened := formOf(t, page.body, e.form)
			if got := fast.send(to, formOf(t, fast.get(e.page).body, e.form), e, e.theirs); got.status >= 400 {
				t.Fatalf("the first to save is answered %d:\n%s", got.status, got.body)
			}
			got := slow.send(to, opened, e, e.mine)
			if got.status != http.StatusConflict || !strings.Contains(got.body, "meanwhile") && !strings.Contains(got.body, "boss@contoso.example changed this") {
				t.Fatalf("the second is answered %d, want to be told that somebody was faster", got.status)
			}
			again := formOf(t, got.body, e.form)
			if again.Get(e.input) != e.mine {
				t.Errorf("what was typed comes back as %q, want %q", again.Get(e.input), e.mine)
			}
			if now := formOf(t, fast.get(e.page).body, e.form).Get(e.input); now != e.theirs {
				t.Errorf("what the first saved is now %q, want %q", now, e.theirs)
			}
			if got := slow.send(to, again, e, e.mine); got.status >= 400 {
				t.Fatalf("who means it is answered %d:\n%s", got.status, got.body)
			}
			if now := formOf(t, fast.get(e.page).body, e.form).Get(e.input); now != e.mine {
				t.Errorf("in the end it is %q, want %q", now, e.mine)
			}
		})
	}
}
