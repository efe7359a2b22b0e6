package server

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/errs"
)

// ParseProxies reads addresses and networks of proxies: 10.0.0.7, 192.168.0.0/16,
// ::1.
func ParseProxies(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range list {
		text = strings.TrimSpace(text)
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p.Masked())
			continue
		}
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, errs.New(errs.Invalid, "%q is not the address of a proxy", text).WithHint("Write it like 10.0.0.7 or 192.168.0.0/16.")
		}
		a = a.Unmap()
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out, nil
}

// The headers in which proxies tell of the client. RFC 7239's Forwarded is not
// read, and like the others is left in place for those who are not trusted.
const (
	forwardedFor   = "X-Forwarded-For"
	forwardedProto = "X-Forwarded-Proto"
	forwardedHost  = "X-Forwarded-Host"
)

// proxied puts the client's own address, scheme and host into the request, where
// a trusted proxy tells them.
//
//	the connection is from   X-Forwarded headers    address        scheme, host
//	a trusted proxy          consumed               as told        as told by it
//	anybody else             left, not believed     of the peer    of the connection
//
// Each proxy adds at the right end whom it heard from. So the list is read from
// there, past proxies that are trusted; what stands left of the first other
// address may be anybody's invention.
func proxied(trusted []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme = "" // a request line may claim any
		if r.TLS != nil {
			r.URL.Scheme = "https"
		}
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err == nil && contains(trusted, peer.Addr()) {
			client := clientOf(trusted, peer.Addr().Unmap(), r.Header.Values(forwardedFor))
			if client != peer.Addr().Unmap() {
				r.RemoteAddr = net.JoinHostPort(client.String(), "0")
			}
			told(r)
			for _, name := range []string{forwardedFor, forwardedProto, forwardedHost} {
				r.Header.Del(name)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// told takes over the scheme and host that a trusted proxy was asked for.
func told(r *http.Request) {
	switch last(r.Header.Values(forwardedProto)) {
	case "https":
		r.URL.Scheme = "https"
	case "http":
		r.URL.Scheme = ""
	}
	if host := last(r.Header.Values(forwardedHost)); host != "" && !strings.ContainsAny(host, "/\\@?# ") {
		r.Host = host
	}
}

// last returns the rightmost member of a header that is a list, which the
// nearest proxy wrote.
func last(values []string) string {
	list := members(values)
	if len(list) == 0 {
		return ""
	}
	return strings.ToLower(list[len(list)-1])
}

func members(values []string) []string {
	var out []string
	for _, v := range values {
		for m := range strings.SplitSeq(v, ",") {
			out = append(out, strings.TrimSpace(m))
		}
	}
	return out
}

// clientOf walks the chain from the nearest hop outwards while it is trusted.
// What cannot be read ends it: the hop before is as far as is known.
func clientOf(trusted []netip.Prefix, peer netip.Addr, header []string) netip.Addr {
	at := peer
	hops := members(header)
	slices.Reverse(hops)
	for _, hop := range hops {
		a, ok := parseHop(hop)
		if !ok {
			return at
		}
		at = a
		if !contains(trusted, a) {
			return at
		}
	}
	return at
}

// parseHop reads an address with or without a port.
func parseHop(text string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().WithZone(""), err == nil
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}
