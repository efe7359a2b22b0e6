package client

import "time"

// Values are what a record holds, by the name of the field. Text, dates and
// choices are strings, numbers are numbers, yes/no is a truth value, several
// choices are a list of strings, and a link is the number of a record.
type Values map[string]any

// Record is an asset, a person, or whatever else a collection is for.
type Record struct {
	ID         int64           `json:"id"`
	Collection int64           `json:"collection"`
	Version    int64           `json:"version" doc:"Grows by one with each change; it is the ETag."`
	Title      string          `json:"title"`
	Fields     Values          `json:"fields" doc:"What the record holds, by the name of the field; empty fields are left out."`
	Links      map[string]Link `json:"links" doc:"The records that link fields name, by the name of the field."`
	Pinned     []string        `json:"pinned" doc:"Fields that the directory may not write."`
	CreatedAt  time.Time       `json:"created_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
	ArchivedAt *time.Time      `json:"archived_at" doc:"When it was put away; null when it was not."`
}

// Link is a record that another names.
type Link struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

// RecordPage is a part of a listing of records.
type RecordPage struct {
	Items []Record `json:"items" doc:"The records of this page."`
	Next  string   `json:"next,omitempty" doc:"What to pass as cursor for the next page; missing on the last."`
	Total int      `json:"total" doc:"How many there are in all; -1 when there are too many to count."`
	Sort  string   `json:"sort" doc:"The order that the page has. A set too large to be sorted comes by title or as it was added."`
}

// RecordInput is a record to be made, or what to change about one.
type RecordInput struct {
	Fields Values `json:"fields" doc:"Values by the name of the field; null clears. Fields that are left out stay."`
	Note   string `json:"note,omitempty" maxLength:"2000" doc:"Why, for the record's history."`
}

// Act says why something is done.
type Act struct {
	Note string `json:"note,omitempty" maxLength:"2000" doc:"Why, for the record's history."`
}

// Bulk is one act on many records.
type Bulk struct {
	Act     string  `json:"act" enum:"set,archive,restore"`
	Records []int64 `json:"records" minItems:"1" maxItems:"10000"`
	Fields  Values  `json:"fields,omitempty" doc:"With set: the values for all of them; null clears."`
	Note    string  `json:"note,omitempty" maxLength:"2000" doc:"Why, for the records' histories."`
}

// BulkDone says what became of an act on many records.
type BulkDone struct {
	Changed   int         `json:"changed"`
	Unchanged int         `json:"unchanged" doc:"Those that held the values already."`
	Failed    []BulkFault `json:"failed" doc:"Those that were left as they were."`
}

// BulkFault is a record that was left as it was.
type BulkFault struct {
	Record int64  `json:"record"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

// HistoryEntry is one thing that happened to a record.
type HistoryEntry struct {
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Run     int64     `json:"run" doc:"The run that did it; 0 when a person did."`
	Action  string    `json:"action"`
	Note    string    `json:"note,omitempty"`
	Changes []Diff    `json:"changes"`
}

// Diff is a field before and after.
type Diff struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Kept is a field of a record that a directory keeps.
type Kept struct {
	Field   string `json:"field"`
	From    string `json:"from" doc:"The attribute that it comes from."`
	Mapping string `json:"mapping"`
	Pinned  bool   `json:"pinned" doc:"The directory may not write it."`
}
