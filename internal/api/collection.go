package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
)

func (s *Server) collectionOperations() {
	const tag = "Collections"
	add(s, op{method: http.MethodGet, path: "/modules/{module}/collections", id: "list-collections", tag: tag, summary: "List the collections of a module"},
		func(v *visit, in *InModule) (*body[client.List[client.Collection]], error) {
			m, err := v.module(*in)
			if err != nil {
				return nil, err
			}
			list, err := v.Records.Collections(v.ctx, v.who, m.Account, m.ID)
			return whole(each(list, collectionOf)), err
		})
	add(s, op{method: http.MethodPost, path: "/modules/{module}/collections", id: "create-collection", may: account.ManageCollections, tag: tag, summary: "Create a collection", text: "It has one field to begin with, its title.", status: http.StatusCreated},
		func(v *visit, in *struct {
			InModule
			Body client.Name
		}) (*body[client.Collection], error) {
			m, err := v.module(in.InModule)
			if err != nil {
				return nil, err
			}
			c, err := v.Records.CreateCollection(v.ctx, v.who, m.Account, m.ID, in.Body.Name)
			return &body[client.Collection]{collectionOf(c)}, err
		})
	add(s, op{method: http.MethodGet, path: "/modules/{module}/collections/{collection}", id: "get-collection", tag: tag, summary: "Get a collection"},
		func(v *visit, in *InCollection) (*tagged[client.Collection], error) {
			c, _, err := v.collection(*in)
			return tagOf(collectionOf(c)), err
		})
	add(s, op{method: http.MethodPatch, path: "/modules/{module}/collections/{collection}", id: "rename-collection", may: account.ManageCollections, tag: tag, summary: "Rename a collection"},
		func(v *visit, in *struct {
			InCollection
			Seen
			Body client.Name
		}) (*tagged[client.Collection], error) {
			c, _, err := v.collection(in.InCollection)
			if err != nil {
				return nil, err
			}
			now := func() (client.Collection, error) {
				c, _, err := v.collection(in.InCollection)
				return collectionOf(c), err
			}
			return change(v, "collection "+number(c.ID), in.Seen, now, func() error {
				_, err := v.Records.RenameCollection(v.ctx, v.who, c.Account, c.ID, in.Body.Name)
				return err
			})
		})
}

func collectionOf(c register.Collection) client.Collection {
	return client.Collection{ID: c.ID, Module: c.Module, Name: c.Name, Kind: string(c.Kind)}
}
