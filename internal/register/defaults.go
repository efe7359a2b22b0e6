package register

import "github.com/musterhq/muster/internal/datatype"

// Default is a collection that a new module gets.
type Default struct {
	Name   string
	Kind   Kind
	Fields []Field
}

// Defaults returns the collections of a new module in order; main names the
// first. They are a start: fields can be added, renamed and hidden.
func Defaults(main string) []Default {
	if main == "" {
		main = "Assets"
	}
	return []Default{
		{main, Main, []Field{
			titled(true, false),
			plain("Asset tag", datatype.Spec{Type: datatype.Barcode, Unique: true}),
			linked("Category", Categories),
			linked("Location", Locations),
			plain("Condition", datatype.Spec{Type: datatype.Choice, Choices: []string{"New", "Good", "Worn", "Broken", "Retired"}}),
			plain("Serial number", datatype.Spec{Type: datatype.Text}),
			plain("Purchased", datatype.Spec{Type: datatype.Date}),
			plain("Price", datatype.Spec{Type: datatype.Number}),
			plain("Warranty until", datatype.Spec{Type: datatype.Date}),
			plain("Notes", datatype.Spec{Type: datatype.LongText}),
		}},
		{"Locations", Locations, []Field{
			titled(true, true),
			plain("Address", datatype.Spec{Type: datatype.LongText}),
			plain("Notes", datatype.Spec{Type: datatype.LongText}),
		}},
		{"People", People, []Field{
			titled(true, false),
			plain("User principal name", datatype.Spec{Type: datatype.Text, Unique: true}),
			plain("Email", datatype.Spec{Type: datatype.Email}),
			plain("Department", datatype.Spec{Type: datatype.Text}),
			plain("Job title", datatype.Spec{Type: datatype.Text}),
			plain("Phone", datatype.Spec{Type: datatype.Phone}),
			linked("Office", Locations),
			linked("Manager", People),
		}},
		{"Categories", Categories, []Field{
			titled(true, true),
			plain("Notes", datatype.Spec{Type: datatype.LongText}),
		}},
	}
}

func titled(required, unique bool) Field {
	return Field{Name: "Name", Title: true, Spec: datatype.Spec{Type: datatype.Text, Required: required, Unique: unique}}
}

func plain(name string, spec datatype.Spec) Field { return Field{Name: name, Spec: spec} }

func linked(name string, to Kind) Field {
	return Field{Name: name, Spec: datatype.Spec{Type: datatype.Link}, linkTo: to}
}
