package entrasim

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

func TestBodiesMayBeCompressed(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{})
	body := `{"ids":["` + l.PersonAt(9).ID + `"]}`
	huge := `{"ids":["` + strings.Repeat(" ", maxBody) + `"]}`
	for name, c := range map[string]struct {
		body, encoding string
		status         int
	}{
		"plain":             {body, "", 200},
		"gzip":              {pack(t, body), "gzip", 200},
		"not really gzip":   {body, "gzip", 400},
		"half":              {pack(t, body)[:20], "gzip", 400},
		"another encoding":  {body, "br", 415},
		"large":             {huge, "", 413},
		"large when opened": {pack(t, huge), "gzip", 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := l.do("POST", "/directoryObjects/getByIds", c.body, "Content-Encoding", c.encoding)
			defer resp.Body.Close()
			var got bytes.Buffer
			if _, err := got.ReadFrom(resp.Body); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status {
				t.Errorf("got %d %s, want %d", resp.StatusCode, got.String(), c.status)
			}
			if found := strings.Contains(got.String(), l.PersonAt(9).DisplayName); found != (c.status == 200) {
				t.Errorf("the person is in the answer: %v, for status %d", found, c.status)
			}
		})
	}
}

func pack(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
