package integration

import (
	"context"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/syncer"
)

// Mappings returns a connection's mappings in their order.
func (s *Service) Mappings(ctx context.Context, p account.Principal, id int64) ([]syncer.Mapping, error) {
	if _, err := s.allowed(ctx, p, account.ManageIntegrations, id); err != nil {
		return nil, err
	}
	return s.Sync.Mappings(ctx, id)
}

// Suggest returns field rows for the pairs that are obvious from the names of a
// collection's fields.
func (s *Service) Suggest(ctx context.Context, p account.Principal, id int64, kind directory.Kind, collection int64) ([]mapping.Row, error) {
	c, err := s.allowed(ctx, p, account.ManageIntegrations, id)
	if err != nil {
		return nil, err
	}
	targets, err := s.targets(ctx, c, collection)
	return mapping.Suggest(kind, targets), err
}

// Problems lists what is wrong with a definition, all of it at once.
func (s *Service) Problems(ctx context.Context, p account.Principal, id int64, def mapping.Definition) ([]mapping.Problem, error) {
	c, err := s.allowed(ctx, p, account.ManageIntegrations, id)
	if err != nil {
		return nil, err
	}
	targets, err := s.targets(ctx, c, def.Collection)
	return mapping.Problems(def, targets), err
}

func (s *Service) targets(ctx context.Context, c syncer.Connection, collection int64) ([]mapping.Field, error) {
	if collection == 0 {
		return nil, nil
	}
	fields, err := s.Records.Fields(ctx, c.Account, collection)
	out := make([]mapping.Field, len(fields))
	for i, f := range fields {
		out[i] = mapping.Field{ID: f.ID, Name: f.Name, Spec: f.Spec, Title: f.Title}
	}
	return out, err
}

// Try shows what a definition under edit makes of one real person or device.
func (s *Service) Try(ctx context.Context, p account.Principal, id int64, def mapping.Definition, at int) (syncer.Trial, error) {
	if _, err := s.allowed(ctx, p, account.ManageIntegrations, id); err != nil {
		return syncer.Trial{}, err
	}
	return s.Sync.Try(ctx, id, def, at)
}

// Effect shows what a set of mappings would do if it were saved: a preview, run
// with them instead of the stored ones. It takes as long as a sync's reading.
func (s *Service) Effect(ctx context.Context, p account.Principal, id int64, defs []mapping.Definition, tell func(syncer.Progress)) (syncer.Report, error) {
	if _, err := s.allowed(ctx, p, account.ManageIntegrations, id); err != nil {
		return syncer.Report{}, err
	}
	if err := s.mayGrant(ctx, p, defs); err != nil {
		return syncer.Report{}, err
	}
	if defs == nil {
		defs = []mapping.Definition{}
	}
	return s.Sync.Run(ctx, syncer.Request{Connection: id, Draft: defs, Actor: p.Actor(), Progress: tell})
}

// SaveMappings makes defs the mappings of a connection, in that order, and
// returns what it did, a line each.
func (s *Service) SaveMappings(ctx context.Context, p account.Principal, id int64, defs []mapping.Definition) (lines []string, err error) {
	c, err := s.allowed(ctx, p, account.ManageIntegrations, id)
	if err != nil {
		return nil, err
	}
	if err := s.mayGrant(ctx, p, defs); err != nil {
		return nil, err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if lines, err = s.Sync.SaveMappings(ctx, id, defs); err != nil || len(lines) == 0 {
			return err
		}
		details := make([]audit.Detail, len(lines))
		for i, line := range lines {
			details[i] = audit.Detail{Name: "mapping", After: strings.TrimSpace(line)}
		}
		return s.audit(ctx, p, c, audit.MappingSaved, details...)
	})
	return lines, err
}

// mayGrant refuses mappings that give roles where the principal may not: a
// mapping must be no way around the own rights.
func (s *Service) mayGrant(ctx context.Context, p account.Principal, defs []mapping.Definition) error {
	modules, err := s.Accounts.Modules(ctx, p, 0)
	if err != nil {
		return err
	}
	for _, def := range defs {
		if def.Kind != mapping.Login {
			continue
		}
		reached := false
		for _, m := range modules {
			reached = reached || m.ID == def.Module && p.May(account.ManageUsers, m.Account, m.ID, 0) == nil
		}
		if !reached {
			return errs.New(errs.Forbidden, "mapping %q gives a role in a module whose users you may not manage", def.Name)
		}
	}
	return nil
}
