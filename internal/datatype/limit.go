package datatype

// Limits in characters where a field sets none. They are generous: the longest
// texts of the directory are a street address of 1,024 characters and names of 256.
const (
	textLimit    = 1_000
	longLimit    = 50_000
	emailLimit   = 320 // 64 before the @ and 255 after it
	phoneLimit   = 64
	urlLimit     = 2_048
	codeLimit    = 200 // of barcodes and single choices
	choicesLimit = 200 // members of a list
	digitsLimit  = 34  // digits of a number, before and after the point together
)

// All lists the types in the order in which a screen offers them.
func All() []Type {
	return []Type{
		Text, LongText, Number, Currency, Date, DateTime, YesNo, Choice, Choices,
		Email, Phone, WebAddress, Barcode, Attachment, Link,
	}
}

// Known reports whether t is one of the types.
func (t Type) Known() bool {
	for _, k := range All() {
		if t == k {
			return true
		}
	}
	return false
}

// Label returns the type's name for people.
func (t Type) Label() string {
	switch t {
	case Text:
		return "text"
	case LongText:
		return "long text"
	case DateTime:
		return "date and time"
	case YesNo:
		return "yes/no"
	case Choices:
		return "several choices"
	case Phone:
		return "phone number"
	case WebAddress:
		return "web address"
	}
	return string(t)
}

// IsText reports whether values of the type are a single text.
func (t Type) IsText() bool {
	switch t {
	case Text, LongText, Choice, Email, Phone, WebAddress, Barcode, Attachment:
		return true
	}
	return false
}

// limit returns how many characters a value may have.
func (s *Spec) limit() int {
	own := textLimit
	switch s.Type {
	case LongText:
		own = longLimit
	case Email:
		own = emailLimit
	case Phone:
		own = phoneLimit
	case WebAddress:
		own = urlLimit
	case Barcode, Choice, Choices, Attachment:
		own = codeLimit
	}
	if s.MaxLength > 0 && s.MaxLength < own {
		return s.MaxLength
	}
	return own
}
