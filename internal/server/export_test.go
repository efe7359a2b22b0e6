package server

import (
	"net/netip"
	"testing"
	"time"
)

// Patient returns options with other waiting times.
func (o Options) Patient(header, body, write time.Duration) Options {
	o.patience = patience{header: header, body: body, write: write}
	return o
}

// ClientOf returns the client of a chain that ends at a peer in 10.0.0.0/8, all
// of which is trusted.
func ClientOf(peer string, header ...string) string {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	return clientOf(trusted, netip.MustParseAddr(peer), header).String()
}

// Renewing returns the serial number of the certificate that a new connection
// would get at the time that now says.
func Renewing(t *testing.T, file, key string, now *time.Time) func() int64 {
	t.Helper()
	c, err := loadCertificate(file, key)
	if err != nil {
		t.Fatal(err)
	}
	c.now = func() time.Time { return *now }
	return func() int64 {
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.SerialNumber.Int64()
	}
}
