// Package reconcile decides what a sync would do: it matches what mappings
// want against what the register holds, plans the changes, and says which of
// them a person has to approve. It is pure: no clock, no log, no I/O. Equal
// input gives an equal plan.
//
// One Change serves preview, dry run, approval, apply, undo and history.
package reconcile
