package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/register"
)

// searched is how many records of each collection a search shows.
const searched = 10

func (s *Server) searchOperations() {
	add(s, op{method: http.MethodGet, path: "/search", id: "search", tag: recordsTag, summary: "Search every collection that the token sees"},
		func(v *visit, in *struct {
			Q string `query:"q" required:"true" minLength:"1" maxLength:"500" doc:"Words, each of which begins a word of the record."`
		}) (*body[client.List[client.Hits]], error) {
			return v.search(in.Q)
		})
}

func (v *visit) search(text string) (*body[client.List[client.Hits]], error) {
	modules, err := v.Accounts.Modules(v.ctx, v.who, 0)
	if err != nil {
		return nil, err
	}
	var out []client.Hits
	for _, m := range modules {
		collections, err := v.Records.Collections(v.ctx, v.who, m.Account, m.ID)
		if err != nil {
			return nil, err
		}
		for _, c := range collections {
			found, err := v.Lists.Find(v.ctx, v.who, listing.Query{Account: m.Account, Collection: c.ID, Text: text, Limit: searched})
			if errs.Is(err, errs.Forbidden) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if len(found.Records) > 0 {
				out = append(out, client.Hits{
					Module: m.ID, Collection: c.ID, Name: c.Name, More: found.Next.ID != 0,
					Records: each(found.Records, func(r register.Record) client.Link { return client.Link{ID: r.ID, Title: r.Title} }),
				})
			}
		}
	}
	return whole(out), nil
}
