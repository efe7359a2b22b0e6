package automation

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/reach"
	"github.com/musterhq/muster/internal/secret"
)

// Headers of a post.
const (
	// SignatureHeader holds "t=SECONDS,v1=HEX": the seconds since 1970 at which the
	// post was made, and the HMAC-SHA256, by the action's key, of these digits, a
	// full stop, and the body.
	SignatureHeader = "Muster-Signature"
	// DeliveryHeader is the same for each try of one post.
	DeliveryHeader = "Muster-Delivery"
)

// Bounds of a post.
const (
	postTime   = 15 * time.Second
	answerMost = 64 << 10 // bytes that are read of an answer, so that the connection can be used again
)

// Poster posts to web addresses. Addresses of the own machine and of private
// networks are refused, also when a name leads there, unless they are allowed: a
// module's administrator must not reach with Muster what only the server can.
type Poster struct {
	client  *http.Client
	allowed reach.Guard
}

// NewPoster returns a poster that reaches public addresses over https, and those
// in the allowed networks, to which it also speaks plain http.
func NewPoster(allowed []netip.Prefix) *Poster {
	p := &Poster{allowed: allowed}
	dialer := &net.Dialer{Timeout: postTime, Control: p.allowed.Dial}
	p.client = &http.Client{
		Timeout: postTime,
		Transport: &http.Transport{
			Proxy:       nil, // a proxy would look names up by itself
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: postTime, ResponseHeaderTimeout: postTime, MaxIdleConns: 10, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p
}

// checkAddress refuses what cannot be posted to.
func (p *Poster) checkAddress(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errs.New(errs.Invalid, "%q is not a web address", text).WithHint("Write it like https://hooks.example.com/muster.")
	case u.Scheme == "http" && len(p.allowed) == 0 || u.Scheme != "http" && u.Scheme != "https":
		return errs.New(errs.Invalid, "a post needs an address with https")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := p.allowed.Admit(ip); err != nil {
			return refused()
		}
	}
	return nil
}

func refused() error {
	return errs.New(errs.Forbidden, "%s", reach.ErrInside).
		WithHint("Whoever runs the server can allow it: muster serve --post-to NETWORK.")
}

// send posts a body, signed when there is a key. An error of the kind
// Unavailable may pass; others stay.
func (p *Poster) send(ctx context.Context, address string, body []byte, key secret.Text, delivery string, now time.Time) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errs.New(errs.Invalid, "%q is not a web address", address)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "muster")
	req.Header.Set(DeliveryHeader, delivery)
	if !key.IsZero() {
		req.Header.Set(SignatureHeader, Signature(key, body, now))
	}
	resp, err := p.client.Do(req)
	if errors.Is(err, reach.ErrInside) {
		return refused()
	}
	if err != nil {
		// The address may hold a secret, as those of Slack and Teams do: only the
		// cause is told.
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return errs.New(errs.Unavailable, "%s cannot be reached", req.URL.Host).Because(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, answerMost)) // only so that the connection can be used again
	return answered(req.URL.Host, resp.StatusCode)
}

// answered says what a status means.
//
//	2xx                      done
//	408, 425, 429, 5xx       may pass: tried again
//	3xx, other 4xx           stays: redirects are not followed
func answered(host string, status int) error {
	switch {
	case status/100 == 2:
		return nil
	case status/100 == 3:
		return errs.New(errs.Invalid, "%s answered %d and leads elsewhere", host, status).WithHint("Give the address that it leads to; redirects are not followed.")
	case status/100 == 5, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return errs.New(errs.Unavailable, "%s answered %d", host, status)
	}
	return errs.New(errs.Invalid, "%s answered %d", host, status).WithHint("Check the address, and what its owner says to the post.")
}

// Signature returns the value of SignatureHeader for a body.
func Signature(key secret.Text, body []byte, at time.Time) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	fmt.Fprintf(mac, "%s.", seconds)
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// posted is the body of a post in the shape Plain.
type posted struct {
	Automation string          `json:"automation"`
	Module     string          `json:"module"`
	Trigger    Kind            `json:"trigger"`
	At         time.Time       `json:"at"`
	Text       string          `json:"text"`
	Count      int             `json:"count"`
	Subjects   []postedSubject `json:"subjects"`
}

type postedSubject struct {
	Text       string     `json:"text"`
	Record     int64      `json:"record,omitempty"`
	Collection int64      `json:"collection,omitempty"`
	Title      string     `json:"title,omitempty"`
	Holder     string     `json:"holder,omitempty"`
	Due        *time.Time `json:"due,omitempty"`
	Connection int64      `json:"connection,omitempty"`
	Run        int64      `json:"run,omitempty"`
	Link       string     `json:"link,omitempty"`
}

// postedMost is how many subjects a post carries.
const postedMost = 1000

// postBody returns what a post says.
func (w *writing) postBody(a *Action) ([]byte, error) {
	text := w.headline()
	if a.Text != "" {
		text = w.fill(a.Text)
	} else if len(w.subjects) > 1 {
		text += "\n" + w.list()
	}
	switch a.Shape {
	case Slack:
		// https://api.slack.com/messaging/webhooks
		return json.Marshal(map[string]string{"text": text})
	case Teams:
		return json.Marshal(teamsCard(text))
	}
	out := posted{Automation: w.automation.Name, Module: w.module, Trigger: w.automation.Trigger.Kind, At: w.at, Text: text, Count: len(w.subjects), Subjects: []postedSubject{}}
	for i := range w.subjects[:min(postedMost, len(w.subjects))] {
		s := &w.subjects[i]
		one := postedSubject{
			Text: s.Text, Record: s.Record, Collection: s.Collection, Title: s.Title, Holder: s.HolderTitle,
			Connection: s.Connection, Run: s.Run, Link: w.link(s),
		}
		if !s.Due.IsZero() {
			one.Due = &s.Due
		}
		out.Subjects = append(out.Subjects, one)
	}
	return json.Marshal(out)
}

// teamsCard is an adaptive card as a workflow of Teams takes it.
// https://learn.microsoft.com/power-automate/teams/overview-adaptive-cards
func teamsCard(text string) any {
	return map[string]any{
		"type": "message",
		"attachments": []any{map[string]any{
			"contentType": "application/vnd.microsoft.card.adaptive",
			"content": map[string]any{
				"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
				"body": []any{map[string]any{"type": "TextBlock", "text": text, "wrap": true}},
			},
		}},
	}
}
