package entrasim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a clock that tests move by hand.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 6, 2, 8, 0, 0, 0, time.UTC).Add(time.Duration(c.offset.Load()))
}
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// lab is a tenant behind a real server, and a client that holds a token.
type lab struct {
	*testing.T
	tenant *Tenant
	*Control
	clock *clock
	url   string
	token string
}

func newLab(t *testing.T, cfg Config) *lab {
	t.Helper()
	c := &clock{}
	if cfg.Now == nil {
		cfg.Now = c.now
	}
	tenant := New(cfg)
	srv := httptest.NewServer(tenant.Handler())
	t.Cleanup(srv.Close)
	l := &lab{T: t, tenant: tenant, Control: tenant.Control(), clock: c, url: srv.URL}
	l.renew()
	return l
}

// renew fetches a fresh token.
func (l *lab) renew() {
	l.Helper()
	status, body := l.post(DefaultTenantID, l.appForm())
	if status != 200 {
		l.Fatalf("token: %d %v", status, body)
	}
	l.token = body["access_token"].(string)
}

func (l *lab) appForm() url.Values {
	return url.Values{"client_id": {DefaultClientID}, "client_secret": {l.tenant.cfg.ClientSecret},
		"scope": {"https://graph.microsoft.com/.default"}, "grant_type": {"client_credentials"}}
}

// post calls the token endpoint.
func (l *lab) post(tenant string, form url.Values) (int, map[string]any) {
	l.Helper()
	resp, err := http.PostForm(l.url+"/"+tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		l.Fatal(err)
	}
	return l.decode(resp)
}

func (l *lab) decode(resp *http.Response) (int, map[string]any) {
	l.Helper()
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		l.Fatal(err)
	}
	var body map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &body); err != nil {
			l.Fatalf("body of %s: %v\n%s", resp.Request.URL, err, raw)
		}
	}
	return resp.StatusCode, body
}

// do sends a Graph call. target is a path under /v1.0 or an absolute link.
func (l *lab) do(method, target, body string, header ...string) *http.Response {
	l.Helper()
	if strings.HasPrefix(target, "/") {
		target = l.url + "/v1.0" + strings.ReplaceAll(target, " ", "%20")
	}
	req, err := http.NewRequestWithContext(l.Context(), method, target, strings.NewReader(body))
	if err != nil {
		l.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.Fatal(err)
	}
	return resp
}

// get expects 200 and returns the body.
func (l *lab) get(target string, header ...string) map[string]any {
	l.Helper()
	status, body := l.decode(l.do("GET", target, "", header...))
	if status != 200 {
		l.Fatalf("GET %s: %d %v", target, status, body)
	}
	return body
}

// fails expects an error and returns "status code".
func (l *lab) fails(target string, header ...string) (int, string) {
	l.Helper()
	status, body := l.decode(l.do("GET", target, "", header...))
	e, ok := body["error"].(map[string]any)
	if !ok {
		l.Fatalf("GET %s: %d without error: %v", target, status, body)
	}
	return status, e["code"].(string)
}

// items is the value of a collection.
func items(body map[string]any) []map[string]any {
	var out []map[string]any
	for _, v := range body["value"].([]any) {
		out = append(out, v.(map[string]any))
	}
	return out
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

// all follows nextLinks and returns every item and the last page.
func (l *lab) all(target string, header ...string) (list []map[string]any, last map[string]any) {
	l.Helper()
	for range 10_000 {
		last = l.get(target, header...)
		list = append(list, items(last)...)
		target = text(last, "@odata.nextLink")
		if target == "" {
			return list, last
		}
	}
	l.Fatal("nextLinks never end")
	return nil, nil
}

// round runs a delta round and returns its items and the deltaLink.
func (l *lab) round(target string, header ...string) ([]map[string]any, string) {
	l.Helper()
	list, last := l.all(target, header...)
	link := text(last, "@odata.deltaLink")
	if link == "" {
		l.Fatalf("round without deltaLink: %v", last)
	}
	return list, link
}

// control posts to the HTTP control API.
func (l *lab) control(method, path string, in any) (int, map[string]any) {
	l.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		l.Fatal(err)
	}
	req, err := http.NewRequestWithContext(l.Context(), method, l.url+"/control/"+path, bytes.NewReader(raw))
	if err != nil {
		l.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.Fatal(err)
	}
	return l.decode(resp)
}

func byID(list []map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, m := range list {
		out[text(m, "id")] = m
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
