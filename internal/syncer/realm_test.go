package syncer_test

import (
	"testing"

	"github.com/musterhq/muster/internal/syncer"
)

func TestTheRealmIsWhoVouches(t *testing.T) {
	t.Parallel()
	const id = "9d2f0c1e-4a5b-4c6d-8e7f-00112233AABB"
	for _, tt := range []struct{ name, cloud, login, want string }{
		{"Microsoft's", "global", "", "9d2f0c1e-4a5b-4c6d-8e7f-00112233aabb"},
		{"another of Microsoft's", "china", "", "9d2f0c1e-4a5b-4c6d-8e7f-00112233aabb"},
		{"a host of one's own", "custom", "https://Login.Example:8443", "9d2f0c1e-4a5b-4c6d-8e7f-00112233aabb@login.example"},
		{"a host that says it is Microsoft's", "custom", "https://login.microsoftonline.com", "9d2f0c1e-4a5b-4c6d-8e7f-00112233aabb@login.microsoftonline.com"},
		{"no host", "custom", "%", "9d2f0c1e-4a5b-4c6d-8e7f-00112233aabb@?"},
	} {
		c := syncer.Connection{TenantID: id, Cloud: tt.cloud, LoginURL: tt.login}
		if got := c.Realm(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
