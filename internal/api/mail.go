package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/secret"
)

func (s *Server) mailOperations() {
	const tag, path, needs = "Mail", "/mail/server", "Needs the right manage_integrations in the whole organization."
	add(s, op{method: http.MethodGet, path: path, id: "get-mail-server", tag: tag, summary: "Get the mail server, without its password", text: needs},
		func(v *visit, _ *none) (*tagged[client.MailServer], error) {
			server, err := v.mailServer()
			if err != nil {
				return nil, err
			}
			return tagOf(server), nil
		})
	add(s, op{method: http.MethodPut, path: path, id: "save-mail-server", tag: tag, summary: "Set the mail server", text: needs},
		func(v *visit, in *struct {
			Seen
			Body client.MailServerInput
		}) (*tagged[client.MailServer], error) {
			return change(v, path, in.Seen, v.mailServer, func() error { return v.saveMailServer(in.Body) })
		})
	add(s, op{method: http.MethodDelete, path: path, id: "remove-mail-server", tag: tag, summary: "Take the mail server away", text: "Letters on their way wait for another. " + needs},
		func(v *visit, _ *none) (*none, error) { return nil, v.Mail.RemoveServer(v.ctx, v.who) })
	add(s, op{method: http.MethodGet, path: "/mail/letters", id: "list-letters", tag: tag, summary: "List the letters of late, the newest first", text: "Without their texts, which may let somebody in. " + needs},
		func(v *visit, in *Counted) (*body[client.Page[client.Letter]], error) {
			list, err := v.Mail.Letters(v.ctx, v.who, in.Cursor, in.Limit+1)
			return counted(*in, each(list, letterOf), func(l client.Letter) int64 { return l.ID }), err
		})
	add(s, op{method: http.MethodPost, path: "/mail/letters/{letter}/retry", id: "retry-letter", tag: tag, summary: "Send a letter again that waits or was given up", text: needs},
		func(v *visit, in *struct {
			Letter int64 `path:"letter" minimum:"1" doc:"The number of the letter."`
		}) (*none, error) {
			return nil, v.Mail.Retry(v.ctx, v.who, in.Letter)
		})
}

// mailServer is the mail server as it goes over the wire.
func (v *visit) mailServer() (client.MailServer, error) {
	s, stored, err := v.Mail.Server(v.ctx, v.who)
	return client.MailServer{
		Host: s.Host, Port: s.Port, Security: string(s.Security), User: s.Username, HasPassword: stored, Sender: s.Sender, SenderName: s.SenderName, CA: s.CA,
	}, err
}

// saveMailServer saves a mail server, once it has taken a letter if a test is
// asked for. That it does not is a fault of the request, not of Muster.
func (v *visit) saveMailServer(b client.MailServerInput) error {
	to := mail.Server{
		Host: b.Host, Port: b.Port, Security: mail.Security(b.Security), Username: b.User, Password: secret.New(b.Password),
		Sender: b.Sender, SenderName: b.SenderName, CA: b.CA,
	}
	if b.Test != "" {
		if err := v.Mail.Test(v.ctx, v.who, to, b.Test); errs.Is(err, errs.Unavailable) {
			return &partFault{"body.test", errs.New(errs.Invalid, "the server did not take the test: %s", err).WithHint("%s", errs.HintOf(err))}
		} else if err != nil {
			return err
		}
	}
	return v.Mail.SaveServer(v.ctx, v.who, to)
}

func letterOf(l mail.Letter) client.Letter {
	out := client.Letter{
		ID: l.ID, Account: l.Account, Module: l.Module, To: l.To, Subject: l.Subject, State: string(l.State), Attempts: l.Attempts, Error: l.Error,
		CreatedAt: l.CreatedAt.UTC(), DoneAt: moment(l.DoneAt),
	}
	if l.State == mail.Queued {
		out.NextAt = moment(l.NextAt)
	}
	return out
}
