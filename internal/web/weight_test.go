package web_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"regexp"
	"testing"

	"github.com/musterhq/muster/internal/register"
)

// weightMost is what a page may weigh at the first visit, compressed, with all
// that it loads.
const weightMost = 300_000

// loaded are the files that a page loads.
var loaded = regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)

func TestNoPageIsHeavy(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, connection, person := synced(t, o)
	module := fmt.Sprintf("/m/%d", o.module.ID)
	for _, path := range []string{
		"/", "/profile", "/scan", module, fmt.Sprintf("%s/c/%d", module, o.collection(register.People).ID), person, person + "/edit",
		connection, connection + "/mapping", connection + "/mapping/1", connection + "/runs", connection + "/runs/1?part=all",
		module + "/users", module + "/roles", module + "/collections", module + "/leavers?all=1",
	} {
		page := b.get(path)
		if page.status != 200 {
			t.Errorf("%s: %d", path, page.status)
			continue
		}
		weight, files := squeezed(t, page.body), 0
		for _, m := range loaded.FindAllStringSubmatch(page.body, -1) {
			files++
			weight += squeezed(t, b.get(m[1]).body)
		}
		if files < 4 {
			t.Errorf("%s loads %d files: are they all counted?", path, files)
		}
		if weight > weightMost {
			t.Errorf("%s weighs %d bytes at the first visit, want at most %d", path, weight, weightMost)
		}
		t.Logf("%s: %d kB", path, weight/1000)
	}
}

// squeezed is how many bytes a text takes on its way.
func squeezed(t *testing.T, text string) int {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}
