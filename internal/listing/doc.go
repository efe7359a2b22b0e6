// Package listing finds records: by words, by what their fields hold, in an
// order, a page at a time, and as fast in a collection of a million as in one of
// ten.
//
// It keeps an index of its own beside the records: for each record the words it
// is found by and a mark for each value it may be filtered by, as tokens of a
// full-text index of the database. Writing a record does not write the index,
// since a first sync writes a million of them. It leaves a note of which numbers
// were written, in the same transaction, and Index works the notes off
// afterwards. A search reads the few records that are noted and not indexed yet
// and decides about them itself, so what somebody just added is found at once.
//
//	found through the index   what is done
//	up to 2,000               all are loaded, checked, put in any order
//	more, and dense           the collection is read by title, each record is checked
//	more, and sparse          they come in the order in which they were added
//	all of the collection     it is read by title
//	many, by another field    an order that is kept in memory is read; see order.go
//
// The index only narrows down: every record shown has been checked against the
// question.
package listing
