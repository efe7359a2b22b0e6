package reconcile

// remedies says, for reasons that leave something undone, what a person can do
// about it. Reasons that need nothing done have none.
var remedies = map[Reason]string{
	OutsideConditions:   "If the person should be taken, change the conditions of the mapping.",
	OutsideUnits:        "If the person should be taken, add them to the unit in the directory, or the unit to the mapping.",
	GuestExcluded:       "If guests should be taken, say so in the mapping under Guests of the tenant.",
	NotActive:           "Enable the account in the directory; the next sync then takes it.",
	NoEmail:             "Give the person an email in the directory.",
	EnabledUnknown:      "Grant the permission User.Read.All to the app, and try the connection again.",
	UnitUnknown:         "Check that the unit still exists and that the app may read it; then sync again.",
	DeactivatedByHand:   "Reactivate the user on their page, if they should get in again.",
	ProtectedLogin:      "Give somebody else the role Organization Admin, or take the break-glass mark away.",
	PinnedField:         "Unpin the field on the record, if the directory should write it.",
	AmbiguousMatch:      "Merge the records, or give all but one another value of the unique identifier; then sync again.",
	MatchTaken:          "Correct the unique identifier of the record or in the directory: it belongs to somebody else.",
	ValueTaken:          "Change the value on the other record or in the directory, or make the field not unique.",
	ValueDoesNotFit:     "Correct the value in the directory, transform it in the mapping, or change the type of the field.",
	ReferenceNotFound:   "Make the record, or let the mapping make missing ones, under Rules of its row.",
	ReferencePending:    "Nothing, if the person is to come; else take the person who is linked into the mapping.",
	RequiredFieldEmpty:  "Fill it in the directory, give the row something to take when it is empty, or make the field not required.",
	GroundMoved:         "Sync again.",
	LoginAdoptionAsked:  "Approve it, if both are the same person; else give the local user another email.",
	SupersededByRun:     "Look at the newest run.",
	MissingFromListing:  "Nothing yet: after another complete reading Muster asks for the person by ID.",
	StaysAway:           "Sync this person from here, or sync everything, to have it again.",
	NotFoundInDirectory: "Nothing, if the person was deleted; else check what the app may read.",
}

// Remedy says what a person can do about a reason, as a sentence; "" when there
// is nothing to do.
func (r Reason) Remedy() string { return remedies[r] }
