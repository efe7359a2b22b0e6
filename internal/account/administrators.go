package account

import (
	"context"
	"slices"
)

// administratorsMost is how many administrators are told of something at most.
const administratorsMost = 100

// Administrators returns who looks after a module, for messages that Muster
// sends by itself: the active administrators of the module; when it has none,
// those of its account, then those of the organization.
func (s *Service) Administrators(ctx context.Context, account, module int64) ([]Login, error) {
	roles, err := s.store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	for _, scope := range []Scope{ModuleWide, AccountWide, OrganizationWide} {
		i := slices.IndexFunc(roles, func(r Role) bool { return r.Module == 0 && r.Scope == scope && r.Administrator() })
		if i < 0 {
			continue
		}
		list, _, err := s.PageLogins(ctx, System(), LoginQuery{
			LoginFilter: LoginFilter{State: Active, Role: roles[i].ID, Account: account, Module: module}, Limit: administratorsMost,
		})
		if err != nil || len(list) > 0 {
			return list, err
		}
	}
	return nil, nil
}
