package cli

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/errs"
)

// automateEvery is how often it is looked whether automations have something to
// do: they begin within that time.
const automateEvery = 3 * time.Second

// keepAutomations does what modules do by themselves until the context ends. Any
// number of processes may.
func (h *house) keepAutomations(ctx context.Context, log *slog.Logger) {
	wait := time.NewTimer(automateEvery)
	defer wait.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		err := h.automations.Turn(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != told {
			told = err.Error() // a fault that stays is logged when it appears
			log.Error("automations could not be worked off", "error", err, "next step", errs.HintOf(err))
		}
		if err == nil {
			told = ""
		}
		wait.Reset(automateEvery)
	}
}

// newPoster returns what posts to web addresses: public ones, and those in the
// networks given.
func newPoster(networks []string) (*automation.Poster, error) {
	var allowed []netip.Prefix
	for _, text := range networks {
		if ip, err := netip.ParseAddr(text); err == nil {
			allowed = append(allowed, netip.PrefixFrom(ip, ip.BitLen()))
			continue
		}
		n, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, errs.New(errs.Invalid, "%q is neither an address nor a network", text).WithHint("Write it like 10.1.2.0/24.")
		}
		allowed = append(allowed, n)
	}
	return automation.NewPoster(allowed), nil
}
