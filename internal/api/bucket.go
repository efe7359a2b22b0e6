package api

import (
	"sync"
	"time"
)

// Rate is how often one token may ask.
type Rate struct {
	PerSecond float64 // in the long run
	Burst     int     // at once, after a pause
}

func (r Rate) orUsual() Rate {
	if r.PerSecond <= 0 {
		r.PerSecond = 20
	}
	if r.Burst <= 0 {
		r.Burst = 200
	}
	return r
}

// buckets count requests by who makes them: each has a bucket that fills by
// PerSecond up to Burst, and a request takes one from it.
type buckets struct {
	rate Rate
	now  func() time.Time

	mu  sync.Mutex
	all map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// manyBuckets is when full ones are thrown away: they are like none.
const manyBuckets = 10_000

func newBuckets(r Rate, now func() time.Time) *buckets {
	return &buckets{rate: r, now: now, all: map[string]bucket{}}
}

// take takes one request from who's bucket. Of an empty one it returns how long
// it takes to fill; 0 otherwise.
func (b *buckets) take(who string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if len(b.all) >= manyBuckets {
		b.clean(now)
	}
	have, known := b.all[who]
	if !known {
		have = bucket{left: float64(b.rate.Burst), at: now}
	}
	have = b.filled(have, now)
	if have.left < 1 {
		return time.Duration((1 - have.left) / b.rate.PerSecond * float64(time.Second))
	}
	have.left--
	b.all[who] = have
	return 0
}

// filled is a bucket with what came since. A clock that was set back adds nothing.
func (b *buckets) filled(have bucket, now time.Time) bucket {
	since := max(0, now.Sub(have.at))
	return bucket{left: min(float64(b.rate.Burst), have.left+since.Seconds()*b.rate.PerSecond), at: now}
}

func (b *buckets) clean(now time.Time) {
	for who, have := range b.all {
		if b.filled(have, now).left >= float64(b.rate.Burst) {
			delete(b.all, who)
		}
	}
}
