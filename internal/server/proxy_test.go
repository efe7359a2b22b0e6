package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/server"
)

// seen tells how a request looks to the application.
func seen(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.RemoteAddr, ":")
	if strings.HasPrefix(r.RemoteAddr, "[") {
		host = r.RemoteAddr[:strings.LastIndex(r.RemoteAddr, ":")]
	}
	fmt.Fprintf(w, "%s %q %s %d", host, r.URL.Scheme, r.Host, len(r.Header.Values("X-Forwarded-For")))
}

func TestOnlyTrustedProxiesSayWhoTheClientIs(t *testing.T) {
	t.Parallel()
	trust := []string{"127.0.0.1", "10.0.0.0/8", "fd00::/8"}
	for name, tt := range map[string]struct {
		trusted []string
		headers []string
		want    string
	}{
		"nothing forwarded":               {trust, nil, `127.0.0.1 "" HOST 0`},
		"nobody is trusted":               {nil, []string{"X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil"}, `127.0.0.1 "" HOST 1`},
		"others are trusted":              {[]string{"10.0.0.0/8"}, []string{"X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https"}, `127.0.0.1 "" HOST 1`},
		"one proxy":                       {trust, []string{"X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https"}, `192.0.2.1 "https" HOST 0`},
		"two proxies":                     {trust, []string{"X-Forwarded-For", "192.0.2.1, 10.1.2.3"}, `192.0.2.1 "" HOST 0`},
		"a client that makes up a past":   {trust, []string{"X-Forwarded-For", "127.0.0.1, 203.0.113.9, 192.0.2.1"}, `192.0.2.1 "" HOST 0`},
		"in a header of its own":          {trust, []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-For", "192.0.2.1"}, `192.0.2.1 "" HOST 0`},
		"with a trusted hop made up":      {trust, []string{"X-Forwarded-For", "10.9.9.9, 192.0.2.1, 10.1.2.3"}, `192.0.2.1 "" HOST 0`},
		"only trusted hops":               {trust, []string{"X-Forwarded-For", "10.1.1.1, 10.1.2.3"}, `10.1.1.1 "" HOST 0`},
		"nonsense left of a trusted hop":  {trust, []string{"X-Forwarded-For", "<script>, 10.1.2.3"}, `10.1.2.3 "" HOST 0`},
		"nonsense only":                   {trust, []string{"X-Forwarded-For", "unknown"}, `127.0.0.1 "" HOST 0`},
		"an empty member":                 {trust, []string{"X-Forwarded-For", "192.0.2.1,"}, `127.0.0.1 "" HOST 0`},
		"with ports":                      {trust, []string{"X-Forwarded-For", "192.0.2.1:4711, 10.1.2.3:80"}, `192.0.2.1 "" HOST 0`},
		"IPv6":                            {trust, []string{"X-Forwarded-For", "[2001:db8::1]:4711, fd00::7"}, `[2001:db8::1] "" HOST 0`},
		"IPv4 within IPv6":                {trust, []string{"X-Forwarded-For", "192.0.2.1, ::ffff:10.1.2.3"}, `192.0.2.1 "" HOST 0`},
		"a scheme that the client began":  {trust, []string{"X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https, http"}, `192.0.2.1 "" HOST 0`},
		"a scheme that is none":           {trust, []string{"X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "javascript"}, `192.0.2.1 "" HOST 0`},
		"the host that was asked for":     {trust, []string{"X-Forwarded-Host", "assets.example.com:8443"}, `127.0.0.1 "" assets.example.com:8443 0`},
		"a host that is a piece of paths": {trust, []string{"X-Forwarded-Host", "evil.example/x?"}, `127.0.0.1 "" HOST 0`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxies, err := server.ParseProxies(tt.trusted)
			if err != nil {
				t.Fatal(err)
			}
			r := start(t, seen, server.Options{TrustedProxies: proxies})
			_, got := r.get("/", tt.headers...)
			if want := strings.ReplaceAll(tt.want, "HOST", r.addr); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestARequestLineCannotClaimHTTPS(t *testing.T) {
	t.Parallel()
	r := start(t, seen, server.Options{})
	got := r.raw("GET https://" + r.addr + "/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if !strings.Contains(got, `127.0.0.1 "" `) || strings.Contains(got, "Strict-Transport") {
		t.Errorf("the answer is %q", got)
	}
}

func TestBehindATrustedProxyBrowsersAreKeptOnHTTPS(t *testing.T) {
	t.Parallel()
	r := start(t, seen, server.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	res, _ := r.get("/", "X-Forwarded-Proto", "HTTPS")
	if res.Header.Get("Strict-Transport-Security") == "" {
		t.Error("nothing keeps the browser on https")
	}
}

func TestAddressesOfProxiesAreRead(t *testing.T) {
	t.Parallel()
	got, err := server.ParseProxies([]string{"10.0.0.7", " 192.168.1.9/16", "::1", "::ffff:10.0.0.8"})
	if want := "[10.0.0.7/32 192.168.0.0/16 ::1/128 10.0.0.8/32]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v %v, want %s", got, err, want)
	}
	for _, bad := range []string{"", "proxy.example.com", "10.0.0.0/33", "10.0.0.1:80"} {
		if _, err := server.ParseProxies([]string{bad}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q gives %v", bad, err)
		}
	}
}

// Whatever is forwarded, the address that comes out is one, and is not of a
// trusted proxy unless all hops are.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "1.1.1.1, 10.0.0.1", "[::1]:80", ",,,", "::ffff:1.2.3.4%eth0", "fe80::1%x\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := server.ClientOf("10.0.0.1", header)
		if _, err := netip.ParseAddr(got); err != nil {
			t.Errorf("%q gives %q", header, got)
		}
	})
}
