package syncer

import (
	"time"

	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
)

// Mode is how a run reads. Its text is stored and stands in JSON.
type Mode string

// The modes. A preview plans and validates but applies nothing.
const (
	Full        Mode = "full"
	Incremental Mode = "incremental"
	Preview     Mode = "preview"
)

// State is where a run has got to. Its text is stored and stands in JSON.
type State string

// The states.
//
//	running ──► succeeded | partial | failed | cancelled | held
//	held ─────► succeeded | partial   (approved, dismissed or superseded)
//	succeeded, partial ──► undone
const (
	Running   State = "running"
	Held      State = "held"      // part of it waits for approval; the rest was applied
	Succeeded State = "succeeded" // all that was planned was applied
	Partial   State = "partial"   // some people or inputs failed; the rest was applied
	Failed    State = "failed"    // it could not be carried through
	Cancelled State = "cancelled" // stopped by a person, or overtaken by an edit
	Undone    State = "undone"
)

// Stage is what a running run is at; a killed one goes on from here.
type Stage string

// The stages.
const (
	StageRead  Stage = "read"
	StagePlan  Stage = "plan"
	StageApply Stage = "apply"
	StageDone  Stage = "done"
)

// Scope narrows a run to one person or one mapping; the zero Scope is all.
type Scope struct {
	Person  string // as asked for: a user principal name, object ID or email
	Entry   int64  // the person's number in the mirror, once found
	Mapping int64  // plan for what this mapping decides; all is read the same
	Again   bool   // asked for in full by hand: what undone runs had added comes back
	Draft   bool   // planned with mappings that were not saved
}

// narrow reports whether a run leaves something for the next one to plan.
func (s *Scope) narrow() bool { return s.Person != "" || s.Mapping != 0 }

// Counts sum up a run in records and logins, however many changes each has: a
// person with both counts twice. One of whom a part is held counts in both.
type Counts struct {
	Added       int
	Changed     int
	Deactivated int
	Reactivated int
	Unchanged   int
	Held        int
	Skipped     int
	Failed      int
	Conflicts   int // part of Skipped: those that wait for a person's decision
	Problems    int // records of which some field could not be written
}

// Stats are what a run cost.
type Stats struct {
	Usage    directory.Usage
	Read     time.Duration
	Planned  time.Duration
	Applied  time.Duration
	Objects  int // objects that arrived
	Drift    int // differences that a full read found and the deltas had not told
	People   int // in the directory, disabled ones too; 0 when not counted
	PeakHeap int64
	Problems int // inputs that failed: the run cannot end as succeeded
}

// Run is one sync attempt.
type Run struct {
	ID            int64
	Connection    int64
	Mode          Mode
	Asked         string // hand, schedule
	State         State
	Stage         Stage
	Actor         string
	Scope         Scope
	Configuration string // fingerprint of the mappings it was planned with
	StartedAt     time.Time
	FinishedAt    time.Time // zero while running
	Applied       int64     // changes up to this number are through
	Counts        Counts
	Stats         Stats
	Notes         []string // what an administrator should know, a sentence each
	Holds         []string // why part of it is held
	Error         string
	Hint          string
}

// ChangeState is what became of one change. The numbers are stored.
type ChangeState uint8

// The states of a change. Planned ones are applied once the run has got past
// their number.
const (
	Planned ChangeState = iota
	HeldBack
	Applied // approved and applied afterwards
	Dismissed
	Errored
	Stale // its ground moved between plan and apply
	Reversed
	KeptOnUndo // undo left it: the value had been changed since
)

// ChangeStates is how many states there are.
const ChangeStates = int(KeptOnUndo) + 1

var changeStates = [ChangeStates]string{"planned", "held", "applied", "dismissed", "failed", "stale", "undone", "kept"}

// String returns the state as it stands in JSON.
func (s ChangeState) String() string {
	if int(s) < len(changeStates) {
		return changeStates[s]
	}
	return "unknown"
}

// PlannedChange is a change as it is stored: with its number in the run, what
// became of it and who decided.
type PlannedChange struct {
	reconcile.Change
	Run       int64
	Seq       int64
	State     ChangeState
	DecidedBy string
}

// Request asks for a run.
type Request struct {
	Connection int64
	Full       bool   // read everything even where changes would do
	Preview    bool   // plan only
	Person     string // only this person
	Mapping    int64  // only what this mapping decides
	// Draft makes a preview of these mappings instead of the stored ones; new
	// ones have no number yet.
	Draft    []mapping.Definition
	Asked    string // hand (the default) or schedule
	Actor    audit.Actor
	Progress func(Progress) // called from the run's goroutine; may be nil
}

// Progress tells where a run is. Total is 0 when nobody knows.
type Progress struct {
	Run     int64
	Stage   Stage
	Input   string // what is being read
	Done    int
	Total   int
	Message string // a sentence, for logs and plain terminals
}

// Report is a finished run with the part of its plan that people read first.
type Report struct {
	Run     Run
	Resumed bool // an earlier run that had been cut short was finished
}

// add counts a change that was or would be carried out.
func (c *Counts) add(ch *reconcile.Change) {
	switch ch.Verb {
	case reconcile.Add:
		c.Added++
	case reconcile.Deactivate:
		c.Deactivated++
	case reconcile.Reactivate:
		c.Reactivated++
	case reconcile.Skip:
		c.Skipped++
	case reconcile.Conflict:
		c.Skipped++
		c.Conflicts++
	case reconcile.Fail:
		c.Failed++
	case reconcile.Problem:
		c.Problems++
	default:
		c.Changed++
	}
}
