package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/musterhq/muster/client"
)

// verdict is what became of a request, as whoever sent it knows.
type verdict string

const (
	done    verdict = "done"
	refused verdict = "refused"
	unknown verdict = "unknown" // it was broken off, and nobody can tell
)

// entry is a line of the journal: what was asked, and what was answered in the
// end. Its key stands as the note in the register, so that each can be found there.
type entry struct {
	Key     string
	Out     bool // check-out, else check-in
	Asset   int64
	Verdict verdict
	Custody int64
	Answers []string // each answer on the way
}

// journal is what the workers know.
type journal struct {
	mu      sync.Mutex
	entries []entry
	wrong   []string // answers that nobody should get
}

func (j *journal) add(e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
}

func (j *journal) complain(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}

// worker hands things out and takes them back, one after the other, until the
// context ends. Several fight over the same assets.
func (s *site) worker(ctx context.Context, number int, random *rand.Rand, j *journal) {
	for n := 0; rest(ctx, 30*time.Millisecond); n++ { // within the rate of a token
		e := entry{Key: fmt.Sprintf("worker %d, act %d", number, n), Out: random.IntN(5) < 3, Asset: s.assets[random.IntN(len(s.assets))]}
		path, in := "/modules/1/check-in", any(client.CheckIn{Asset: e.Asset, Note: e.Key})
		if e.Out {
			path, in = "/modules/1/check-out", client.CheckOut{Asset: e.Asset, Holder: s.holders[random.IntN(len(s.holders))], Note: e.Key}
		}
		s.insist(&e, s.tokens[number], path, in, random, j)
		j.add(e)
	}
}

// patience is how long a worker insists on an answer, which is longer than
// anything stays broken.
const patience = 60 * time.Second

// insist sends a request under its key to one server after the other until one
// answers.
func (s *site) insist(e *entry, token, path string, in any, random *rand.Rand, j *journal) {
	body, err := json.Marshal(in)
	if err != nil {
		j.complain("%v", err)
		return
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	var broken time.Time // when it was first said to have been broken off
	for end := time.Now().Add(patience); time.Now().Before(end); {
		<-pause.C
		pause.Reset(50 * time.Millisecond)
		srv := s.servers[random.IntN(len(s.servers))]
		status, text := send(srv, token, path, e.Key, body)
		e.Answers = append(e.Answers, fmt.Sprintf("%d %.200s", status, text))
		switch {
		case status == 0, status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
			continue // nobody there, or not now: each clear, and the next one may know
		case status == http.StatusOK, status == http.StatusCreated:
			var k client.Custody
			if err := json.Unmarshal(text, &k); err != nil || k.Asset.ID != e.Asset {
				j.complain("%s was answered %s", e.Key, text)
			}
			e.Verdict, e.Custody = done, k.ID
			return
		case status == http.StatusConflict && bytes.Contains(text, []byte("in progress, or was broken off")):
			// The one that does it may still be at it; but not for long.
			if e.Verdict = unknown; broken.IsZero() {
				broken = time.Now()
			}
			if time.Since(broken) > 3*time.Second {
				return
			}
		case status == http.StatusConflict, status == http.StatusUnprocessableEntity:
			e.Verdict = refused
			return
		default:
			j.complain("%s was answered %d: %s", e.Key, status, text)
			e.Verdict = unknown
			return
		}
	}
	if e.Verdict == "" {
		j.complain("%s got no answer for %v: %q", e.Key, patience, e.Answers)
		e.Verdict = unknown
	}
}

// send sends a request and returns what was answered; status 0 for nothing.
func send(srv *server, token, path, key string, body []byte) (status int, text []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+srv.at+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(resp.Body)
	if err != nil {
		return 0, []byte(err.Error())
	}
	return resp.StatusCode, text
}
