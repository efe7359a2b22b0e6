package muster

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/api"
)

// operations are the names of the REST interface's operations.
func operations(t *testing.T) []string {
	t.Helper()
	got := httptest.NewRecorder()
	api.New(api.Deps{}).Handler().ServeHTTP(got, httptest.NewRequest(http.MethodGet, api.Prefix+"/openapi.json", nil))
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		}
	}
	if err := json.Unmarshal(got.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, item := range doc.Paths {
		for _, op := range item {
			out = append(out, op.OperationID)
		}
	}
	return out
}

// text is a file of the project.
func text(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// screens reads the table of the reference: for each page or act what it says of
// operations.
func screens(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `((?:GET|POST) [^`]+)` \\| (.+) \\|$")
	for _, m := range row.FindAllStringSubmatch(text(t, "docs/reference/screens.md"), -1) {
		if _, twice := out[m[1]]; twice {
			t.Errorf("%s stands there twice", m[1])
		}
		out[m[1]] = m[2]
	}
	return out
}

// Everything that can be done on screen can be done by programs, or the
// reference says why not.
func TestProgramsCanDoWhatScreensDo(t *testing.T) {
	t.Parallel()
	said, there := screens(t), operations(t)
	var routes, used []string
	for _, m := range regexp.MustCompile(`\{"((?:GET|POST) [^"]+)"`).FindAllStringSubmatch(text(t, "internal/web/route.go"), -1) {
		routes = append(routes, strings.ReplaceAll(m[1], "{$}", ""))
	}
	if len(routes) < 100 || len(there) < 100 {
		t.Fatalf("only %d pages and %d operations were found: this test no longer reads them", len(routes), len(there))
	}
	for _, r := range routes {
		what, ok := said[r]
		if !ok {
			t.Errorf("docs/reference/screens.md does not say how programs do %s", r)
		}
		names := regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(what, -1)
		if reason, only := strings.CutPrefix(what, "screen only: "); ok && len(names) == 0 && (!only || len(reason) < 10) {
			t.Errorf("%s has neither an operation nor a reason for being screen only", r)
		}
		for _, name := range names {
			if used = append(used, name[1]); !slices.Contains(there, name[1]) {
				t.Errorf("%s names the operation %s, which is not there", r, name[1])
			}
		}
	}
	for r := range said {
		if !slices.Contains(routes, r) {
			t.Errorf("docs/reference/screens.md tells of %s, which is no page", r)
		}
	}
	for _, id := range there {
		if !slices.Contains(used, id) {
			t.Errorf("no page of docs/reference/screens.md uses the operation %s", id)
		}
	}
}
