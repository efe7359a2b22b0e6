package reconcile

// Reason is why a change, a skip, a hold or a conflict came about. Its text is
// stored and stands in JSON; Sentence says it to people.
type Reason string

// The reasons.
const (
	NewInDirectory      Reason = "new_in_directory"
	AttributeChanged    Reason = "attribute_changed"
	AttributeEmptied    Reason = "attribute_emptied"
	Renamed             Reason = "renamed"
	DisabledInDirectory Reason = "disabled_in_directory"
	DeletedInDirectory  Reason = "deleted_in_directory"
	PurgedInDirectory   Reason = "purged_in_directory"
	NotFoundInDirectory Reason = "not_found_in_directory"
	MissingFromListing  Reason = "missing_from_listing"
	LeftUnit            Reason = "left_unit"
	NoLongerMatches     Reason = "no_longer_matches_conditions"
	MappingGone         Reason = "mapping_removed"
	EnteredUnit         Reason = "entered_unit"
	Returned            Reason = "returned"
	ComesAgain          Reason = "comes_again"
	HigherMapping       Reason = "higher_mapping_decides"
	MatchedIdentifier   Reason = "matched_by_identifier"
	PersonRecord        Reason = "login_tied_to_person"

	OutsideConditions   Reason = "outside_conditions"
	OutsideUnits        Reason = "outside_units"
	GuestExcluded       Reason = "guest_excluded"
	NotActive           Reason = "not_active_in_directory"
	NoEmail             Reason = "no_email_for_login"
	EnabledUnknown      Reason = "account_enabled_unknown"
	UnitUnknown         Reason = "unit_not_read_completely"
	DeactivatedByHand   Reason = "deactivated_by_hand"
	ProtectedLogin      Reason = "protected_login"
	PinnedField         Reason = "field_pinned"
	AmbiguousMatch      Reason = "several_matches"
	MatchTaken          Reason = "match_belongs_to_another"
	ValueTaken          Reason = "value_taken"
	ValueDoesNotFit     Reason = "value_does_not_fit"
	ReferenceNotFound   Reason = "reference_not_found"
	ReferencePending    Reason = "reference_not_here_yet"
	RequiredFieldEmpty  Reason = "required_field_empty"
	GroundMoved         Reason = "ground_moved"
	LoginAdoptionAsked  Reason = "login_adoption_needs_approval"
	SupersededByRun     Reason = "superseded_by_newer_run"
	DismissedByApprover Reason = "dismissed_by_approver"
	StillInDirectory    Reason = "still_in_directory"
	Undone              Reason = "undone"
	StaysAway           Reason = "stays_away_after_undo"
)

// sentences says each reason to people.
var sentences = map[Reason]string{
	NewInDirectory:      "new in the directory",
	AttributeChanged:    "changed in the directory",
	AttributeEmptied:    "emptied in the directory",
	Renamed:             "renamed in the directory",
	DisabledInDirectory: "disabled in Entra ID",
	DeletedInDirectory:  "deleted in Entra ID, can still be restored there",
	PurgedInDirectory:   "deleted for good in Entra ID",
	NotFoundInDirectory: "missing from two complete readings, and not found when asked for by ID",
	MissingFromListing:  "missing from the directory's listing",
	LeftUnit:            "left the unit of the mapping",
	NoLongerMatches:     "no longer matches the mapping's conditions",
	MappingGone:         "the mapping that gave it was removed",
	EnteredUnit:         "is in the unit of the mapping",
	Returned:            "is back in the directory and enabled",
	ComesAgain:          "had been taken back by an undo, and comes again",
	HigherMapping:       "a mapping higher in the order decides",
	MatchedIdentifier:   "already in the register with the same unique identifier",
	PersonRecord:        "tied to the person's record",
	OutsideConditions:   "does not match the mapping's conditions",
	OutsideUnits:        "is not in a unit of the mapping",
	GuestExcluded:       "guests are excluded by the mapping",
	NotActive:           "is not active in the directory",
	NoEmail:             "has neither email nor user principal name to sign in with",
	EnabledUnknown:      "the directory did not say whether the account is enabled",
	UnitUnknown:         "the unit could not be read completely, so nobody enters or leaves it",
	DeactivatedByHand:   "was deactivated by hand; only a person reactivates",
	ProtectedLogin:      "is the last administrator or a break-glass user, which a sync never touches",
	PinnedField:         "the field is pinned on this record",
	AmbiguousMatch:      "several candidates have the same unique identifier; a person has to choose",
	MatchTaken:          "the only candidate already belongs to another directory object",
	ValueTaken:          "another record already has this value in a unique field",
	ValueDoesNotFit:     "the value does not fit the field",
	ReferenceNotFound:   "no record of that name to link to",
	ReferencePending:    "the linked person is not in the register yet; tried again on each run",
	RequiredFieldEmpty:  "a required field would stay empty",
	GroundMoved:         "something changed since the plan was made; the next run plans it anew",
	LoginAdoptionAsked:  "a local user has the same email; an administrator has to say that they are the same person",
	SupersededByRun:     "a newer run has taken its place",
	DismissedByApprover: "was not approved",
	StillInDirectory:    "answered when asked for by ID, so it is still in the directory",
	StaysAway:           "was taken back by an undo; stays away until the directory or a mapping changes, or somebody asks",
	Undone:              "taken back because the run that did it was undone",
}

// Sentence says the reason to people, without a full stop.
func (r Reason) Sentence() string {
	if s, ok := sentences[r]; ok {
		return s
	}
	return string(r)
}

// Issue is a problem with one field of one person: it never stops the rest.
type Issue struct {
	Field  int64
	Reason Reason
	Detail string // the offending value and what would fit, in words
}
