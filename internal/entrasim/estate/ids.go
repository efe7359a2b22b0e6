package estate

import "github.com/musterhq/muster/internal/entrasim/guid"

// Kind is the type of a directory object.
type Kind uint8

// Kinds of directory objects. Their order is the order of mixed collections.
const (
	KindUser Kind = 1 + iota
	KindGroup
	KindDevice
	KindUnit
	KindDeviceID // not an object: the second GUID of a device
	KindFixed    // not an object: GUIDs of keys, assignments and the like
	KindCount
)

// Ref names one object as a number that sorts by kind and then by index.
type Ref uint64

const indexBits = 48

// MakeRef names object index of kind k.
func MakeRef(k Kind, index int) Ref { return Ref(uint64(k)<<indexBits | uint64(index)) }

// Kind is the type of the object.
func (r Ref) Kind() Kind { return Kind(r >> indexBits) }

// Index is the number of the object among its kind.
func (r Ref) Index() int { return int(r & (1<<indexBits - 1)) }

// ID is the object id of r.
func (t *Directory) ID(r Ref) string { return t.ids.GUID(uint64(r)) }

// RefOf finds the object of an id, in any letter case; ok is false for an id
// that this tenant would never give out.
func (t *Directory) RefOf(id string) (Ref, bool) {
	n, ok := t.ids.Number(id)
	return Ref(n), ok
}

// IsGUID tells whether s looks like an object id at all.
func IsGUID(s string) bool {
	_, ok := guid.Parse(s)
	return ok
}
