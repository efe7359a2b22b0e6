package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// batchSize is how many requests Graph takes in one batch.
// https://learn.microsoft.com/graph/json-batching
const batchSize = 20

// part is one request of many and its answer.
type part struct {
	path   string // below /v1.0, with its options
	status int    // 200, 404, 400 or 501; anything else is an error of the whole
	body   []byte // owned
}

// each asks for every path, in batches or one by one where batches are refused.
// 200, 400, 404 and 501 are left for the caller to judge; requests that were
// throttled are sent again.
func (c *Client) each(ctx context.Context, rq call, parts []part) error {
	for start := 0; start < len(parts); start += batchSize {
		chunk := parts[start:min(start+batchSize, len(parts))]
		var err error
		if len(chunk) > 1 && !c.habits.noBatch.Load() {
			err = c.batch(ctx, rq, chunk)
			if s := statusOf(err); s == 400 || s == 404 || s == 405 || s == 501 {
				c.habits.noBatch.Store(true)
				err = c.singles(ctx, rq, chunk)
			}
		} else {
			err = c.singles(ctx, rq, chunk)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) singles(ctx context.Context, rq call, parts []part) error {
	for i := range parts {
		rq.url, rq.check = c.link(parts[i].path), wholeJSON
		a, err := c.do(ctx, rq)
		switch status := statusOf(err); {
		case err == nil:
			parts[i].status, parts[i].body = http.StatusOK, a.body
		case judged(status):
			parts[i].status = status
		default:
			return err
		}
	}
	return nil
}

// judged tells the statuses that are the caller's to judge.
func judged(status int) bool {
	return status == http.StatusOK || status == http.StatusNotFound || status == http.StatusBadRequest || status == http.StatusNotImplemented
}

func wholeJSON(body []byte) error {
	if !json.Valid(body) {
		return fmt.Errorf("the answer of %d bytes is cut or broken", len(body))
	}
	return nil
}

type batchRequest struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	URL    string `json:"url"`
}

type batchResponse struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// batch sends up to twenty requests in one, and again those that were throttled
// or met a passing fault.
func (c *Client) batch(ctx context.Context, rq call, parts []part) error {
	open := make([]int, len(parts))
	for i := range open {
		open[i] = i
	}
	for attempt := 0; ; attempt++ {
		answers, header, err := c.sendBatch(ctx, rq, parts, open)
		if err != nil {
			return err
		}
		var again []int
		var worst *Fault
		for _, i := range open {
			a, ok := answers[strconv.Itoa(i)]
			f := a.fault(header, c.cfg.Now())
			switch {
			case !ok:
				f = &Fault{Damage: "a batch came back without one of its answers", RequestID: header.Get("request-id")}
				fallthrough
			case f.transient():
				again = append(again, i)
				if worst == nil || f.wait > worst.wait {
					worst = f
				}
			case judged(a.Status):
				parts[i].status, parts[i].body = a.Status, a.Body
			default:
				return f.classify(ctx, &rq)
			}
		}
		if len(again) == 0 {
			return nil
		}
		open = again
		if !c.retry.wait(ctx, attempt, worst) {
			return worst.classify(ctx, &rq)
		}
	}
}

// sendBatch sends the open parts, each under its index as ID.
func (c *Client) sendBatch(ctx context.Context, rq call, parts []part, open []int) (map[string]batchResponse, http.Header, error) {
	var out struct {
		Requests []batchRequest `json:"requests"`
	}
	for _, i := range open {
		out.Requests = append(out.Requests, batchRequest{strconv.Itoa(i), http.MethodGet, parts[i].path})
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, nil, err
	}
	var in struct {
		Responses []batchResponse `json:"responses"`
	}
	rq.method, rq.url, rq.body = http.MethodPost, c.link("/$batch"), body
	rq.check = func(body []byte) error {
		in.Responses = nil
		return json.Unmarshal(body, &in)
	}
	a, err := c.do(ctx, rq)
	if err != nil {
		return nil, nil, err
	}
	answers := make(map[string]batchResponse, len(in.Responses))
	for _, r := range in.Responses {
		answers[r.ID] = r
	}
	return answers, a.header, nil
}

// fault reads the answer of one part as far as it is a fault.
func (b *batchResponse) fault(outer http.Header, now time.Time) *Fault {
	h := http.Header{}
	for name, value := range b.Headers {
		h.Set(strings.TrimSpace(name), value)
	}
	f := readFault(b.Status, h, b.Body, now)
	if f.RequestID == "" {
		f.RequestID = outer.Get("request-id")
	}
	return f
}
