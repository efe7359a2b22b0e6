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

// scan is the page that scans codes with the camera, or takes them from a
// keyboard: hand-held scanners type what they read.
func (s *Site) scan(v *visit) error {
	v.w.Header().Set("Permissions-Policy", "camera=(self)") // no other page may use it
	page := view.Scan{Code: v.text("code")}
	if page.Code == "" {
		return v.show("Scan", view.ScanPage(v.frame, page))
	}
	if id := numberOfLabel(page.Code); id != 0 {
		if _, _, err := v.whereIs(id); err == nil {
			return v.goTo(scanPath(id))
		}
	}
	hits, err := v.withCode(page.Code)
	if err != nil {
		return err
	}
	if len(hits) == 1 {
		return v.goTo(hits[0].Path)
	}
	page.Hits = hits
	return v.show("Scan", view.ScanPage(v.frame, page))
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
					out = append(out, view.Crumb{Name: r.Title, Path: scanPath(r.ID)})
				}
			}
		}
	}
	return out, nil
}
