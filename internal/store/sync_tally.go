package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/syncer"
)

// TallyChanges counts the records and logins that a run has changes for, by
// state and by the change that says most of them: one of whom three fields and a
// status change counts once. What only reports is counted by itself.
//
//	changes of one target in one state    counts as
//	an addition, which is always alone    an addition
//	a deactivation among others           a deactivation
//	else a reactivation among others      a reactivation
//	else                                  the first verb of its list
//
// A first run adds a million people, which the database counts by state. What
// remains is counted row by row in the order of the plan, where the changes of
// one target stand together: grouping it in the database takes memory for all.
func (db *DB) TallyChanges(ctx context.Context, run int64) ([]syncer.ChangeTally, error) {
	counts := tally{}
	if err := db.tallyAdditions(ctx, run, counts); err != nil {
		return nil, err
	}
	rows, err := db.conn(ctx).QueryContext(ctx, `SELECT entry_id, target, collection_id, verb, state FROM change
		WHERE run_id = $1 AND verb <> $2 ORDER BY seq`, run, int64(reconcile.Add))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var of, last changed
	var said saying
	for rows.Next() {
		var one tallied
		if err := rows.Scan(&of.entry, &of.target, &of.collection, &one.verb, &one.state); err != nil {
			return nil, err
		}
		if of != last {
			counts.add(said)
			said, last = said[:0], of
		}
		said = said.with(one)
	}
	counts.add(said)
	return counts.list(), explain(rows.Err(), db.place)
}

// tallyAdditions counts additions by state. One count a state needs no memory,
// and grouping by state would sort the rows first.
func (db *DB) tallyAdditions(ctx context.Context, run int64, counts tally) error {
	var n [syncer.ChangeStates]int
	query, dst := `SELECT `, make([]any, len(n))
	for state := range n {
		if dst[state] = &n[state]; state > 0 {
			query += `, `
		}
		query += `COUNT(CASE WHEN state = ` + placeholder(3+state) + ` THEN 1 END)`
	}
	args := []any{run, int64(reconcile.Add)}
	for state := range n {
		args = append(args, int64(state))
	}
	err := db.conn(ctx).QueryRowContext(ctx, query+` FROM change WHERE run_id = $1 AND verb = $2`, args...).Scan(dst...)
	for state, count := range n {
		if count > 0 {
			counts[tallied{reconcile.Add, syncer.ChangeState(state)}] = count
		}
	}
	return err
}

// changed is what a change is about.
type changed struct{ entry, target, collection int64 }

// tallied is what one target counts as.
type tallied struct {
	verb  reconcile.Verb
	state syncer.ChangeState
}

// saying is what the changes of one target count as so far: one verb that acts a
// state, and each verb that only reports.
type saying []tallied

// with adds a change of the same target.
func (s saying) with(one tallied) saying {
	for i, known := range s {
		if known.state != one.state || known.verb != one.verb && !(known.verb.Acts() && one.verb.Acts()) {
			continue
		}
		if weight(one.verb) < weight(known.verb) {
			s[i].verb = one.verb
		}
		return s
	}
	return append(s, one)
}

// weight orders verbs that act by how much they say, the most first.
func weight(v reconcile.Verb) int {
	switch v {
	case reconcile.Deactivate:
		return -2
	case reconcile.Reactivate:
		return -1
	}
	return int(v)
}

// tally is how often something counts.
type tally map[tallied]int

func (t tally) add(s saying) {
	for _, one := range s {
		t[one]++
	}
}

// list returns the counts by verb and state.
func (t tally) list() []syncer.ChangeTally {
	out := make([]syncer.ChangeTally, 0, len(t))
	for _, one := range slices.SortedFunc(maps.Keys(t), func(x, y tallied) int {
		return cmp.Or(cmp.Compare(x.verb, y.verb), cmp.Compare(x.state, y.state))
	}) {
		out = append(out, syncer.ChangeTally{Verb: one.verb, State: one.state, Count: t[one]})
	}
	return out
}
