package view

// Crumb is one step of the way to a page.
type Crumb struct{ Name, Path string }

// Status is how something stands. Tone is green, red, yellow, blue or grey.
type Status struct{ Tone, Icon, Word string }

// Field is one input of a form.
type Field struct {
	Name, Label, Value string
	ID                 string // of the element where a page has several of one name; "" for its name
	Help, Fault        string
	Placeholder        string
	Type               string // of the input element; "" for text
	Complete           string // what browsers may fill in; "" for nothing
	Required, Focus    bool
}

// id is the element's own; the label and the text below refer to it.
func (f Field) id() string {
	if f.ID == "" {
		return f.Name
	}
	return f.ID
}

func (f Field) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

func (f Field) complete() string {
	if f.Complete == "" {
		return "off"
	}
	return f.Complete
}

// Option is one choice of a list.
type Option struct{ Value, Label string }
