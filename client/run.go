package client

import "time"

// RunOrder says what run to start.
type RunOrder struct {
	Preview bool   `json:"preview,omitempty" doc:"Plan only: nothing is changed."`
	Full    bool   `json:"full,omitempty" doc:"Read everything, even where changes since the last run would do."`
	Person  string `json:"person,omitempty" maxLength:"400" doc:"Only this person: user principal name, email, display name or object ID."`
	Mapping int64  `json:"mapping,omitempty" minimum:"0" doc:"Only what the mapping of this number decides."`
}

// Run is one sync, or the preview of one.
type Run struct {
	ID         int64      `json:"id"`
	Connection int64      `json:"connection"`
	Mode       string     `json:"mode" enum:"full,incremental,preview"`
	State      string     `json:"state" enum:"running,held,succeeded,partial,failed,cancelled,undone"`
	Stage      string     `json:"stage" doc:"How far it has got while it runs: read, plan, apply, done."`
	Asked      string     `json:"asked" doc:"hand or schedule."`
	Actor      string     `json:"actor"`
	Person     string     `json:"person,omitempty" doc:"The one person that it was for."`
	Mapping    int64      `json:"mapping,omitempty" doc:"The one mapping that it was for."`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at" doc:"null while it runs."`
	Counts     Counts     `json:"counts"`
	Requests   int        `json:"requests" doc:"That the directory was asked."`
	Retries    int        `json:"retries"`
	WaitedMS   int64      `json:"waited_ms" doc:"Milliseconds that it waited because the directory asked to, or after a fault."`
	Received   int64      `json:"received" doc:"Bytes that the directory sent."`
	Drift      int        `json:"drift" doc:"Differences that the changes since the last run had not told of."`
	Holds      []string   `json:"holds" doc:"Why part of it is held, a sentence each."`
	Notes      []string   `json:"notes" doc:"What an administrator should know, a sentence each."`
	Error      string     `json:"error,omitempty"`
	Hint       string     `json:"hint,omitempty"`
}

// Counts are what a run did.
type Counts struct {
	Added       int `json:"added"`
	Changed     int `json:"changed"`
	Deactivated int `json:"deactivated"`
	Reactivated int `json:"reactivated"`
	Unchanged   int `json:"unchanged"`
	Held        int `json:"held"`
	Skipped     int `json:"skipped"`
	Failed      int `json:"failed"`
	Conflicts   int `json:"conflicts" doc:"Part of skipped: those that wait for a person's decision."`
	Problems    int `json:"problems" doc:"Records of which some field could not be written."`
}

// Change is one thing that a run did, or would do.
type Change struct {
	ID        int64   `json:"id" doc:"Its number in the run; 0 for what the next run would do."`
	Run       int64   `json:"run,omitempty"`
	Name      string  `json:"name" doc:"Of the person, device or group."`
	Verb      string  `json:"verb" doc:"add, adopt, relink, update, rename, blank, set_status, set_roles, deactivate, reactivate, archive, skip, conflict, fail, problem."`
	Target    string  `json:"target" doc:"record or login."`
	Record    int64   `json:"record,omitempty" doc:"The record that it changes, once there is one."`
	State     string  `json:"state" doc:"planned, held, applied, dismissed, failed, stale, undone, kept."`
	Reason    string  `json:"reason" doc:"Why, as a code."`
	Sentence  string  `json:"sentence" doc:"Why, in words."`
	Remedy    string  `json:"remedy,omitempty" doc:"What to do about it, in words."`
	Detail    string  `json:"detail,omitempty"`
	Mapping   string  `json:"mapping,omitempty"`
	Fields    []Diff  `json:"fields"`
	Roles     []Diff  `json:"roles" doc:"By mapping."`
	Issues    []Issue `json:"issues"`
	DecidedBy string  `json:"decided_by,omitempty"`
}

// Issue is a field that could not be written.
type Issue struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

// Decision says what becomes of what a run holds. One of the three is given.
type Decision struct {
	All     bool    `json:"all,omitempty" doc:"Approve all of it."`
	None    bool    `json:"none,omitempty" doc:"Dismiss all of it."`
	Changes []int64 `json:"changes,omitempty" maxItems:"10000" doc:"Approve these changes, by their numbers in the run."`
}

// Progress is where a run is.
type Progress struct {
	Run     int64  `json:"run"`
	Stage   string `json:"stage" doc:"read, plan, apply or done."`
	Input   string `json:"input,omitempty" doc:"What is being read."`
	Done    int    `json:"done"`
	Total   int    `json:"total" doc:"0 when it is not known."`
	Message string `json:"message,omitempty"`
}

// Explanation says why somebody is as they are in the register.
type Explanation struct {
	Connection int64         `json:"connection"`
	ObjectID   string        `json:"object_id"`
	Name       string        `json:"name"`
	UPN        string        `json:"user_principal_name"`
	Standing   int           `json:"standing" doc:"In the directory: 0 not known, 1 enabled, 2 disabled, 3 deleted and restorable, 4 purged, 5 missing once, 6 not found."`
	Mappings   []MappingView `json:"mappings"`
	Next       []Change      `json:"next" doc:"What the next run would do."`
	History    []Change      `json:"history" doc:"What runs did, the newest first."`
}

// MappingView is what one mapping makes of somebody.
type MappingView struct {
	Name   string     `json:"name"`
	Enters bool       `json:"enters"`
	Reason string     `json:"reason,omitempty"`
	Detail string     `json:"detail,omitempty"`
	Units  []UnitView `json:"units"`
}

// UnitView is a unit of a mapping and whether somebody is in it.
type UnitView struct {
	Name   string `json:"name"`
	Known  bool   `json:"known"`
	Member bool   `json:"member"`
}
