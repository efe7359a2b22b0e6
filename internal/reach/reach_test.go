package reach_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/musterhq/muster/internal/reach"
)

func TestAddressesInsideAreKnown(t *testing.T) {
	t.Parallel()
	for address, inside := range map[string]bool{
		"127.0.0.1": true, "::1": true, "10.0.0.1": true, "192.168.1.1": true, "172.16.0.1": true, "169.254.169.254": true,
		"fe80::1%eth0": true, "fc00::1": true, "0.0.0.0": true, "::": true, "100.100.100.200": true, "::ffff:127.0.0.1": true,
		"64:ff9b::7f00:1": true, "2002:7f00:1::": true, "224.0.0.1": true, "255.255.255.255": true, "198.18.0.1": true,
		"20.190.128.1": false, "8.8.8.8": false, "2603:1020::1": false, "::ffff:8.8.8.8": false,
	} {
		err := reach.Guard(nil).Admit(netip.MustParseAddr(address))
		if errors.Is(err, reach.ErrInside) != inside {
			t.Errorf("%s: %v, want inside to be %v", address, err, inside)
		}
	}
	some := reach.Guard{netip.MustParsePrefix("10.1.0.0/16")}
	if err := some.Admit(netip.MustParseAddr("10.1.2.3")); err != nil {
		t.Errorf("an address of a network that is listed: %v", err)
	}
	if some.Admit(netip.MustParseAddr("10.2.0.1")) == nil {
		t.Error("listing one network admits another")
	}
}

// A name is judged by where it leads at the moment of the call: what it led to
// when somebody entered it says nothing.
func TestANameThatLeadsInsideIsNotDialled(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	d := net.Dialer{Control: reach.Guard(nil).Dial}
	if c, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort("localhost", port)); !errors.Is(err, reach.ErrInside) {
		t.Errorf("localhost was dialled: %v, %v", c, err)
	}
	if err := reach.Guard(nil).Dial("tcp", "not an address", nil); err == nil {
		t.Error("what cannot be read is admitted")
	}
}
