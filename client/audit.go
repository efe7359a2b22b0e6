package client

import "time"

// Event is an entry of the audit log.
type Event struct {
	ID          int64     `json:"id"`
	At          time.Time `json:"at"`
	Account     int64     `json:"account" doc:"0 for the organization as a whole."`
	Module      int64     `json:"module" doc:"0 for the account as a whole."`
	Actor       Actor     `json:"actor"`
	Action      string    `json:"action"`
	SubjectKind string    `json:"subject_kind" doc:"A noun: login, module, connection."`
	SubjectID   int64     `json:"subject_id"`
	Subject     string    `json:"subject" doc:"Its name as it was at the time."`
	Details     []Detail  `json:"details"`
	Hash        string    `json:"hash" doc:"Of this entry and all before it, in hexadecimal."`
}

// Actor is who did something.
type Actor struct {
	Kind    string `json:"kind" doc:"user, token, sync, command, system, visitor."`
	ID      int64  `json:"id"`
	Name    string `json:"name" doc:"As it was at the time."`
	Address string `json:"address,omitempty" doc:"The client's network address."`
}

// Detail is one thing that an event changed.
type Detail struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Finding says whether the audit log was tampered with.
type Finding struct {
	Intact bool   `json:"intact"`
	Events int64  `json:"events" doc:"Whose hashes are right, from the first one on."`
	Broken int64  `json:"broken" doc:"The first entry that does not follow from those before it; 0 when all do."`
	Last   string `json:"last" doc:"The hash of the last right one, in hexadecimal: note it elsewhere."`
}
