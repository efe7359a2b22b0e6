package client

import "time"

// Custody is that somebody holds, or held, an asset.
type Custody struct {
	ID           int64      `json:"id"`
	Asset        Link       `json:"asset"`
	Holder       Link       `json:"holder"`
	CheckedOutAt time.Time  `json:"checked_out_at"`
	CheckedOutBy string     `json:"checked_out_by"`
	Due          *time.Time `json:"due" doc:"null when it is open-ended."`
	Note         string     `json:"note"`
	Override     string     `json:"override" doc:"Why somebody who has left was given it all the same."`
	Answers      []Answer   `json:"answers" doc:"To the module's form at check-out."`
	CheckedInAt  *time.Time `json:"checked_in_at" doc:"null while it is held."`
	CheckedInBy  string     `json:"checked_in_by"`
	CheckInNote  string     `json:"check_in_note"`
	Condition    string     `json:"condition" doc:"In which it came back."`
	InAnswers    []Answer   `json:"check_in_answers" doc:"To the module's form at check-in."`
	WrittenOff   bool       `json:"written_off"`
}

// Answer is what somebody answered to a question of a module's form.
type Answer struct {
	Question string `json:"question"`
	Text     string `json:"text"`
}

// CheckOut gives an asset to somebody.
type CheckOut struct {
	Asset    int64             `json:"asset" minimum:"1" doc:"The number of the asset's record."`
	Holder   int64             `json:"holder" minimum:"1" doc:"The number of the person's record."`
	Due      *time.Time        `json:"due,omitempty" doc:"When it has to be back; left out for open-ended."`
	Note     string            `json:"note,omitempty" maxLength:"2000"`
	Override string            `json:"override,omitempty" maxLength:"2000" doc:"The reason to give it to somebody who has left."`
	Answers  map[string]string `json:"answers,omitempty" doc:"To the module's form, by question."`
	Accepted bool              `json:"accepted,omitempty" doc:"The holder has accepted the form's statement."`
}

// CheckIn takes an asset back.
type CheckIn struct {
	Asset     int64             `json:"asset" minimum:"1" doc:"The number of the asset's record."`
	Note      string            `json:"note,omitempty" maxLength:"2000"`
	Condition string            `json:"condition,omitempty" maxLength:"2000" doc:"In which it came back."`
	Answers   map[string]string `json:"answers,omitempty" doc:"To the module's form, by question."`
}

// WriteOff gives an asset up.
type WriteOff struct {
	Reason string `json:"reason" minLength:"1" maxLength:"2000"`
}

// Leaver is somebody who has left, or is late with something.
type Leaver struct {
	Person  Link       `json:"person"`
	Status  string     `json:"status" doc:"Disabled, Deleted, Purged, Not found, Out of scope; empty for people who have not left."`
	Since   *time.Time `json:"since" doc:"When that was found out; null when it is not known."`
	Run     int64      `json:"run" doc:"The run that found it out; 0 when it is not known."`
	Mapping string     `json:"mapping"`
	Manager *Link      `json:"manager,omitempty" doc:"Missing when nobody is known."`
	Holds   []Custody  `json:"holds"`
}

// CheckInAll takes back everything that somebody holds.
type CheckInAll struct {
	Note      string            `json:"note,omitempty" maxLength:"2000"`
	Condition string            `json:"condition,omitempty" maxLength:"2000" doc:"In which all of it came back."`
	Answers   map[string]string `json:"answers,omitempty" doc:"To the module's form, by question."`
}
