package entra

import (
	"net/http"
	"time"
)

// observed tells of each request that goes through a transport.
type observed struct {
	*http.Transport
	tell func(host string, status int, took time.Duration)
}

// RoundTrip implements http.RoundTripper.
func (o observed) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := o.Transport.RoundTrip(r)
	status := 0
	if err == nil {
		status = resp.StatusCode
	}
	o.tell(r.URL.Host, status, time.Since(began))
	return resp, err
}

// observe returns a transport that tells of its requests, if anybody listens.
func observe(t *http.Transport, tell func(host string, status int, took time.Duration)) http.RoundTripper {
	if tell == nil {
		return t
	}
	return observed{t, tell}
}
