package entrasim

import (
	"net/http"
	"testing"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

func FuzzFilterNeverPanics(f *testing.F) {
	for _, s := range []string{"id eq 'x'", "not (a ne null) or b in ('1','2')", "x/any(c:c eq 'U')", "startsWith(displayName,'O''B')", "(((", "createdDateTime ge 2020-01-01T00:00:00Z"} {
		f.Add(s)
	}
	t := New(Config{People: 10})
	f.Fuzz(func(tt *testing.T, s string) {
		p, err := t.compileFilter(&options{filter: s, count: true, eventual: true}, t.Schemas[estate.KindUser])
		if err != nil {
			return
		}
		var rec estate.Record
		t.Fill(estate.MakeRef(estate.KindUser, 4), p.need, &rec)
		p.test(&rec)
	})
}

func FuzzTokensNeverPanic(f *testing.F) {
	t := New(Config{People: 10})
	good := t.seal(&cursor{Kind: estate.KindUser, Delta: true})
	for _, s := range []string{good, good[:20], "", "AAAA", good + "A"} {
		f.Add(s)
	}
	f.Fuzz(func(tt *testing.T, s string) {
		c, err := t.unseal(s)
		if (err == nil) != (c != nil) {
			tt.Errorf("cursor %v with error %v", c, err)
		}
	})
}

func FuzzPathsNeverPanic(f *testing.F) {
	for _, s := range []string{"/users('a''b')/manager", "/devices(deviceId='x')", "/groups/%zz", "/users/%23EXT%23", "()", "/users/delta()"} {
		f.Add(s)
	}
	t := New(Config{People: 10})
	f.Fuzz(func(tt *testing.T, s string) {
		req := &request{method: "GET", header: http.Header{}, query: parseQuery(s), base: "http://x"}
		if r := t.call(req, s); r.status < 400 {
			tt.Errorf("%q was served without a token: %d", s, r.status)
		}
	})
}
