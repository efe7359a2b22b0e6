package integration

import (
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/timing"
)

// CheckSchedule refuses what the words of a schedule do not mean.
func CheckSchedule(sc syncer.Schedule) error {
	for _, words := range []string{sc.Incremental, sc.Full} {
		if words == "" {
			continue
		}
		if _, err := timing.Parse(words); err != nil {
			return errs.New(errs.Invalid, "%q %s", words, err).WithHint("Write it like hourly, every 15 minutes or daily at 02:30.")
		}
	}
	if _, err := time.LoadLocation(sc.TimeZone); err != nil {
		return errs.New(errs.Invalid, "%q is no time zone", sc.TimeZone).WithHint("Write it like Europe/Berlin.")
	}
	return nil
}
