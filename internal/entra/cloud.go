package entra

import (
	"net"
	"net/url"
	"strings"

	"github.com/musterhq/muster/internal/errs"
)

// Cloud is one of Microsoft's separate clouds. Applications are registered in
// each of them separately, and a token of one is worth nothing in another.
type Cloud string

// The clouds. Custom takes its hosts from the configuration.
const (
	Global       Cloud = "global"
	USGovernment Cloud = "us-government" // L4, GCC High; plain GCC uses the global hosts
	USDoD        Cloud = "us-dod"        // L5
	China        Cloud = "china"         // operated by 21Vianet
	Custom       Cloud = "custom"
)

// hosts are the addresses of a cloud.
type hosts struct{ login, graph, portal string }

// clouds follows https://learn.microsoft.com/graph/deployments
var clouds = map[Cloud]hosts{
	Global:       {"https://login.microsoftonline.com", "https://graph.microsoft.com", "https://portal.azure.com"},
	USGovernment: {"https://login.microsoftonline.us", "https://graph.microsoft.us", "https://portal.azure.us"},
	USDoD:        {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "https://portal.azure.us"},
	China:        {"https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn", "https://portal.azure.cn"},
}

// Clouds lists the clouds in the order in which to offer them.
func Clouds() []Cloud { return []Cloud{Global, USGovernment, USDoD, China, Custom} }

// PortalURL returns the address of the cloud's admin portal; the global one
// for a custom cloud.
func (c Cloud) PortalURL() string {
	if h, ok := clouds[c]; ok {
		return h.portal
	}
	return clouds[Global].portal
}

// LoginURL returns the address of the cloud's sign-in host, "" for a custom one.
func (c Cloud) LoginURL() string { return clouds[c].login }

// endpoints returns the sign-in and Graph origins of a configuration.
func endpoints(cfg *Config) (login, graph *url.URL, err error) {
	h, known := clouds[cfg.Cloud]
	switch {
	case cfg.Cloud == "":
		h = clouds[Global]
	case cfg.Cloud == Custom:
		h = hosts{login: cfg.LoginURL, graph: cfg.GraphURL}
	case !known:
		return nil, nil, errs.New(errs.Invalid, "there is no cloud %q", cfg.Cloud).
			WithHint("The clouds are global, us-government, us-dod, china and custom.")
	}
	if login, err = origin("sign-in", h.login); err != nil {
		return nil, nil, err
	}
	graph, err = origin("Graph", strings.TrimSuffix(strings.TrimSuffix(h.graph, "/"), "/v1.0"))
	return login, graph, err
}

// origin reads the address of a host: scheme and host, nothing else. Plain http
// would show secrets and people to the network, so it is for loopback only.
func origin(what, address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, errs.New(errs.Invalid, "%q is not the address of a %s host", address, what).
			WithHint("Write scheme and host only, for example https://graph.example.com.")
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
	default:
		return nil, errs.New(errs.Invalid, "the %s host has to be asked over https, not %q", what, address).
			WithHint("Plain http is accepted for this machine only (localhost, 127.0.0.1, ::1).")
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// sameOrigin reports whether link leads to home's scheme, host and port and
// carries no credentials of its own.
func sameOrigin(home *url.URL, link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.User == nil && u.Scheme == home.Scheme &&
		strings.EqualFold(u.Hostname(), home.Hostname()) && port(u) == port(home)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
