package job

import (
	"context"
	"time"
)

// Plan, Take and Look are the steps of Run, for tests to take one at a time.
func (r *Runner) Plan(ctx context.Context) error { return r.plan(ctx) }
func (r *Runner) Take(ctx context.Context) error { return r.take(ctx) }
func (r *Runner) Look(ctx context.Context) error { return r.look(ctx) }

// Rest waits for the jobs that were begun.
func (r *Runner) Rest() { r.done.Wait() }

// Passes sets the time that passes.
func (r *Runner) Passes(passed func() time.Time) { r.passed = passed }
