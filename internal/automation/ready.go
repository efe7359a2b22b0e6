package automation

import (
	"context"
	"slices"
	"time"

	"github.com/musterhq/muster/internal/account"
)

// Ready returns the automations that a module starts with. A connection's own
// schedule, hourly and in full once a day unless somebody says otherwise, does
// the syncs: one rule for when a sync is due.
func Ready() []Automation {
	mail := []Action{{Do: Mail, To: []Recipient{{Kind: Administrators}}}}
	ready := func(key, name string, t Trigger) Automation {
		return Automation{
			Name: name, On: true, Ready: key,
			Definition: Definition{Trigger: t, Actions: mail, Digest: DefaultDigest, Hourly: DefaultHourly},
		}
	}
	return []Automation{
		ready("failed", "Tell of failed syncs", Trigger{Kind: SyncFailed}),
		ready("held", "Tell of syncs that wait for approval", Trigger{Kind: SyncHeld}),
		ready("silence", "Tell when no sync succeeds", Trigger{Kind: SyncSilent, Intervals: defaultIntervals}),
		ready("leavers", "Tell of leavers who still hold something", Trigger{Kind: LeaverHolds}),
		ready("secrets", "Tell of secrets about to expire", Trigger{Kind: SecretExpires, Days: secretDays()}),
	}
}

// equip gives every module that has a mapping the ready-made automations, once.
func (s *Service) equip(ctx context.Context) error {
	all, err := s.Sync.Connections(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		maps, err := s.Sync.Mappings(ctx, c.ID)
		if err != nil {
			return err
		}
		if len(maps) == 0 {
			continue
		}
		if err := s.Equip(ctx, account.System(), account.Module{Account: c.Account, ID: c.Module}); err != nil {
			return err
		}
	}
	return nil
}

// Equip gives a module the ready-made automations, unless it had them before: one
// that was removed does not come back. Names that are taken are left alone.
func (s *Service) Equip(ctx context.Context, p account.Principal, m account.Module) error {
	if err := p.May(manage, m.Account, m.ID, 0); err != nil {
		return err
	}
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		first, err := s.Store.NoteReady(ctx, m.ID, s.moment())
		if err != nil || !first {
			return err
		}
		there, err := s.Store.Automations(ctx, m.ID)
		if err != nil {
			return err
		}
		for _, a := range Ready() {
			if slices.ContainsFunc(there, func(o Automation) bool { return o.Name == a.Name }) {
				continue
			}
			a.Account, a.Module = m.Account, m.ID
			if _, err := s.Save(ctx, account.System(), a); err != nil {
				return err
			}
		}
		return nil
	})
}

// Everyday are lengths of time for which messages are gathered, to choose from.
func Everyday() []time.Duration {
	return []time.Duration{0, 15 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour}
}
