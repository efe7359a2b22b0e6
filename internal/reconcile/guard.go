package reconcile

import "fmt"

// Class is a kind of change that can do harm in numbers. A change may belong
// to several. The bits are stored.
type Class uint32

// The classes, each with a limit of its own.
const (
	ClassDeactivation  Class = 1 << iota // a login is closed
	ClassRoleGain                        // a login that was there gains a role
	ClassRoleLoss                        // a login loses a role
	ClassBlank                           // a field that held something is emptied
	ClassRename                          // a title, a unique identifier or an email changes
	ClassRelink                          // a link moves to another object
	ClassGuest                           // a guest enters
	ClassAdministrator                   // a login gains a role above Collaborator
	ClassAdoption                        // a local login is taken over
	ClassMissing                         // somebody vanished from the directory without being deleted
	// ClassEdit is what people lose by an edit of the mappings that nobody has
	// looked at. It has no limit and is always held; the planner of a run sets it.
	ClassEdit
)

var classNames = map[Class]string{
	ClassDeactivation:  "deactivations",
	ClassRoleGain:      "role_gains",
	ClassRoleLoss:      "role_losses",
	ClassBlank:         "blanked",
	ClassRename:        "renames",
	ClassRelink:        "relinks",
	ClassGuest:         "new_guests",
	ClassAdministrator: "administrators",
	ClassAdoption:      "adoptions",
	ClassMissing:       "missing",
	ClassEdit:          "edits",
}

// Classes returns the classes that have limits, in a fixed order.
func Classes() []Class {
	return []Class{
		ClassDeactivation, ClassRoleGain, ClassRoleLoss, ClassBlank, ClassRename,
		ClassRelink, ClassGuest, ClassAdministrator, ClassAdoption, ClassMissing,
	}
}

// ClassNamed returns the class with the name that stands in muster.yaml.
func ClassNamed(name string) (Class, bool) {
	for _, c := range Classes() {
		if classNames[c] == name {
			return c, true
		}
	}
	return 0, false
}

// String returns the class's name as it stands in muster.yaml.
func (c Class) String() string {
	if n, ok := classNames[c]; ok {
		return n
	}
	return fmt.Sprintf("class %d", uint32(c))
}

// Limit is how many changes of a class a run may make unasked: at most Count
// and at most Percent of those there are, but always Floor, so that a small
// organization is not asked about everybody.
type Limit struct {
	Count   int
	Percent int
	Floor   int
}

// Allows returns the largest number that the limit lets through of base.
func (l Limit) Allows(base int) int {
	return max(l.Floor, min(l.Count, base*l.Percent/100))
}

// Limits holds a limit per class; a class without one is not guarded.
type Limits map[Class]Limit

// DefaultLimits are on for every connection: a fifth or 500, whichever is
// less, and five in any case. Administrators above three, moved links and
// adopted logins are always asked about.
func DefaultLimits() Limits {
	usual := Limit{Count: 500, Percent: 20, Floor: 5}
	return Limits{
		ClassDeactivation: usual, ClassRoleGain: usual, ClassRoleLoss: usual,
		ClassBlank: usual, ClassRename: usual, ClassGuest: usual, ClassMissing: usual,
		ClassAdministrator: {Floor: 3},
		ClassRelink:        {},
		ClassAdoption:      {},
	}
}

// Hold is the guard's word on one class.
type Hold struct {
	Class   Class
	Planned int
	Allowed int
	Base    int
}

// Sentence says the hold to people.
func (h Hold) Sentence() string {
	what := map[Class]string{
		ClassDeactivation:  "logins would be deactivated",
		ClassRoleGain:      "users would gain a role",
		ClassRoleLoss:      "users would lose a role",
		ClassBlank:         "records would have fields emptied",
		ClassRename:        "people would be renamed",
		ClassRelink:        "links would move to another directory object",
		ClassGuest:         "guests would enter",
		ClassAdministrator: "users would become administrators",
		ClassAdoption:      "local users would be taken over by the directory",
		ClassMissing:       "people have vanished from the directory's answer",
		ClassEdit:          "changes come from an edit of the mappings that nobody has looked at; look with: muster plan",
	}[h.Class]
	if h.Base > 0 {
		return fmt.Sprintf("%d of %d %s (limit %d)", h.Planned, h.Base, what, h.Allowed)
	}
	return fmt.Sprintf("%s: %d (limit %d)", what, h.Planned, h.Allowed)
}

// Guard compares what is planned with the limits and returns the classes that
// a person has to approve, in a fixed order. bases says how many there are of
// what a class counts: open logins for deactivations, linked records for
// blanked fields. Guests are not guarded while the base is 0, which is the
// first run: there is nothing to compare with.
func Guard(planned Tally, bases map[Class]int, limits Limits) []Hold {
	var holds []Hold
	for _, class := range Classes() {
		limit, guarded := limits[class]
		n := planned[class]
		if !guarded || n == 0 || (class == ClassGuest && bases[class] == 0) {
			continue
		}
		if allowed := limit.Allows(bases[class]); n > allowed {
			holds = append(holds, Hold{Class: class, Planned: n, Allowed: allowed, Base: bases[class]})
		}
	}
	return holds
}

// Held returns the classes of holds as one set.
func Held(holds []Hold) Class {
	var set Class
	for _, h := range holds {
		set |= h.Class
	}
	return set
}
