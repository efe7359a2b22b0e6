package api

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/label"
	"github.com/musterhq/muster/internal/register"
)

func (s *Server) labelOperations() {
	add(s, op{method: http.MethodGet, path: "/label-formats", id: "list-label-formats", tag: recordsTag, summary: "List the sheets and rolls that labels can be printed on"},
		func(*visit, *none) (*body[client.List[client.LabelFormat]], error) {
			return whole(each(label.Formats(), func(f label.Format) client.LabelFormat {
				return client.LabelFormat{ID: f.ID, Name: f.Name, PerPage: f.PerPage()}
			})), nil
		})
	add(s, op{method: http.MethodPost, path: recordsPath + "/labels", id: "print-labels", tag: recordsTag, summary: "Make labels to print, with a code that leads to each record", text: "The answer is a PDF.", stream: "application/pdf"},
		func(v *visit, in *struct {
			InCollection
			Body client.Labels
		}) (*huma.StreamResponse, error) {
			return v.printLabels(in.InCollection, in.Body)
		})
}

func (v *visit) printLabels(in InCollection, b client.Labels) (*huma.StreamResponse, error) {
	c, fields, err := v.collection(in)
	if err != nil {
		return nil, err
	}
	f := label.FormatOf(b.Format)
	if b.Format != "" && f.ID != b.Format {
		return nil, &partFault{"body.format", errs.New(errs.Invalid, "there is no format %q", b.Format).WithHint("See list-label-formats.")}
	}
	if b.Start > f.PerPage() {
		return nil, &partFault{"body.start", errs.New(errs.Invalid, "a sheet of this sort has %d labels", f.PerPage())}
	}
	list, err := v.labels(c, fields, b)
	if err != nil {
		return nil, err
	}
	var pdf bytes.Buffer
	if err := label.PDF(&pdf, f, max(0, b.Start-1), list); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "application/pdf")
		hc.SetHeader("Content-Disposition", `attachment; filename="labels.pdf"`)
		hc.SetStatus(http.StatusOK)
		_, _ = pdf.WriteTo(hc.BodyWriter()) // nobody is waiting if this fails
	}}, nil
}

// labels are what the labels of records say, in the order asked for.
func (v *visit) labels(c register.Collection, fields []register.Field, b client.Labels) ([]label.Label, error) {
	var line *register.Field
	if b.Field != "" {
		if line = fieldCalled(fields, b.Field); line == nil {
			return nil, &partFault{"body.field", errs.New(errs.Invalid, "there is no field %q", b.Field).WithHint("The fields are: %s.", names(fields))}
		}
	}
	org, err := v.Accounts.Organization(v.ctx)
	if err != nil {
		return nil, err
	}
	var out []label.Label
	for part := range slices.Chunk(b.Records, peopleShown) {
		found, err := v.Records.Load(v.ctx, part)
		if err != nil {
			return nil, err
		}
		titles, err := v.linkTitles(fields, found)
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			i := slices.IndexFunc(found, func(r register.Record) bool { return r.ID == id && r.Collection == c.ID })
			if i < 0 {
				return nil, notHere("record", id)
			}
			out = append(out, v.labelOf(&found[i], line, titles, org))
		}
	}
	return out, nil
}

func (v *visit) labelOf(r *register.Record, line *register.Field, titles map[int64]string, org account.Organization) label.Label {
	l := label.Label{Title: r.Title, Foot: org.Name, Link: v.base() + "/s/" + number(r.ID)}
	if line != nil {
		value := r.Value(line.ID)
		if l.Line = value.String(); line.Spec.Type == datatype.Link {
			l.Line = titles[value.Record()]
		}
	}
	return l
}

// base is the address at which browsers find Muster: the configured one, or the
// one that this request came to.
func (v *visit) base() string {
	if v.BaseURL != "" {
		return strings.TrimRight(v.BaseURL, "/")
	}
	base, _ := v.ctx.Value(baseKey{}).(string)
	return base
}
