package syncer

import (
	"testing"
	"time"

	"github.com/musterhq/muster/internal/directory"
)

func TestSheafKeepsItsOwnCopyOfPages(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	var s sheaf
	body := []byte(`{"id":"a"}{"id":"b"}`)
	objects := []directory.Object{{Doc: directory.Document(body[:10])}, {Doc: directory.Document(body[10:])}}
	next := directory.Cursor{Link: "https://graph.example/next"}
	for range 2 { // the second time in memory used before
		s.add(directory.Page{Objects: objects, Next: next}, now)
		copy(body, `{"id":"x"}{"id":"y"}`) // the client uses the page's memory again
		if got := string(s.pages[0].Objects[0].Doc) + string(s.pages[0].Objects[1].Doc); got != `{"id":"a"}{"id":"b"}` {
			t.Errorf("documents = %s, want them as they were added", got)
		}
		copy(body, `{"id":"a"}{"id":"b"}`)
		s.empty()
	}
}

func TestSheafIsDue(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	next := directory.Cursor{Link: "https://graph.example/next"}
	for _, tt := range []struct {
		name  string
		pages int
		last  bool
		age   time.Duration
		want  bool
	}{
		{"nothing gathered", 0, false, time.Hour, false},
		{"one page", 1, false, 0, false},
		{"the last page of an input", 1, true, 0, true},
		{"a page that waited", 1, false, sheafAge, true},
		{"as many as it holds", sheafPages, false, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var s sheaf
			for i := range tt.pages {
				page := directory.Page{Next: next}
				if tt.last && i == tt.pages-1 {
					page.Next = directory.Cursor{}
				}
				s.add(page, now)
			}
			if got := s.due(now.Add(tt.age)); got != tt.want {
				t.Errorf("due = %v, want %v", got, tt.want)
			}
		})
	}
}
