package entra

import (
	"sync/atomic"
	"time"

	"github.com/musterhq/muster/internal/directory"
)

// counters adds up what a client does.
type counters struct {
	requests, retries, waited, bytes, pages atomic.Int64
}

func (c *counters) snapshot() directory.Usage {
	return directory.Usage{
		Requests: int(c.requests.Load()),
		Retries:  int(c.retries.Load()),
		Waited:   time.Duration(c.waited.Load()),
		Bytes:    c.bytes.Load(),
		Pages:    int(c.pages.Load()),
	}
}

// habits remembers what a host was found not to do, so that it is tried once.
type habits struct {
	noExpand   atomic.Bool // $expand is refused or ignored
	seesExpand atomic.Bool // $expand was seen to work
	noBatch    atomic.Bool // $batch is refused
	noCast     atomic.Bool // members cannot be asked for by type
	noShard    atomic.Bool // ranges are refused or do not add up
}
