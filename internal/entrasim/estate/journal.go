package estate

import "time"

// Op is what happened to an object.
type Op uint8

const (
	OpUpdate  Op = iota // properties in mask changed
	opCreate            // hired, or created
	opSoft              // soft-deleted
	OpPurge             // gone for good
	opRestore           // back from deletedItems
	OpLink              // member (or manager) added
	OpUnlink            // member (or manager) removed
)

// change is one line of the journal of one kind of object.
type change struct {
	seq   uint64
	at    time.Time
	Op    Op
	Index int
	Mask  uint64 // opUpdate: what changed; opLink, opUnlink: the link property
	Link  Ref    // opLink, opUnlink: the other object
}

// log appends to the journal; the caller holds the write lock.
func (t *Directory) log(k Kind, index int, o Op, mask uint64, link Ref) {
	t.Seq++
	t.Version++
	t.journal[k] = append(t.journal[k], change{t.Seq, t.now(), o, index, mask, link})
	t.notify(k, index, o)
}

// Since returns the changes of kind k after from, up to and including to.
func (t *Directory) Since(k Kind, from, to uint64) []change {
	all := t.journal[k]
	return all[lowerBound(all, from+1):lowerBound(all, to+1)]
}

// lowerBound is the first entry with a sequence number of at least seq.
func lowerBound(all []change, seq uint64) int {
	lo, hi := 0, len(all)
	for lo < hi {
		mid := (lo + hi) / 2
		if all[mid].seq < seq {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// VisibleSeq is the last sequence number that delta may show when changes
// take delay to appear.
func (t *Directory) VisibleSeq(k Kind, delay time.Duration) uint64 {
	if delay <= 0 {
		return t.Seq
	}
	limit, all := t.now().Add(-delay), t.journal[k]
	for i := len(all) - 1; i >= 0; i-- {
		if !all[i].at.After(limit) {
			return all[i].seq
		}
	}
	return 0
}
