package api_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/api"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// PostgreSQL takes a parameter for as wide as what it is first compared with.
func TestPlacesBeyondAllThereIsAreEmptyPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := openOn(t, db, api.Rate{PerSecond: 1e6, Burst: 1e6})
		o.letter()
		c := o.connect()
		auto := o.automated()
		for _, path := range []string{"/mail/letters", "/audit", o.in("/automations/%d/log", auto.ID), o.in("/connections/%d/runs", c.ID)} {
			for _, far := range []int64{1 << 31, 1 << 40, math.MaxInt64} {
				if got := o.ask(boss, "GET", fmt.Sprintf("%s?cursor=%d", path, far), nil); got.status != http.StatusOK {
					t.Errorf("%s from %d is answered %d %s", path, far, got.status, got.body)
				}
			}
		}
	})
}

// Each listing whose place is a number comes whole, page by page, whatever the
// size of the pages.
func TestPagesByNumberMissNothing(t *testing.T) {
	t.Parallel()
	o := open(t)
	c, auto := o.connect(), o.automated()
	for range 3 {
		o.synced()
		o.letter()
		_, err := o.automations.RunNow(t.Context(), account.CommandLine(), auto.ID)
		o.must(err)
	}
	for _, path := range []string{"/mail/letters", "/audit", o.in("/automations/%d/log", auto.ID), o.in("/connections/%d/runs", c.ID)} {
		all := read[client.Page[thing]](o.ask(boss, "GET", path+"?limit=500", nil), http.StatusOK)
		var got []thing
		for cursor := ""; ; {
			part := read[client.Page[thing]](o.ask(boss, "GET", path+"?limit=2"+cursor, nil), http.StatusOK)
			if len(part.Items) > 2 {
				t.Errorf("a page of two of %s has %d items", path, len(part.Items))
			}
			if got = append(got, part.Items...); part.Next == "" {
				break
			}
			cursor = "&cursor=" + part.Next
		}
		if !slices.Equal(got, all.Items) || len(got) < 3 || all.Next != "" {
			t.Errorf("%s comes in pages as %v, whole as %v with next %q", path, got, all.Items, all.Next)
		}
	}
}

// thing is what has a number.
type thing struct{ ID int64 }
