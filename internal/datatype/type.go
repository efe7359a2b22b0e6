package datatype

// Type is the type of a field. Its text is stored and stands in muster.yaml.
type Type string

// The types.
const (
	Text       Type = "text"
	LongText   Type = "long_text"
	Number     Type = "number"
	Currency   Type = "currency"
	Date       Type = "date"
	DateTime   Type = "date_time"
	YesNo      Type = "yes_no"
	Choice     Type = "choice"
	Choices    Type = "choices"
	Email      Type = "email"
	Phone      Type = "phone"
	WebAddress Type = "url"
	Barcode    Type = "barcode"
	Attachment Type = "attachment"
	Link       Type = "link"
)

// Spec is what a field accepts.
type Spec struct {
	Type       Type
	Required   bool
	Unique     bool
	Choices    []string // of Choice and Choices; none means any text
	MaxLength  int      // in characters, of text types; 0 for the type's own limit
	Collection int64    // of Link: the collection whose records may be linked
	Currency   string   // of Currency: its ISO 4217 code
}
