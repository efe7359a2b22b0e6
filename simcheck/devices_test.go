package simcheck

import (
	"testing"

	"github.com/microsoftgraph/msgraph-sdk-go/devices"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"github.com/musterhq/muster/internal/entrasim"
)

func TestDevicesAndTheirRegisteredOwnersAreRead(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500, Devices: 120})
	want := map[string]entrasim.Device{}
	for i := range 120 {
		d := l.DeviceAt(i)
		want[d.ID] = d
	}
	got := map[string]entrasim.Device{}
	for _, d := range every[models.Deviceable](l, models.CreateDeviceCollectionResponseFromDiscriminatorValue, nil)(
		l.graph.devices().Get(t.Context(), &devices.DevicesRequestBuilderGetRequestConfiguration{QueryParameters: &devices.DevicesRequestBuilderGetQueryParameters{
			Select: []string{"id", "deviceId", "displayName"}, Expand: []string{"registeredOwners"}, Top: ptr(int32(25))}})) {
		got[text(d.GetId())] = entrasim.Device{ID: text(d.GetId()), DeviceID: text(d.GetDeviceId()), DisplayName: text(d.GetDisplayName()),
			Owner: owner(t, d.GetRegisteredOwners()), State: "live"}
	}
	same(t, got, want)
	for _, index := range []int{0, 1, 2, 3} {
		owners := every[models.DirectoryObjectable](l, models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, nil)(
			l.graph.devices().ByDeviceId(l.DeviceAt(index).ID).RegisteredOwners().Get(t.Context(), nil))
		if id := owner(t, owners); id != l.DeviceAt(index).Owner {
			t.Errorf("owner of %s by its own link: %q, want %q", l.DeviceAt(index).DisplayName, id, l.DeviceAt(index).Owner)
		}
	}
}

// owner is the id of the one owner that a device can have, or empty.
func owner(t *testing.T, list []models.DirectoryObjectable) string {
	t.Helper()
	if len(list) == 0 {
		return ""
	}
	if len(list) > 1 || kindOf(list[0]) != "user" {
		t.Errorf("%d owners of kind %s, want one user", len(list), kindOf(list[0]))
	}
	return text(list[0].GetId())
}
