package datatype

import "strings"

// family is a group of types whose values turn into others alike.
type family int

const (
	wordy   family = iota // one text of any kind
	numeric               // number, currency
	dated                 // date, date and time
	truth                 // yes/no
	listed                // several choices
	linked                // link
	kept                  // attachment
)

func (t Type) family() family {
	switch t {
	case Number, Currency:
		return numeric
	case Date, DateTime:
		return dated
	case YesNo:
		return truth
	case Choices:
		return listed
	case Link:
		return linked
	case Attachment:
		return kept
	}
	return wordy
}

// Converts reports whether values of one type can become values of another at
// all; Convert tells for a value. A type converts to itself: to other choices,
// another currency, or links to another collection.
//
//	from \ to      wordy     numeric   dated     truth     listed    linked
//	wordy          as read   if one    if one    if one    split     by title
//	numeric        digits    same      -         1 and 0   a member  by title
//	dated          written   -         day²      -         a member  by title
//	truth          yes, no   1 and 0   -         same      a member  -
//	listed         joined¹   if one    if one    if one    same      by title
//	linked         title     if one    if one    -         a member  by title
//
// Wordy are text, long text, email, phone number, web address, barcode and
// choice; each keeps its own form, so that a text becomes an email only when it
// is one, and a choice only when it is among the choices.
//
// ¹ by a comma; into a choice only a list of one.
// ² A date becomes midnight UTC; a date and time the day that it is in UTC, and
// its time of day goes.
//
// Attachments stay attachments.
func Converts(from, to Type) bool {
	a, b := from.family(), to.family()
	switch {
	case !from.Known() || !to.Known() || a == kept || b == kept:
		return false
	case a == b:
		return true
	case a == numeric:
		return b != dated
	case a == dated:
		return b != numeric && b != truth
	case a == truth:
		return b != dated && b != linked
	case a == linked:
		return b != truth
	}
	return true
}

// Convert turns a value of one field into one of another, by the table of
// Converts. Links go by title, which is for the caller: it passes the linked
// record's title as a text for a value of a link, and looks up what TextOf
// returns for a value that becomes one. What does not fit is Invalid, with what
// would.
func Convert(from, to *Spec, v Value) (Value, error) {
	switch a, b := from.Type.family(), to.Type.family(); {
	case v.IsEmpty():
		return v, nil
	case !Converts(from.Type, to.Type):
		return Value{}, invalid("%s does not turn into %s", from.Type.Label(), to.Type.Label())
	case from.Type == DateTime && to.Type == Date:
		t, _ := v.Time()
		return OfDate(t.UTC()), nil
	case a == truth && b == numeric:
		if yes, _ := v.Truth(); yes {
			return Value{"1"}, nil
		}
		return Value{"0"}, nil
	case a == listed && b == listed:
		return ParseList(*to, v.Items())
	case a == listed && to.Type == Choice && len(v.Items()) > 1:
		return Value{}, invalid("%d choices where one fits: %s", len(v.Items()), clip(v.String()))
	}
	return parseConverted(to, v.String())
}

// parseConverted reads a text; several lines become one where one line fits.
func parseConverted(to *Spec, text string) (Value, error) {
	if to.Type != LongText && to.Type != Choices && strings.ContainsAny(text, "\r\n\t") {
		text = strings.Join(strings.Fields(text), " ")
	}
	return Parse(*to, text)
}
