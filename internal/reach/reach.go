// Package reach says which network addresses are anybody's to ask, and which lie
// inside: on this machine or in a network that only it can see. Addresses that
// people enter must not lead there unseen, or they could use Muster to reach what
// only the server can.
package reach

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
)

// ErrInside says that an address lies inside.
var ErrInside = errors.New("the address is on this machine or in a private network")

// Guard admits public addresses, and those of the networks that it lists.
type Guard []netip.Prefix

// Dial decides about a connection that is about to be made: the Control of a
// net.Dialer. By then names have been looked up, so a name that leads inside,
// or does so the second time that it is asked, is found out.
func (g Guard) Dial(_, address string, _ syscall.RawConn) error {
	host, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrInside
	}
	return g.Admit(host.Addr())
}

// Admit fails with ErrInside for an address that may not be asked.
func (g Guard) Admit(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	if slices.ContainsFunc(g, func(n netip.Prefix) bool { return n.Contains(ip) }) {
		return nil
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || slices.ContainsFunc(reserved(), func(n netip.Prefix) bool { return n.Contains(ip) }) {
		return ErrInside
	}
	return nil
}

// reserved are networks that are not private by name and lead inside all the
// same.
// https://www.iana.org/assignments/iana-ipv4-special-registry
func reserved() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),      // this network
		netip.MustParsePrefix("100.64.0.0/10"),  // shared by carriers; clouds keep metadata there
		netip.MustParsePrefix("192.0.0.0/24"),   // protocols
		netip.MustParsePrefix("198.18.0.0/15"),  // benchmarks
		netip.MustParsePrefix("240.0.0.0/4"),    // for later, and broadcast
		netip.MustParsePrefix("64:ff9b::/96"),   // IPv4 behind a translator
		netip.MustParsePrefix("64:ff9b:1::/48"), // likewise
		netip.MustParsePrefix("2001::/32"),      // Teredo: IPv4 in a tunnel
		netip.MustParsePrefix("2002::/16"),      // 6to4: likewise
		netip.MustParsePrefix("fec0::/10"),      // private, of old
		netip.MustParsePrefix("2001:db8::/32"),  // examples
		netip.MustParsePrefix("100::/64"),       // discarded
	}
}
