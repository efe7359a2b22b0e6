package client

// Collection is a table of records.
type Collection struct {
	ID     int64  `json:"id"`
	Module int64  `json:"module"`
	Name   string `json:"name"`
	Kind   string `json:"kind" enum:"main,people,locations,categories,custom" doc:"What it is for: main holds the assets, people those who hold them."`
}

// Field is a typed column of a collection.
type Field struct {
	ID         int64    `json:"id"`
	Collection int64    `json:"collection"`
	Name       string   `json:"name"`
	Type       string   `json:"type" enum:"text,long_text,number,currency,date,date_time,yes_no,choice,choices,email,phone,url,barcode,attachment,link"`
	Required   bool     `json:"required"`
	Unique     bool     `json:"unique"`
	Title      bool     `json:"title" doc:"Its value names the record."`
	Hidden     bool     `json:"hidden"`
	System     bool     `json:"system" doc:"Muster writes it; people do not."`
	Choices    []string `json:"choices" doc:"Of choice and choices."`
	MaxLength  int      `json:"max_length" doc:"In characters; 0 for the type's own limit."`
	Link       int64    `json:"link" doc:"The collection whose records a link may name; 0 for other types."`
	Currency   string   `json:"currency" doc:"The ISO 4217 code of a currency field."`
}

// NewField is a field to be made.
type NewField struct {
	Name      string   `json:"name" minLength:"1" maxLength:"200"`
	Type      string   `json:"type" enum:"text,long_text,number,currency,date,date_time,yes_no,choice,choices,email,phone,url,barcode,attachment,link"`
	Required  bool     `json:"required,omitempty"`
	Unique    bool     `json:"unique,omitempty"`
	Title     bool     `json:"title,omitempty"`
	Choices   []string `json:"choices,omitempty" maxItems:"1000"`
	MaxLength int      `json:"max_length,omitempty" minimum:"0"`
	Link      int64    `json:"link,omitempty" minimum:"0"`
	Currency  string   `json:"currency,omitempty"`
}

// FieldChange is what to change about a field; what is left out stays.
type FieldChange struct {
	Name     *string   `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Required *bool     `json:"required,omitempty"`
	Unique   *bool     `json:"unique,omitempty"`
	Title    *bool     `json:"title,omitempty"`
	Hidden   *bool     `json:"hidden,omitempty"`
	Choices  *[]string `json:"choices,omitempty" maxItems:"1000"`
	// RenamedChoices are new names of choices that stay what they are.
	RenamedChoices map[string]string `json:"renamed_choices,omitempty" maxProperties:"1000" doc:"New names of choices by the old ones: the records that have them keep them. The new names stand in choices."`
}

// FieldOrder is the order that fields are to have.
type FieldOrder struct {
	Fields []int64 `json:"fields" maxItems:"1000" doc:"The numbers of fields; those not given follow in their present order."`
}
