package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// prefix is where the interface lives on a server.
const prefix = "/api/v1"

// Client talks to one server with one token. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
	tries int
	agent string
	sleep func(ctx context.Context, d time.Duration) error
}

// Option changes how a client works.
type Option func(*Client)

// WithHTTPClient has requests sent by h, whose transport may trust a CA of one's
// own. Its redirects and timeout are left alone; a timeout ends event streams.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// WithTries sets how often a request is sent in all when the server is too busy;
// the usual is five times.
func WithTries(n int) Option { return func(c *Client) { c.tries = max(1, n) } }

// WithUserAgent sets what the client calls itself.
func WithUserAgent(s string) Option { return func(c *Client) { c.agent = s } }

// New returns a client of the server at an address, https://assets.example.com,
// that sends a token. Plain http is for this machine only: the token would be
// readable on the way.
func New(address, token string, options ...Option) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("%q is not the address of a server; write it like https://assets.example.com", address)
	}
	if u.Scheme == "http" && !local(u.Hostname()) {
		return nil, fmt.Errorf("%s would have the token sent in the clear; use https", address)
	}
	if token = strings.TrimSpace(token); token == "" || strings.ContainsAny(token, " \r\n") {
		return nil, errors.New("there is no token, or more than one")
	}
	c := &Client{
		base: u.Scheme + "://" + u.Host + strings.TrimRight(u.Path, "/") + prefix, token: token, tries: 5, agent: "muster-client", sleep: sleep,
		http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

// local reports whether a host is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Call sends a request to a path below /api/v1 and decodes the answer into out,
// where neither in nor out needs to be. Everything else of this package goes
// through it; it serves what has no method of its own. A refusal is a *Problem.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	return c.call(ctx, method, path, in, out, nil)
}

func (c *Client) call(ctx context.Context, method, path string, in, out any, header http.Header) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	resp, err := c.send(ctx, method, path, body, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil || resp.StatusCode == http.StatusNoContent {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return nil
}

// send sends a request until it is answered, and returns the answer of one that
// went well.
func (c *Client) send(ctx context.Context, method, path string, body []byte, header http.Header) (*http.Response, error) {
	once := ""
	if method == http.MethodPost && header.Get("Content-Type") == "" {
		once = rand.Text()
	}
	for try := 1; ; try++ {
		req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		for name, values := range header {
			req.Header[name] = values
		}
		req.Header.Set("Authorization", "Bearer "+c.token)
		req.Header.Set("User-Agent", c.agent)
		if body != nil && req.Header.Get("Content-Type") == "" {
			req.Header.Set("Content-Type", "application/json")
		}
		if once != "" {
			req.Header.Set("Idempotency-Key", once)
		}
		resp, err := c.http.Do(req)
		wait, again := c.again(try, method, once != "", resp, err)
		if !again {
			return answered(resp, err)
		}
		if resp != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
			resp.Body.Close()
		}
		if err := c.sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// followAgain is how long a client waits before it follows a run again whose
// events broke off.
const followAgain = time.Second

// longest is the longest wait that a server can ask for.
const longest = 5 * time.Minute

// again says whether a request is sent once more, and after which wait.
//
//	outcome                 GET, PUT, DELETE   POST with a key   PATCH
//	429, 503                again              again             again: nothing was done
//	the connection broke    again              again             no: it may have been done
//	anything else           no                 no                no
func (c *Client) again(try int, method string, keyed bool, resp *http.Response, err error) (time.Duration, bool) {
	wait := min(time.Second<<(try-1), 30*time.Second)
	switch {
	case try >= c.tries || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return 0, false
	case err != nil:
		return wait, keyed || method != http.MethodPatch && method != http.MethodPost
	case resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable:
		return 0, false
	}
	if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n >= 0 {
		wait = min(time.Duration(n)*time.Second, longest)
	}
	return wait, true
}

// answered turns a refusal into an error.
func answered(resp *http.Response, err error) (*http.Response, error) {
	if err != nil || resp.StatusCode < 300 {
		return resp, err
	}
	defer resp.Body.Close()
	p := &Problem{Status: resp.StatusCode, Title: http.StatusText(resp.StatusCode)}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); kind != "application/problem+json" || json.Unmarshal(text, p) != nil {
		p.Detail = fmt.Sprintf("the server answers %s, which is not an answer of Muster", resp.Status)
		p.Hint = "Check the address, and the proxy in front of the server."
	}
	return nil, p
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// get reads one thing.
func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var out T
	err := c.Call(ctx, http.MethodGet, path, nil, &out)
	return out, err
}

// post does something and returns what came of it.
func post[T any](ctx context.Context, c *Client, path string, in any) (T, error) {
	var out T
	err := c.Call(ctx, http.MethodPost, path, in, &out)
	return out, err
}
