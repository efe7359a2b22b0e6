package account

import (
	"context"

	"github.com/musterhq/muster/internal/errs"
)

// TrySecrets opens the secret of each second step, and returns how many there are
// and the first fault.
func (s *Service) TrySecrets(ctx context.Context) (n int, err error) {
	list, err := s.store.SecondSteps(ctx)
	for _, step := range list {
		if _, err := s.keys.Open(step.Sealed, stepSubject(step.Login)); err != nil {
			return len(list), errs.Wrap(err, "open the secret of a second step")
		}
	}
	return len(list), err
}

// Reseal seals the secret of each second step with the newest key, where an
// older one was used, and returns how many there were.
func (s *Service) Reseal(ctx context.Context) (n int, err error) {
	list, err := s.store.SecondSteps(ctx)
	if err != nil {
		return 0, err
	}
	for _, step := range list {
		if s.keys.Current(step.Sealed) {
			continue
		}
		plain, err := s.keys.Open(step.Sealed, stepSubject(step.Login))
		if err != nil {
			return n, errs.Wrap(err, "open the secret of a second step")
		}
		sealed, err := s.keys.Seal(plain, stepSubject(step.Login))
		if err == nil {
			err = s.store.ResealSecondStep(ctx, step.Login, sealed)
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
