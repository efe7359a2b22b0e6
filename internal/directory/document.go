package directory

// Document is the attributes of one object as a JSON object in UTF-8, in the
// directory's own spelling and order. Names with "@" are annotations, not
// attributes. The order of attributes never carries meaning.
type Document []byte

// Fields is a set of attribute paths to pick out of documents in one pass. A
// path is an attribute name, or a name and a member joined by a dot:
// "employeeOrgData.division", "manager.id". Make it once with NewFields and
// use it for every document; it is safe for concurrent use.
type Fields struct {
	paths []string
	index map[string][]slot
}

// slot is where one path under a top-level name lands.
type slot struct {
	at   int
	tail string // the member below the name; "" for the whole value
}

// NewFields returns the set of the given paths, in that order.
func NewFields(paths ...string) *Fields { return newFields(paths) }

// Len returns how many paths the set has.
func (f *Fields) Len() int { return len(f.paths) }

// Paths returns the paths in order; do not change them.
func (f *Fields) Paths() []string { return f.paths }
