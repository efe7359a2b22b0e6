package directory

import (
	"encoding/hex"

	"github.com/musterhq/muster/internal/errs"
)

// ObjectID is the immutable identifier of a directory object, the anchor of
// every link (F15). The zero ObjectID stands for none.
type ObjectID [16]byte

// guidDashes are the offsets of the hyphens in the usual spelling of a GUID.
const guidDashes = "\x08\x0d\x12\x17"

// ParseObjectID reads a GUID in its usual spelling, in either case. It fails
// with errs.Invalid for anything else, the zero GUID included.
func ParseObjectID(s string) (ObjectID, error) {
	id, ok := ParseObjectIDBytes([]byte(s))
	if !ok {
		return ObjectID{}, errs.New(errs.Invalid, "%q is not an object ID", s).
			WithHint("An object ID looks like 1b4e28ba-2fa1-11d2-883f-0016d3cca427.")
	}
	return id, nil
}

// ParseObjectIDBytes is ParseObjectID without an error and without allocating,
// for pages of a thousand objects.
func ParseObjectIDBytes(s []byte) (id ObjectID, ok bool) {
	if len(s) != 36 {
		return id, false
	}
	for i := range len(guidDashes) {
		if s[guidDashes[i]] != '-' {
			return id, false
		}
	}
	n := 0
	for i := 0; i < 36; {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			i++
			continue
		}
		high, low := unhex(s[i]), unhex(s[i+1])
		if high > 15 || low > 15 {
			return ObjectID{}, false
		}
		id[n] = high<<4 | low
		n, i = n+1, i+2
	}
	return id, id != ObjectID{}
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// IsZero reports whether id stands for no object.
func (id ObjectID) IsZero() bool { return id == ObjectID{} }

// String returns the usual spelling in lower case.
func (id ObjectID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
