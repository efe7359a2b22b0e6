package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
)

// Hash is an event's place in the chain: over the event and the hash before it.
type Hash [32]byte

// Chain returns the hash of an event that follows the one with the hash before;
// the first follows the zero Hash. Each text is preceded by its length and the
// details by their number, so that no two events share an encoding.
//
// Times count to the microsecond, which is what the database keeps.
func Chain(before Hash, e Event) Hash {
	b := make([]byte, 0, 512)
	b = append(b, before[:]...)
	number := func(n int64) { b = binary.BigEndian.AppendUint64(b, uint64(n)) } // #nosec G115 -- the bits as they are
	text := func(s string) {
		number(int64(len(s)))
		b = append(b, s...)
	}
	number(e.At.UnixMicro())
	number(e.Account)
	number(e.Module)
	text(e.Actor.Kind)
	number(e.Actor.ID)
	text(e.Actor.Name)
	text(e.Actor.Address)
	text(string(e.Action))
	text(e.SubjectKind)
	number(e.SubjectID)
	text(e.SubjectName)
	number(int64(len(e.Details)))
	for _, d := range e.Details {
		text(d.Name)
		text(d.Before)
		text(d.After)
	}
	return sha256.Sum256(b)
}

// Entry is an event as it stands in the log.
type Entry struct {
	ID int64
	Event
	Hash Hash // as it was stored with the event
}

// Finding is what Verify found.
type Finding struct {
	Events int64 // whose hashes are right, from the first one on
	Broken int64 // the first entry that does not follow from those before it; 0 when all do
	Last   Hash  // of the last right one
}

// Intact reports whether each event follows from those before it.
func (f Finding) Intact() bool { return f.Broken == 0 }

// Verify walks the log from its first entry and stops where it was tampered
// with: an entry changed, inserted, moved, or taken out of the middle.
//
// Entries cut off at the end leave a chain that is right by itself. Whoever has
// to notice that too notes Last and Events elsewhere from time to time: a later
// log has the same hash at that place. Verify returns the error of the log if
// reading it fails.
func Verify(log iter.Seq2[Entry, error]) (Finding, error) {
	var f Finding
	for e, err := range log {
		if err != nil {
			return f, err
		}
		if Chain(f.Last, e.Event) != e.Hash {
			f.Broken = e.ID
			return f, nil
		}
		f.Last = e.Hash
		f.Events++
	}
	return f, nil
}
