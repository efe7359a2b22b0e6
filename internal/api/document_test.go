package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// document is the OpenAPI document as the interface serves it.
func (o *office) document() *openapi3.T {
	o.t.Helper()
	got := o.ask("nobody", "GET", "/openapi.json", nil)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(got.body))
	o.must(err)
	return doc
}

func TestTheDocumentIsValid(t *testing.T) {
	t.Parallel()
	o := open(t)
	doc := o.document()
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || op.Responses.Default() == nil {
				t.Errorf("%s %s lacks an ID, a summary, a tag or what goes wrong", method, path)
			}
		}
	}
}

func TestThePageShowsEveryOperationAndLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	o := open(t)
	page := o.ask("nobody", "GET", "/docs", nil)
	if page.status != http.StatusOK || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Fatalf("the page: %d %s", page.status, page.header.Get("Content-Type"))
	}
	for _, item := range o.document().Paths.Map() {
		for _, op := range item.Operations() {
			if !strings.Contains(page.body, `id="`+op.OperationID+`"`) {
				t.Errorf("the page does not show %s", op.OperationID)
			}
		}
	}
	for _, bad := range []string{"http://", "https://", "<script", "style=", " onclick"} {
		if strings.Contains(page.body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}
