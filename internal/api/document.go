package api

import (
	"cmp"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed document.html
var pageText string

//go:embed document.css
var pageStyle []byte

// document serves the OpenAPI document, and a page made from it that loads
// nothing from other hosts. The document is the same for everybody.
func (s *Server) document() {
	serve := func(path, kind string, data []byte) {
		s.mux.HandleFunc("GET "+Prefix+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(data) // nobody is waiting if this fails
		})
	}
	doc := s.api.OpenAPI()
	asJSON, err := doc.MarshalJSON()
	if err != nil {
		panic(err) // the document is made from types alone: a test sees this
	}
	asYAML, err := doc.YAML()
	if err != nil {
		panic(err)
	}
	var page strings.Builder
	if err := template.Must(template.New("page").Parse(pageText)).Execute(&page, chapters(doc)); err != nil {
		panic(err)
	}
	serve("/openapi.json", "application/json", asJSON)
	serve("/openapi.yaml", "application/yaml", asYAML)
	serve("/docs", "text/html; charset=utf-8", []byte(page.String()))
	serve("/docs.css", "text/css; charset=utf-8", pageStyle)
}

// chapter is the part of the page about one noun.
type chapter struct {
	Name       string
	Operations []paragraph
}

// ID is where the chapter is on the page; no operation is called so.
func (c chapter) ID() string { return "about-" + strings.ReplaceAll(strings.ToLower(c.Name), " ", "-") }

// paragraph is the part of the page about one operation.
type paragraph struct {
	Method, Path, ID, Summary, Text string
	Parameters                      []row
	Body, Answer                    []row
	Status                          string
}

// row is a parameter, or a member of a body.
type row struct {
	Name, In, Type, Text string
	Required             bool
}

// chapters turns the document into what the page shows, in the document's order
// of nouns and paths.
func chapters(doc *huma.OpenAPI) []chapter {
	var out []chapter
	for _, o := range inOrder(doc) {
		at := slices.IndexFunc(out, func(c chapter) bool { return c.Name == o.Tags[0] })
		if at < 0 {
			at = len(out)
			out = append(out, chapter{Name: o.Tags[0]})
		}
		out[at].Operations = append(out[at].Operations, describe(doc, o))
	}
	return out
}

// inOrder are the operations by path and, of each, by method.
func inOrder(doc *huma.OpenAPI) []*huma.Operation {
	var out []*huma.Operation
	paths := make([]string, 0, len(doc.Paths))
	for path := range doc.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		item := doc.Paths[path]
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if o != nil {
				out = append(out, o)
			}
		}
	}
	return out
}

func describe(doc *huma.OpenAPI, o *huma.Operation) paragraph {
	p := paragraph{Method: o.Method, Path: Prefix + o.Path, ID: o.OperationID, Summary: o.Summary, Text: o.Description}
	for _, in := range o.Parameters {
		p.Parameters = append(p.Parameters, row{Name: in.Name, In: in.In, Type: typeName(in.Schema), Text: in.Description, Required: in.Required})
	}
	if o.RequestBody != nil {
		for kind, media := range o.RequestBody.Content {
			p.Body = append(p.Body, members(doc, media.Schema)...)
			if len(p.Body) == 0 {
				p.Body = append(p.Body, row{Name: "the whole body", Type: kind})
			}
		}
	}
	for status, answer := range o.Responses {
		if status == "default" {
			continue
		}
		p.Status = status
		for kind, media := range answer.Content {
			rows := members(doc, media.Schema)
			if len(rows) == 0 {
				rows = []row{{Name: "the whole body", Type: kind}}
			}
			p.Answer = append(p.Answer, rows...)
		}
		slices.SortFunc(p.Answer, func(a, b row) int { return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Type, b.Type)) })
	}
	return p
}

// members are the members of an object, with those of the objects in it.
func members(doc *huma.OpenAPI, schema *huma.Schema) []row {
	if schema == nil {
		return nil
	}
	if schema.Ref != "" {
		schema = doc.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	var out []row
	for _, name := range sorted(schema.Properties) {
		p := schema.Properties[name]
		out = append(out, row{Name: name, Type: typeName(p), Text: p.Description, Required: slices.Contains(schema.Required, name)})
		inside, prefix := p, name+"."
		if p.Type == huma.TypeArray && p.Items != nil {
			inside, prefix = p.Items, name+"[]."
		}
		if inside.Ref == "" {
			continue
		}
		for _, inner := range members(doc, inside) {
			inner.Name = prefix + inner.Name
			out = append(out, inner)
		}
	}
	return out
}

func sorted[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// typeName is a type in words.
func typeName(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case s.Type == huma.TypeArray:
		return "list of " + typeName(s.Items)
	case len(s.Enum) > 0:
		var all []string
		for _, one := range s.Enum {
			if text, ok := one.(string); ok {
				all = append(all, text)
			}
		}
		return "one of " + strings.Join(all, ", ")
	case s.Format != "":
		return s.Type + ", " + s.Format
	case s.Type == "":
		return "anything"
	}
	return s.Type
}
