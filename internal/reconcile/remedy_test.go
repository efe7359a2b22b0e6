package reconcile

import (
	"strings"
	"testing"
)

// needsNothing are the reasons of things that were done, or that are as they
// should be.
var needsNothing = []Reason{
	NewInDirectory, AttributeChanged, AttributeEmptied, Renamed, DisabledInDirectory, DeletedInDirectory, PurgedInDirectory, LeftUnit,
	NoLongerMatches, MappingGone, EnteredUnit, Returned, ComesAgain, HigherMapping, MatchedIdentifier, PersonRecord, DismissedByApprover,
	StillInDirectory, Undone,
}

func TestEveryReasonThatLeavesSomethingUndoneHasARemedy(t *testing.T) {
	t.Parallel()
	nothing := map[Reason]bool{}
	for _, r := range needsNothing {
		nothing[r] = true
	}
	for name, r := range declaredReasons(t) {
		switch remedy := r.Remedy(); {
		case nothing[r] && remedy != "":
			t.Errorf("%s has a remedy, and needs none", name)
		case !nothing[r] && !strings.HasSuffix(remedy, "."):
			t.Errorf("%s: the remedy %q is no sentence", name, remedy)
		}
	}
}
