package client

// Conversion is another type for a field.
type Conversion struct {
	Type     string   `json:"type" enum:"text,long_text,number,currency,date,date_time,yes_no,choice,choices,email,phone,url,barcode,attachment,link"`
	Choices  []string `json:"choices,omitempty" maxItems:"1000" doc:"Left out, the values that there are."`
	Currency string   `json:"currency,omitempty" maxLength:"3"`
	Link     int64    `json:"link,omitempty" minimum:"0" doc:"The collection to link to."`
	Lose     int      `json:"lose,omitempty" minimum:"0" doc:"How many values may be emptied because they do not fit: as many as the preview says. With more than that nothing is done."`
}

// Converted is what a conversion does, or would do, to a collection's records.
type Converted struct {
	Field          Field    `json:"field" doc:"As it is then."`
	Fits           int      `json:"fits"`
	Empty          int      `json:"empty"`
	Lost           int      `json:"lost"`
	Shared         int      `json:"shared" doc:"Values of a unique field that several records would have: then it cannot be done."`
	NoLongerUnique bool     `json:"no_longer_unique"`
	Misfits        []Misfit `json:"misfits" doc:"The first of those lost."`
}

// Misfit is a record whose value does not survive.
type Misfit struct {
	Record int64  `json:"record"`
	Title  string `json:"title"`
	Value  string `json:"value"`
	Why    string `json:"why"`
}

// FieldUses is what depends on a field.
type FieldUses struct {
	Values   int        `json:"values" doc:"How many records have a value in it."`
	Mappings []FieldUse `json:"mappings"`
}

// FieldUse is a mapping that writes a field.
type FieldUse struct {
	Connection int64  `json:"connection"`
	Mapping    int64  `json:"mapping"`
	Name       string `json:"name"`
	Attribute  string `json:"attribute"`
	Problem    string `json:"problem,omitempty" doc:"Why the field could not go on being written."`
}
