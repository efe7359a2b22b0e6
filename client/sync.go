package client

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
)

// Connections lists the integrations of a module.
func (c *Client) Connections(ctx context.Context, module int64) ([]Connection, error) {
	return whole[Connection](ctx, c, in(module, "/connections"))
}

// TestConnection tries a connection as it is stored, fact by fact.
func (c *Client) TestConnection(ctx context.Context, module, id int64) (Tested, error) {
	return post[Tested](ctx, c, in(module, "/connections/%d/test", id), nil)
}

// Mappings lists the mappings of a connection, in order.
func (c *Client) Mappings(ctx context.Context, module, connection int64) ([]Mapping, error) {
	return whole[Mapping](ctx, c, in(module, "/connections/%d/mappings", connection))
}

// StartRun starts a sync, or the preview of one, which goes on by itself.
func (c *Client) StartRun(ctx context.Context, module, connection int64, o RunOrder) (Run, error) {
	return post[Run](ctx, c, in(module, "/connections/%d/runs", connection), o)
}

// Runs lists the newest runs of a connection, so many at most.
func (c *Client) Runs(ctx context.Context, module, connection int64, limit int) ([]Run, error) {
	return whole[Run](ctx, c, with(in(module, "/connections/%d/runs", connection), values("limit", strconv.Itoa(limit))))
}

// Run returns a run.
func (c *Client) Run(ctx context.Context, module, id int64) (Run, error) {
	return get[Run](ctx, c, in(module, "/runs/%d", id))
}

// Changes yields what a run did, or would do. part narrows it to a part of the
// report, such as held; "" is all of it.
func (c *Client) Changes(ctx context.Context, module, run int64, part string) iter.Seq2[Change, error] {
	return pages[Change](ctx, c, in(module, "/runs/%d/changes", run), values("part", part, "limit", "1000"))
}

// Approve decides about what a run holds.
func (c *Client) Approve(ctx context.Context, module, run int64, d Decision) (Run, error) {
	return post[Run](ctx, c, in(module, "/runs/%d/approve", run), d)
}

// Undo takes back what a run did, where nobody has changed it since.
func (c *Client) Undo(ctx context.Context, module, run int64) (Run, error) {
	return post[Run](ctx, c, in(module, "/runs/%d/undo", run), nil)
}

// Cancel stops a run between two batches.
func (c *Client) Cancel(ctx context.Context, module, run int64) (Run, error) {
	return post[Run](ctx, c, in(module, "/runs/%d/cancel", run), nil)
}

// Explain says why a person of the directory is as they are in the register.
func (c *Client) Explain(ctx context.Context, module, connection int64, person string) (Explanation, error) {
	return get[Explanation](ctx, c, with(in(module, "/connections/%d/explain", connection), values("person", person)))
}

// Watch follows a run until it ends and returns it as it ended. tell gets its
// progress, and may be nil. A stream that breaks off is taken up again.
func (c *Client) Watch(ctx context.Context, module, run int64, tell func(Progress)) (Run, error) {
	for {
		ended, err := c.follow(ctx, module, run, tell)
		if err != nil || ended != nil && ended.State != "running" {
			if err != nil {
				return Run{}, err
			}
			return *ended, nil
		}
		if err := ctx.Err(); err != nil {
			return Run{}, err
		}
		now, err := c.Run(ctx, module, run)
		if err != nil || now.State != "running" {
			return now, err
		}
		if err := c.sleep(ctx, followAgain); err != nil {
			return Run{}, err
		}
	}
}

// follow reads a run's events to their end. It returns the run when the server
// told how it ended, and nil when the stream broke off before.
func (c *Client) follow(ctx context.Context, module, run int64, tell func(Progress)) (*Run, error) {
	resp, err := c.send(ctx, http.MethodGet, in(module, "/runs/%d/events", run), nil, http.Header{"Accept": {"text/event-stream"}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var ended *Run
	err = events(resp.Body, func(event, data string) error {
		switch event {
		case "progress":
			var p Progress
			if err := json.Unmarshal([]byte(data), &p); err != nil {
				return err
			}
			if tell != nil {
				tell(p)
			}
		case "run":
			ended = &Run{}
			return json.Unmarshal([]byte(data), ended)
		}
		return nil
	})
	return ended, err
}

// events reads server-sent events. A stream that breaks off ends them without an
// error: whoever follows asks again.
func events(r io.Reader, tell func(event, data string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	event, data := "", ""
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "event":
			event = value
		case "data":
			data += value
		case "":
			if data != "" {
				if err := tell(event, data); err != nil {
					return fmt.Errorf("read an event: %w", err)
				}
			}
			event, data = "", ""
		}
	}
	return nil
}
