package syncer

import (
	"context"

	"github.com/musterhq/muster/internal/errs"
)

// TrySecrets opens the secret of each connection, and returns how many there are
// and the first fault.
func (s *Service) TrySecrets(ctx context.Context) (n int, err error) {
	list, err := s.store.Connections(ctx)
	for _, c := range list {
		if len(c.Sealed) == 0 {
			continue
		}
		n++
		if _, fault := s.keys.Open(c.Sealed, sealSubject(c.Module, c.Kind)); fault != nil && err == nil {
			err = errs.Wrap(fault, "open the stored client secret")
		}
	}
	return n, err
}

// Reseal seals each connection's secret with the newest key, where an older one
// was used, and returns how many there were. Afterwards no stored secret needs
// the older keys.
func (s *Service) Reseal(ctx context.Context) (n int, err error) {
	list, err := s.store.Connections(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range list {
		if len(c.Sealed) == 0 || s.keys.Current(c.Sealed) {
			continue
		}
		subject := sealSubject(c.Module, c.Kind)
		plain, err := s.keys.Open(c.Sealed, subject)
		if err != nil {
			return n, errs.Wrap(err, "open the stored client secret")
		}
		if c.Sealed, err = s.keys.Seal(plain, subject); err != nil {
			return n, err
		}
		if _, err := s.store.SaveConnection(ctx, c, s.now()); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
