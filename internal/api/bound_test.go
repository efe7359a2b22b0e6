package api_test

import (
	"fmt"
	"math"
	"net/http"
	"testing"

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
		auto := o.automated()
		for _, path := range []string{"/mail/letters", "/audit", o.in("/automations/%d/log", auto.ID)} {
			for _, far := range []int64{1 << 31, 1 << 40, math.MaxInt64} {
				if got := o.ask(boss, "GET", fmt.Sprintf("%s?cursor=%d", path, far), nil); got.status != http.StatusOK {
					t.Errorf("%s from %d is answered %d %s", path, far, got.status, got.body)
				}
			}
		}
	})
}
