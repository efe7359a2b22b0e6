package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
)

func (s *Server) checkFormOperations() {
	const path = "/modules/{module}/check-out-forms"
	add(s, op{method: http.MethodGet, path: path, id: "get-check-out-forms", may: account.ManageCollections, tag: custodyTag, summary: "Get what a module asks at check-out and check-in"},
		func(v *visit, in *InModule) (*tagged[client.CheckForm], error) {
			m, err := v.module(*in)
			if err != nil {
				return nil, err
			}
			f, err := v.Records.CheckForm(v.ctx, v.who, m.Account, m.ID)
			return tagOf(checkFormOf(f)), err
		})
	add(s, op{method: http.MethodPut, path: path, id: "save-check-out-forms", may: account.ManageCollections, tag: custodyTag, summary: "Set what a module asks at check-out and check-in"},
		func(v *visit, in *struct {
			InModule
			Seen
			Body client.CheckForm
		}) (*tagged[client.CheckForm], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			asked := func(q client.Question) register.Question {
				return register.Question{Name: q.Name, Kind: register.QuestionKind(q.Kind), Choices: q.Choices, Required: q.Required}
			}
			now := func() (client.CheckForm, error) {
				f, err := v.Records.CheckForm(v.ctx, v.who, m.Account, m.ID)
				return checkFormOf(f), err
			}
			return change(v, "forms "+number(m.ID), in.Seen, now, func() error {
				_, err := v.Records.SaveCheckForm(v.ctx, v.who, m.Account, m.ID, register.CheckForm{
					Out: each(in.Body.Out, asked), In: each(in.Body.In, asked), Statement: in.Body.Statement,
				})
				return err
			})
		})
}

func checkFormOf(f register.CheckForm) client.CheckForm {
	asked := func(q register.Question) client.Question {
		return client.Question{Name: q.Name, Kind: string(q.Kind), Choices: q.Choices, Required: q.Required}
	}
	return client.CheckForm{Out: each(f.Out, asked), In: each(f.In, asked), Statement: f.Statement}
}
