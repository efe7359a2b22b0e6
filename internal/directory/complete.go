package directory

import (
	"slices"

	"github.com/musterhq/muster/internal/errs"
)

// Reading keeps account of what a reading promised and what arrived. It is the
// only maker of Complete: a removal can be planned from nothing else (F1, F5).
type Reading struct {
	inputs map[string]inputState
}

type inputState struct {
	drained bool
	problem string
}

// NewReading returns an account of the given inputs, each a name such as
// "users" or "group 4f2a…". Every one has to be drained.
func NewReading(inputs ...string) *Reading {
	r := &Reading{inputs: make(map[string]inputState, len(inputs))}
	for _, in := range inputs {
		r.Promise(in)
	}
	return r
}

// Promise adds an input that has to be drained; a known one stays as it is.
func (r *Reading) Promise(input string) {
	if _, known := r.inputs[input]; !known {
		r.inputs[input] = inputState{}
	}
}

// Drained records that the last page of input arrived.
func (r *Reading) Drained(input string) {
	if s := r.inputs[input]; s.problem == "" {
		r.inputs[input] = inputState{drained: true}
	}
}

// Failed records that input cannot be complete in this reading, and why. A
// failure is final: a later Drained does not undo it.
func (r *Reading) Failed(input, problem string) {
	r.inputs[input] = inputState{problem: problem}
}

// Problems lists the inputs that are not drained, sorted, with what is known
// of the reason.
func (r *Reading) Problems() []string {
	var open []string
	for name, s := range r.inputs {
		if s.drained {
			continue
		}
		if s.problem == "" {
			s.problem = "not read to the end"
		}
		open = append(open, name+": "+s.problem)
	}
	slices.Sort(open)
	return open
}

// Complete is the proof that every promised input arrived to its last page.
// The zero Complete proves nothing.
type Complete struct{ inputs map[string]inputState }

// Complete returns the proof, or errs.Incomplete naming what is missing. A
// reading that promised nothing is not complete.
func (r *Reading) Complete() (Complete, error) {
	if len(r.inputs) == 0 {
		return Complete{}, errs.New(errs.Incomplete, "nothing was asked of the directory")
	}
	if open := r.Problems(); len(open) > 0 {
		return Complete{}, errs.New(errs.Incomplete, "%d of %d inputs were not read completely: %s",
			len(open), len(r.inputs), open[0]).
			WithHint("Nothing was removed. The next run reads again.")
	}
	return Complete{inputs: r.inputs}, nil
}

// Valid reports whether c is a real proof.
func (c Complete) Valid() bool { return len(c.inputs) > 0 }

// Covers reports whether the proof includes the named input.
func (c Complete) Covers(input string) bool { return c.inputs[input].drained }
