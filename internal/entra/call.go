package entra

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"
)

// call is one question to Graph.
type call struct {
	op      string // what is being done: "list users"
	subject string // to what, if there is one
	needs   string // the least permission, for the hint of a 403
	method  string // "" is GET
	url     string
	body    []byte // JSON
	// eventual asks for the advanced query engine. The header is not part of
	// links, so it is sent with each of them (README of aad-advanced-queries).
	eventual bool
	// check refuses a body; what it refuses is asked for again.
	check func(body []byte) error
	// arriving is shown what has arrived of a body so far, until it has enough; nil
	// when nobody looks.
	arriving func(body []byte) (enough bool)
	// buffer is memory to read the body into.
	buffer []byte
	host   string // set by do
}

// answer is a body that arrived whole, with its headers.
type answer struct {
	body   []byte
	header http.Header
}

// do asks until there is an answer, patience ends or the fault is final. A 401
// has the token renewed once, by force.
func (c *Client) do(ctx context.Context, rq call) (answer, error) {
	rq.host = c.graph.Host
	token, err := c.tokens.get(ctx)
	if err != nil {
		return answer{}, err
	}
	renewed := false
	for attempt := 0; ; attempt++ {
		if !c.retry.pass(ctx) {
			return answer{}, (&Fault{}).classify(ctx, &rq)
		}
		a, fault := c.once(ctx, &rq, token)
		if fault == nil {
			return a, nil
		}
		if fault.Status == http.StatusUnauthorized && !renewed {
			renewed = true
			if token, err = c.tokens.renew(ctx, token); err != nil {
				return answer{}, err
			}
			c.usage.retries.Add(1)
			continue
		}
		if !c.retry.wait(ctx, attempt, fault) {
			return answer{}, fault.classify(ctx, &rq)
		}
		if token, err = c.tokens.get(ctx); err != nil { // it may have aged while waiting
			return answer{}, err
		}
	}
}

// once sends one request and reads its whole answer.
func (c *Client) once(ctx context.Context, rq *call, token string) (answer, *Fault) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	id := uuid.NewString()
	req, err := c.request(ctx, rq, token, id)
	if err != nil {
		return answer{}, &Fault{Cause: err, ClientRequestID: id}
	}
	c.usage.requests.Add(1)
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, &Fault{Cause: withoutURL(err), ClientRequestID: id}
	}
	defer resp.Body.Close()
	look := rq.arriving
	if resp.StatusCode != http.StatusOK {
		look = nil
	}
	body, err := readBody(resp, rq.buffer, c.cfg.MaxBody, look)
	rq.buffer = body
	c.usage.bytes.Add(int64(len(body)))
	f := &Fault{Status: resp.StatusCode, RequestID: resp.Header.Get("request-id"), ClientRequestID: id}
	switch {
	case resp.StatusCode != http.StatusOK:
		f = readFault(resp.StatusCode, resp.Header, body, c.cfg.Now())
		f.ClientRequestID = id
		return answer{}, f
	case err != nil:
		f.Damage = err.Error()
		return answer{}, f
	}
	if rq.check != nil {
		if err := rq.check(body); err != nil {
			f.Damage = err.Error()
			return answer{}, f
		}
	}
	return answer{body, resp.Header}, nil
}

func (c *Client) request(ctx context.Context, rq *call, token, id string) (*http.Request, error) {
	method := rq.method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, rq.url, bytes.NewReader(rq.body))
	if err != nil {
		return nil, err
	}
	h := req.Header
	h.Set("Authorization", "Bearer "+token)
	h.Set("Accept", "application/json")
	h.Set("User-Agent", c.cfg.UserAgent)
	h.Set("client-request-id", id)
	h.Set("x-ms-throttle-priority", "Low") // background work: others go first
	if rq.eventual {
		h.Set("ConsistencyLevel", "eventual")
	}
	if rq.body != nil {
		h.Set("Content-Type", "application/json")
	}
	return req, nil
}

// readBody reads a body into buffer's memory, growing it when needed. A body
// shorter than announced, cut, or larger than most is an error. While it arrives
// look is shown what there is, until it has enough; it may be nil.
func readBody(resp *http.Response, buffer []byte, most int, look func([]byte) (enough bool)) ([]byte, error) {
	body := buffer[:0]
	if n := resp.ContentLength; n > int64(most) {
		return body, fmt.Errorf("the body has %d bytes, more than the %d allowed", n, most)
	} else if n > int64(cap(body)) {
		body = make([]byte, 0, n+n/8+1)
	} else if cap(body) == 0 {
		body = make([]byte, 0, 16<<10)
	}
	for {
		n, err := resp.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if look != nil && look(body) {
			look = nil
		}
		switch {
		case err == io.EOF:
			return body, nil
		case err != nil:
			return body, fmt.Errorf("the body broke off after %d bytes: %w", len(body), err)
		case len(body) > most:
			return body, fmt.Errorf("the body is larger than the %d bytes allowed", most)
		case len(body) == cap(body):
			body = append(make([]byte, 0, 2*cap(body)), body...)
		}
	}
}
