package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/web/view"
)

// scanned leads from a label's code to its record, whatever module it is in.
func (s *Site) scanned(v *visit) error {
	id, err := v.number("record")
	if err != nil {
		return err
	}
	path, err := v.whereIs(id)
	if err != nil {
		return err
	}
	return v.goTo(path + "#custody")
}

// whereIs is the page of a record that the visitor may see.
func (v *visit) whereIs(id int64) (string, error) {
	list, err := v.site.Records.Load(v.ctx(), []int64{id})
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", notHere()
	}
	if _, err := v.site.Records.Record(v.ctx(), v.who, list[0].Account, id); err != nil {
		return "", notHere() // whether it exists is nobody else's business
	}
	for _, m := range v.frame.Modules {
		for _, c := range m.Collections {
			if c.ID == list[0].Collection {
				return recordPath(m.ID, c.ID, id), nil
			}
		}
	}
	return "", notHere()
}

// scan is the page that scans codes with the camera, or takes them from a
// keyboard: hand-held scanners type what they read.
func (s *Site) scan(v *visit) error {
	page := view.Scan{Code: v.text("code")}
	if page.Code == "" {
		return v.show("Scan", view.ScanPage(page))
	}
	if id := numberOfLabel(page.Code); id != 0 {
		if path, err := v.whereIs(id); err == nil {
			return v.goTo(path + "#custody")
		}
	}
	hits, err := v.withCode(page.Code)
	if err != nil {
		return err
	}
	if len(hits) == 1 {
		return v.goTo(hits[0].Path + "#custody")
	}
	page.Hits = hits
	return v.show("Scan", view.ScanPage(page))
}

// numberOfLabel is the record that one of our own labels leads to, or 0.
func numberOfLabel(code string) int64 {
	u, err := url.Parse(code)
	if err != nil {
		return 0
	}
	rest, ok := strings.CutPrefix(u.Path, "/s/")
	if !ok {
		return 0
	}
	id, err := strconv.ParseInt(rest, 10, 64)
	if err != nil || id <= 0 {
		return 0
	}
	return id
}

// withCode are the records that hold exactly a code in a unique field or a bar
// code, in whatever the visitor may see.
func (v *visit) withCode(code string) ([]view.Crumb, error) {
	var out []view.Crumb
	for _, m := range v.frame.Modules {
		for _, c := range m.Collections {
			fields, err := v.site.Records.FieldsFor(v.ctx(), v.who, m.AccountID, c.ID)
			if errs.Is(err, errs.Forbidden) {
				continue
			}
			if err != nil {
				return nil, err
			}
			for _, f := range fields {
				if f.Spec.Type != datatype.Barcode && (!f.Spec.Unique || !f.Spec.Type.IsText()) {
					continue
				}
				found, err := v.site.Lists.Find(v.ctx(), v.who, listing.Query{
					Account: m.AccountID, Collection: c.ID, Limit: searched,
					Where: []listing.Condition{{Field: f.ID, Op: listing.Is, Value: datatype.OfText(code)}},
				})
				if err != nil {
					return nil, err
				}
				for _, r := range found.Records {
					out = append(out, view.Crumb{Name: r.Title, Path: recordPath(m.ID, c.ID, r.ID)})
				}
			}
		}
	}
	return out, nil
}
