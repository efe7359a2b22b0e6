// Package guid makes GUIDs: random ones, and ones that carry a number and give
// it back without a table.
package guid

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// Space turns numbers below 2^61 into GUIDs and back without a table: a
// four-round Feistel network over the 122 free bits of a version 4 GUID. A
// GUID that it did not make decodes to a wrong marker and is refused.
type Space struct{ keys [4]uint64 }

const (
	half61 = 1<<61 - 1
	// marker fills the half that the number does not use; it makes a random
	// GUID decode to nothing with overwhelming probability.
	marker = 0x15A3C_77E1_9D
)

// NewSpace makes the space of a seed.
func NewSpace(seed uint64) Space {
	var s Space
	for i := range s.keys {
		s.keys[i] = Mix(seed + uint64(i+1)*0x9E3779B97F4A7C15)
	}
	return s
}

// Mix is the finalizer of splitmix64: a cheap, well-spread hash of 64 bits.
func Mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xBF58476D1CE4E5B9
	x ^= x >> 27
	x *= 0x94D049BB133111EB
	return x ^ x>>31
}

// GUID returns the GUID of n, in lower case with hyphens.
func (s Space) GUID(n uint64) string {
	l, rr := n, uint64(marker)
	for _, k := range s.keys {
		l, rr = rr, l^Mix(rr^k)&half61
	}
	// 122 bits are laid out around the version nibble and the variant bits.
	hi := l>>13<<16 | 4<<12 | l>>1&0xFFF
	lo := 2<<62 | l&1<<61 | rr
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], hi)
	binary.BigEndian.PutUint64(raw[8:], lo)
	return Format(raw)
}

// Number finds what an id was made of; ok is false for an id that this space did not
// make. Hyphens and letter case as in a GUID are required loosely.
func (s Space) Number(id string) (n uint64, ok bool) {
	raw, ok := Parse(id)
	if !ok {
		return 0, false
	}
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	l := hi>>16<<13 | hi&0xFFF<<1 | lo>>61&1
	rr := lo & half61
	for i := len(s.keys) - 1; i >= 0; i-- {
		l, rr = rr^Mix(l^s.keys[i])&half61, l
	}
	if rr != marker || hi>>12&0xF != 4 || lo>>62 != 2 {
		return 0, false
	}
	return l, true
}

// Format writes the hyphenated form in lower case.
func Format(raw [16]byte) string {
	var out [36]byte
	hex.Encode(out[0:8], raw[0:4])
	hex.Encode(out[9:13], raw[4:6])
	hex.Encode(out[14:18], raw[6:8])
	hex.Encode(out[19:23], raw[8:10])
	hex.Encode(out[24:], raw[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// Parse accepts the hyphenated form in either case.
func Parse(id string) (raw [16]byte, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return raw, false
	}
	n, err := hex.Decode(raw[:], []byte(strings.ReplaceAll(id, "-", "")))
	return raw, err == nil && n == 16
}

// New is a random version 4 GUID.
func New() string {
	var raw [16]byte
	rand.Read(raw[:])
	raw[6], raw[8] = raw[6]&0x0F|0x40, raw[8]&0x3F|0x80
	return Format(raw)
}
