package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
)

func (s *Server) viewOperations() {
	const tag, path = "Views", "/modules/{module}/collections/{collection}/views"
	add(s, op{method: http.MethodGet, path: path, id: "list-views", tag: tag, summary: "List the views of a collection: one's own and everybody's"},
		func(v *visit, in *InCollection) (*body[client.List[client.View]], error) {
			c, _, err := v.collection(*in)
			if err != nil {
				return nil, err
			}
			list, err := v.Lists.Views(v.ctx, v.who, c.Account, c.ID)
			return whole(each(list, keptView)), err
		})
	add(s, op{method: http.MethodPost, path: path, id: "save-view", tag: tag, summary: "Keep a view, and replace the one of the same name", text: "One for everybody needs the right manage_collections in the module, one of one's own a token of the scope everything.", status: http.StatusCreated},
		func(v *visit, in *struct {
			InCollection
			Body client.ViewInput
		}) (*body[client.View], error) {
			c, _, err := v.collection(in.InCollection)
			if err != nil {
				return nil, err
			}
			if err := v.scoped(); err != nil {
				return nil, err
			}
			view := listing.View{Account: c.Account, Collection: c.ID, Name: in.Body.Name, Query: in.Body.Query}
			if !in.Body.Everybody {
				if view.Login = v.who.Login; view.Login == 0 {
					return nil, &partFault{"body.everybody", errs.New(errs.Invalid, "a service keeps no views of its own").WithHint("Keep it for everybody.")}
				}
			}
			view, err = v.Lists.SaveView(v.ctx, v.who, view, v.Now())
			return &body[client.View]{keptView(view)}, err
		})
	add(s, op{method: http.MethodDelete, path: path + "/{view}", id: "remove-view", tag: tag, summary: "Remove a view"},
		func(v *visit, in *struct {
			InCollection
			View int64 `path:"view" minimum:"1" doc:"The number of the view."`
		}) (*none, error) {
			c, _, err := v.collection(in.InCollection)
			if err == nil {
				err = v.scoped()
			}
			if err == nil {
				err = v.Lists.RemoveView(v.ctx, v.who, c.Account, c.ID, in.View)
			}
			return nil, err
		})
}

func keptView(v listing.View) client.View {
	return client.View{ID: v.ID, Name: v.Name, Everybody: v.Login == 0, Query: v.Query, CreatedAt: v.CreatedAt.UTC()}
}
