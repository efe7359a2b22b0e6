package register

import (
	"context"

	"github.com/musterhq/muster/internal/account"
)

// Held returns who holds assets, by asset, as far as the principal may view them.
func (s *Service) Held(ctx context.Context, p account.Principal, acct int64, assets []int64) (map[int64]Custody, error) {
	out := make(map[int64]Custody, len(assets))
	if len(assets) == 0 {
		return out, nil
	}
	list, err := s.visible(ctx, p, CustodyQuery{Account: acct, Assets: assets, OpenOnly: true, Limit: len(assets)})
	for _, c := range list {
		out[c.Asset] = c
	}
	return out, err
}
