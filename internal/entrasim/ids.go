package entrasim

import "github.com/musterhq/muster/internal/entrasim/guid"

// Kind is the type of a directory object.
type Kind uint8

// Kinds of directory objects. Their order is the order of mixed collections.
const (
	KindUser Kind = 1 + iota
	KindGroup
	KindDevice
	KindUnit
	kindDeviceID // not an object: the second GUID of a device
	kindFixed    // not an object: GUIDs of keys, assignments and the like
	kindCount
)

// ref names one object as a number that sorts by kind and then by index.
type ref uint64

const indexBits = 48

func makeRef(k Kind, index int) ref { return ref(uint64(k)<<indexBits | uint64(index)) }
func (r ref) kind() Kind            { return Kind(r >> indexBits) }
func (r ref) index() int            { return int(r & (1<<indexBits - 1)) }

// id is the object id of r.
func (t *estate) id(r ref) string { return t.ids.GUID(uint64(r)) }

// refOf finds the object of an id, in any letter case; ok is false for an id
// that this tenant would never give out.
func (t *estate) refOf(id string) (ref, bool) {
	n, ok := t.ids.Number(id)
	return ref(n), ok
}

// isGUID tells whether s looks like an object id at all.
func isGUID(s string) bool {
	_, ok := guid.Parse(s)
	return ok
}
