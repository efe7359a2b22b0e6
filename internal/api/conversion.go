package api

import (
	"net/http"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
)

// conversionOperations are about what becomes of a field's values.
func (s *Server) conversionOperations() {
	const tag, path = "Fields", "/modules/{module}/collections/{collection}/fields/{field}"
	for _, is := range []struct {
		id, path, summary string
		do                func(v *visit, in register.Conversion) (register.ConversionEffect, error)
	}{
		{"preview-conversion", "/conversion/preview", "Show what another type would do to a field's values", func(v *visit, in register.Conversion) (register.ConversionEffect, error) {
			return v.Records.PreviewConversion(v.ctx, v.who, in)
		}},
		{"convert-field", "/conversion", "Give a field another type", func(v *visit, in register.Conversion) (register.ConversionEffect, error) {
			return v.Integrations.ConvertField(v.ctx, v.who, in)
		}},
	} {
		add(s, op{method: http.MethodPost, path: path + is.path, id: is.id, may: account.ManageCollections, tag: tag, summary: is.summary},
			func(v *visit, in *struct {
				OnField
				Body client.Conversion
			}) (*body[client.Converted], error) {
				f, err := v.field(in.OnField)
				if err != nil {
					return nil, err
				}
				effect, err := is.do(v, register.Conversion{
					Account: f.Account, Collection: f.Collection, Field: f.ID, Type: datatype.Type(in.Body.Type), Choices: in.Body.Choices,
					Currency: in.Body.Currency, Link: in.Body.Link, Lose: in.Body.Lose,
				})
				return &body[client.Converted]{convertedOf(effect)}, err
			})
	}
	add(s, op{method: http.MethodGet, path: path + "/uses", id: "get-field-uses", may: account.ManageCollections, tag: tag, summary: "Get what would be lost with a field"},
		func(v *visit, in *OnField) (*body[client.FieldUses], error) {
			f, err := v.field(*in)
			if err != nil {
				return nil, err
			}
			n, err := v.Records.CountValues(v.ctx, v.who, f.Account, f.Collection, f.ID)
			if err != nil {
				return nil, err
			}
			uses, err := v.Integrations.FieldUses(v.ctx, v.who, f)
			return &body[client.FieldUses]{client.FieldUses{Values: n, Mappings: each(uses, func(u integration.FieldUse) client.FieldUse {
				return client.FieldUse{Connection: u.Connection, Mapping: u.Mapping, Name: u.Name, Attribute: u.Attribute, Problem: u.Problem}
			})}}, err
		})
}

func convertedOf(e register.ConversionEffect) client.Converted {
	return client.Converted{
		Field: fieldOf(e.Field), Fits: e.Fits, Empty: e.Empty, Lost: e.Lost, Shared: e.Shared, NoLongerUnique: e.NoLongerUnique,
		Misfits: each(e.Misfits, func(m register.Misfit) client.Misfit { return client.Misfit(m) }),
	}
}
