package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
)

// closedPort is a port on which nobody listens: a system lends it to nobody who
// asks for any.
const closedPort = 1

// letters are those that wait, the newest first.
func (o *office) letters() []mail.Letter {
	o.t.Helper()
	list, err := o.mail.Letters(o.t.Context(), account.CommandLine(), 0, 100)
	o.must(err)
	return list
}

func TestMailIsSetUpOnScreen(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	port := fmt.Sprint(closedPort)
	form := []string{"host", "127.0.0.1", "port", port, "security", "starttls", "user", "muster", "password", "letter-carrier",
		"sender", "muster@contoso.example", "sender-name", "Muster", "to", boss}
	if page := b.get("/settings/accounts").body; !strings.Contains(page, "Not set up: Muster sends no letters") {
		t.Error("the settings do not say that no mail is sent")
	}
	got := b.post("/settings/mail", append(form, "do", "test")...)
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "does not answer") || !strings.Contains(got.body, "Check the name, the port and the firewall.") {
		t.Fatalf("a server that does not answer: %d", got.status)
	}
	if typed := formOf(t, got.body, "mail-form"); typed.Get("host") != "127.0.0.1" || typed.Get("password") != "" {
		t.Errorf("the form shown again holds %v", typed)
	}
	if up, err := o.mail.SetUp(t.Context()); up || err != nil {
		t.Error("a server that failed its test is saved")
	}
	if got := b.post("/settings/mail", append(form, "do", "save")...); got.to != "/settings/mail" {
		t.Fatalf("saving without a test leads to %q (%d)", got.to, got.status)
	}
	page := b.get("/settings/mail").body
	if strings.Contains(page, "letter-carrier") || !strings.Contains(page, "Stored and sealed") || !strings.Contains(page, "No letters yet") {
		t.Error("the page shows the password, or does not say that it is stored")
	}
	for who, want := range map[string]int{manager: http.StatusForbidden, outsider: http.StatusForbidden} {
		if got := o.as(who).get("/settings/mail"); got.status != want {
			t.Errorf("%s sees the mail server: %d, want %d", who, got.status, want)
		}
		if got := o.as(who).post("/settings/mail", append(form, "do", "save")...); got.status != want {
			t.Errorf("%s changes the mail server: %d, want %d", who, got.status, want)
		}
	}
	if got := b.post("/settings/mail/remove"); got.to != "/settings/mail" {
		t.Errorf("removing it leads to %q", got.to)
	}
}

func TestALinkToSetAPasswordGoesOutByMail(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(boss)
	l, err := o.accounts.FindLogin(t.Context(), account.CommandLine(), colleague)
	o.must(err)
	path := fmt.Sprintf("/m/%d/users/%d", o.module.ID, l.ID)
	if page := b.get(path).body; strings.Contains(page, "by mail") {
		t.Error("a link can be sent without a mail server")
	}
	o.must(o.mail.SaveServer(t.Context(), account.CommandLine(), mail.Server{Host: "127.0.0.1", Port: closedPort, Security: mail.TLS, Sender: "muster@contoso.example"}))
	if got := b.post(path+"/link", "send", "yes"); got.to != path {
		t.Fatalf("sending leads to %q (%d)", got.to, got.status)
	}
	if list := o.letters(); len(list) != 1 || list[0].To != colleague || list[0].Text != "" || !list[0].Secret {
		t.Errorf("letters: %+v, want one whose text nobody sees", list)
	}
	if page := b.get(path).body; !strings.Contains(page, "on its way to "+colleague) || strings.Contains(page, "/reset?token=") {
		t.Error("the page does not say so, or shows the link")
	}
}

func TestTheManagerOfALeaverIsWrittenTo(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, _, person := synced(t, o)
	b.add(o.collection(register.Main), "Name", "ThinkPad")
	b.post(person+"/give", "asset", "ThinkPad", "for", "week")
	o.leave(person)
	path := fmt.Sprintf("/m/%d/leavers", o.module.ID)
	if page := b.get(path).body; strings.Contains(page, person+"/notify") {
		t.Error("a letter can be sent without a mail server")
	}
	o.must(o.mail.SaveServer(t.Context(), account.CommandLine(), mail.Server{
		Host: "127.0.0.1", Port: closedPort, Security: mail.StartTLS, Username: "muster", Password: secret.New("letter-carrier"), Sender: "muster@contoso.example",
	}))
	page := b.get(path).body
	if !strings.Contains(page, person+"/notify") {
		t.Fatal("no letter can be sent")
	}
	got := b.post(person+"/notify", "about", "leaver", "subject", "To be handed in", "text", "Please get the ThinkPad.\r\nThanks", "to", "thief@example.com", "back", path)
	if got.to != path {
		t.Fatalf("sending leads to %q (%d)", got.to, got.status)
	}
	list := o.letters()
	if len(list) != 1 || list[0].To == "thief@example.com" || !strings.HasSuffix(list[0].To, ".example") || list[0].Text != "Please get the ThinkPad.\nThanks" || list[0].Module != o.module.ID {
		t.Fatalf("letters: %+v", list)
	}
	if page := b.get(path).body; !strings.Contains(page, "was told") || !strings.Contains(page, "is on its way") {
		t.Error("the list does not say who was told")
	}
	if got := o.as(outsider).post(person+"/notify", "about", "leaver", "subject", "x", "text", "x"); got.status != http.StatusNotFound {
		t.Errorf("somebody of another account writes: %d, want 404", got.status)
	}
	b.post(person+"/check-in-all", "back", path)
	if got := b.post(person+"/notify", "about", "leaver", "subject", "x", "text", "x", "back", path); got.to != path || len(o.letters()) != 1 {
		t.Errorf("about somebody who holds nothing: %d, %d letters", got.status, len(o.letters()))
	}
}
