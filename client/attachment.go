package client

import "time"

// File is a file with a record.
type File struct {
	ID      int64     `json:"id"`
	Record  int64     `json:"record"`
	Name    string    `json:"name"`
	Type    string    `json:"type" doc:"Its media type, as its content looks."`
	Size    int64     `json:"size" doc:"In bytes."`
	SHA256  string    `json:"sha256" doc:"In hexadecimal."`
	AddedBy string    `json:"added_by"`
	AddedAt time.Time `json:"added_at"`
}

// Hits are the records of one collection that a search found.
type Hits struct {
	Module     int64  `json:"module"`
	Collection int64  `json:"collection"`
	Name       string `json:"name" doc:"Of the collection."`
	Records    []Link `json:"records" doc:"The first of them."`
	More       bool   `json:"more" doc:"There are others: list the collection with the same words."`
}

// CheckForm is what a module asks at check-out and check-in.
type CheckForm struct {
	Out       []Question `json:"out" maxItems:"100"`
	In        []Question `json:"in" maxItems:"100"`
	Statement string     `json:"statement" maxLength:"10000" doc:"That the holder has to accept; empty for none."`
}

// Question is one question of a form.
type Question struct {
	Name     string   `json:"name" minLength:"1" maxLength:"200"`
	Kind     string   `json:"kind" enum:"text,choice,yesno"`
	Choices  []string `json:"choices,omitempty" maxItems:"100"`
	Required bool     `json:"required,omitempty"`
}
