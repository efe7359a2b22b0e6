//go:build linux

package bench

import (
	"flag"
	"os"
	"runtime/debug"
	"testing"

	"github.com/musterhq/muster/internal/store/storetest"
)

// What is measured.
var (
	peopleFlag   = flag.Int("people", 20_000, "how many people the simulated tenant has")
	largeFlag    = flag.Int("large", 0, "the size to compare 10,000 people with; 0 leaves that out, 1000000 takes half an hour")
	repsFlag     = flag.Int("reps", 3, "how often each measurement is taken; the one with the least CPU counts")
	profilesFlag = flag.String("profiles", "", "a folder for CPU profiles")
	resultsFlag  = flag.String("results", "results", "a folder for the results as JSON")
)

// garbage is how cmd/muster sets the collector.
const garbage = 200

// TestMain also is the simulated tenant, when the test binary was started as
// one.
func TestMain(m *testing.M) {
	flag.Parse()
	if text := os.Getenv(tenantVariable); text != "" {
		os.Exit(serveTenant(text))
	}
	debug.SetGCPercent(garbage)
	storetest.Main(m, func() { table.finish(os.Stdout, *resultsFlag) })
}
