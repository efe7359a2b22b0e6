package entrasim

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
)

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

// idSpace turns object references into GUIDs and back without a table: a
// four-round Feistel network over the 122 free bits of a version 4 GUID. A
// GUID that it did not make decodes to a wrong marker and is refused.
type idSpace struct{ keys [4]uint64 }

const (
	half61 = 1<<61 - 1
	// marker fills the bits that a reference does not use; it makes a random
	// GUID decode to nothing with overwhelming probability.
	marker = 0x15A3C_77E1_9D
)

func newIDSpace(seed uint64) idSpace {
	var s idSpace
	for i := range s.keys {
		s.keys[i] = mix(seed + uint64(i+1)*0x9E3779B97F4A7C15)
	}
	return s
}

// mix is the finalizer of splitmix64: a cheap, well-spread hash of 64 bits.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xBF58476D1CE4E5B9
	x ^= x >> 27
	x *= 0x94D049BB133111EB
	return x ^ x>>31
}

// guid returns the object id of r, in lower case with hyphens.
func (s idSpace) guid(r ref) string {
	l, rr := uint64(r), uint64(marker)
	for _, k := range s.keys {
		l, rr = rr, l^mix(rr^k)&half61
	}
	// 122 bits are laid out around the version nibble and the variant bits.
	hi := l>>13<<16 | 4<<12 | l>>1&0xFFF
	lo := 2<<62 | l&1<<61 | rr
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], hi)
	binary.BigEndian.PutUint64(raw[8:], lo)
	return formatGUID(raw)
}

// ref finds the object of an id; ok is false for an id that this space did not
// make. Hyphens and letter case as in a GUID are required loosely.
func (s idSpace) ref(id string) (r ref, ok bool) {
	raw, ok := parseGUID(id)
	if !ok {
		return 0, false
	}
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	l := hi>>16<<13 | hi&0xFFF<<1 | lo>>61&1
	rr := lo & half61
	for i := len(s.keys) - 1; i >= 0; i-- {
		l, rr = rr^mix(l^s.keys[i])&half61, l
	}
	if rr != marker || hi>>12&0xF != 4 || lo>>62 != 2 {
		return 0, false
	}
	return ref(l), true
}

func formatGUID(raw [16]byte) string {
	var out [36]byte
	hex.Encode(out[0:8], raw[0:4])
	hex.Encode(out[9:13], raw[4:6])
	hex.Encode(out[14:18], raw[6:8])
	hex.Encode(out[19:23], raw[8:10])
	hex.Encode(out[24:], raw[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// parseGUID accepts the hyphenated form in either case.
func parseGUID(id string) (raw [16]byte, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return raw, false
	}
	n, err := hex.Decode(raw[:], []byte(strings.ReplaceAll(id, "-", "")))
	return raw, err == nil && n == 16
}
