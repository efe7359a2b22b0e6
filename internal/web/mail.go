package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/web/view"
)

const (
	mailPath     = "/settings/mail"
	lettersShown = 50
)

// mailSettings shows the mail server and the letters of late.
func (s *Site) mailSettings(v *visit) error {
	known, stored, err := s.Mail.Server(v.ctx(), v.who)
	form := view.MailForm{Port: "587", Security: string(mail.StartTLS), SenderName: "Muster"}
	if err == nil {
		form = mailForm(known)
		form.Secret = stored
	} else if !errs.Is(err, errs.NotFound) {
		return err
	}
	v.guardMail(known)
	return v.showMail(http.StatusOK, form)
}

// guardMail is the guard of the mail server's form. Of the password, which the
// form never shows, it does not speak.
func (v *visit) guardMail(s mail.Server) (stale bool) {
	return v.guard(subject{kind: "mail server"}, mailForm(s))
}

func mailForm(s mail.Server) view.MailForm {
	return view.MailForm{
		Host: s.Host, Port: strconv.Itoa(s.Port), Security: string(s.Security), User: s.Username,
		Sender: s.Sender, SenderName: s.SenderName, CA: s.CA,
	}
}

func (v *visit) showMail(status int, form view.MailForm) error {
	page := view.Mail{Crumbs: []view.Crumb{{Name: "Settings", Path: "/settings/accounts"}}, Form: form, Guard: v.guarded}
	if page.Form.To == "" {
		self, err := v.site.Accounts.Self(v.ctx(), v.who)
		if err != nil {
			return err
		}
		page.Form.To = self.Email
	}
	var err error
	if page.SetUp, err = v.site.Mail.SetUp(v.ctx()); err != nil {
		return err
	}
	list, err := v.site.Mail.Letters(v.ctx(), v.who, v.numberIn("before"), lettersShown+1)
	if err != nil {
		return err
	}
	if len(list) > lettersShown {
		list = list[:lettersShown]
		page.Next = fmt.Sprintf("%s?before=%d", mailPath, list[lettersShown-1].ID)
	}
	for _, l := range list {
		page.Letters = append(page.Letters, letterRow(l))
	}
	return v.showStatus(status, "Mail", view.MailPage(v.frame, page))
}

// mailStands says in a sentence how mail stands.
func (v *visit) mailStands() (string, error) {
	known, _, err := v.site.Mail.Server(v.ctx(), v.who)
	if errs.Is(err, errs.NotFound) {
		return "Not set up: Muster sends no letters and no warnings.", nil
	}
	if err != nil {
		return "", err
	}
	counts, err := v.site.Mail.Counts(v.ctx())
	text := "Through " + known.Address() + "."
	if n := counts[mail.Queued]; n > 0 {
		text += fmt.Sprintf(" %d on the way.", n)
	}
	if n := counts[mail.Failed]; n > 0 {
		text += fmt.Sprintf(" %d given up.", n)
	}
	return text, err
}

func letterRow(l mail.Letter) view.LetterRow {
	row := view.LetterRow{To: l.To, Subject: l.Subject, Error: l.Error, Tries: l.Attempts, At: l.CreatedAt}
	switch l.State {
	case mail.Sent:
		row.State = view.Status{Tone: "green", Icon: "circle-check", Word: "sent"}
		return row
	case mail.Failed:
		row.State = view.Status{Tone: "red", Icon: "alert-circle", Word: "given up"}
	default:
		row.State = view.Status{Tone: "blue", Icon: "clock", Word: "on its way"}
		if l.Attempts > 0 {
			row.Next = l.NextAt
		}
	}
	row.Retry = fmt.Sprintf("%s/letters/%d/retry", mailPath, l.ID)
	return row
}

// saveMail saves the mail server once it has taken a test, or without one.
func (s *Site) saveMail(v *visit) error {
	form := view.MailForm{
		Host: v.text("host"), Port: v.text("port"), Security: v.text("security"), User: v.text("user"),
		Sender: v.text("sender"), SenderName: v.text("sender-name"), CA: strings.TrimSpace(v.r.PostFormValue("ca")), To: v.text("to"),
	}
	port, err := strconv.Atoi(form.Port)
	if err != nil {
		port = 0 // which is none
	}
	server := mail.Server{
		Host: form.Host, Port: port, Security: mail.Security(form.Security), Username: form.User,
		Password: secret.New(v.r.PostFormValue("password")), Sender: form.Sender, SenderName: form.SenderName, CA: form.CA,
	}
	var known mail.Server
	if known, form.Secret, err = s.Mail.Server(v.ctx(), v.who); err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	if v.guardMail(known) {
		return v.showMail(http.StatusConflict, form)
	}
	done := "Saved, without a test. Letters go out through " + server.Address() + " from now on."
	err = nil
	if v.text("do") != "save" {
		err, done = s.Mail.Test(v.ctx(), v.who, server, form.To), "The server took a test for "+form.To+". Saved."
	}
	if err == nil {
		err = s.Mail.SaveServer(v.ctx(), v.who, server)
	}
	if refused(err) || errs.Is(err, errs.Unavailable) {
		form.Fault, form.Hint = sentence(err, statusOf(err)), errs.HintOf(err)
		return v.showMail(http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	v.flash(true, done)
	return v.goTo(mailPath)
}

// removeMail takes the mail server away.
func (s *Site) removeMail(v *visit) error {
	if err := s.Mail.RemoveServer(v.ctx(), v.who); err != nil {
		return err
	}
	v.flash(true, "Muster sends no mail any more.")
	return v.goTo(mailPath)
}

// retryLetter sends a letter again.
func (s *Site) retryLetter(v *visit) error {
	id, err := v.number("letter")
	if err != nil {
		return err
	}
	if err := s.Mail.Retry(v.ctx(), v.who, id); err != nil {
		return v.refused(err, mailPath)
	}
	v.flash(true, "The letter goes out again.")
	return v.goTo(mailPath)
}
