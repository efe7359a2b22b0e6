package integration_test

import (
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/syncer"
)

func TestAScheduleThatIsRefusedIsNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		schedule syncer.Schedule
		says     string
	}{
		{syncer.Schedule{Incremental: "now and then"}, `"now and then" is no timing`},
		{syncer.Schedule{Incremental: "hourly", Full: "daily at 25:00"}, `"daily at 25:00" has no such time of day`},
		{syncer.Schedule{Full: "daily at 02:30", TimeZone: "Mars"}, `"Mars" is no time zone`},
	} {
		err := integration.CheckSchedule(tt.schedule)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), tt.says) || errs.HintOf(err) == "" {
			t.Errorf("%+v is refused with %v, hint %q; want %s", tt.schedule, err, errs.HintOf(err), tt.says)
		}
	}
}
