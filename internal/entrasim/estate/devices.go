package estate

import (
	"fmt"
	"time"

	"github.com/musterhq/muster/internal/entrasim/guid"
)

// deviceModel is a line of the hardware that the company buys.
type deviceModel struct{ maker, model, os, version, profile string }

func deviceModels() []deviceModel {
	return []deviceModel{
		{"Dell Inc.", "Latitude 7440", "Windows", "10.0.22631.3593", "RegisteredDevice"},
		{"LENOVO", "ThinkPad X1 Carbon Gen 11", "Windows", "10.0.22631.3593", "RegisteredDevice"},
		{"Apple", "MacBook Pro", "MacMDM", "14.5", "RegisteredDevice"},
		{"Google", "Pixel 8", "Android", "14", "RegisteredDevice"},
		{"Apple", "iPhone 15", "iPhone", "17.5.1", "RegisteredDevice"},
		{"HP", "EliteBook 840 \"G10\"", "Windows", "10.0.19045.4412", "SecureVM"},
	}
}

// fillDevice writes base device index into r. One in nine is bare: enabled is
// all that the directory knows.
func (t *Directory) fillDevice(index int, r *Record) {
	h := guid.Mix(t.seed ^ guid.Mix(uint64(index)+0xD0D0))
	v := &r.Vals
	m := t.models[h>>4%uint64(len(t.models))]
	v[dAccountEnabled] = Bool(h%25 != 0)
	v[dDeviceID] = String(t.ID(MakeRef(KindDeviceID, index)))
	v[dDisplayName] = String(fmt.Sprintf("%s-%06d", []string{"LAPTOP", "DESKTOP", "PHONE"}[h>>9%3], index))
	v[dOperatingSystem], v[dOperatingSystemVersion] = String(m.os), String(m.version)
	v[dPhysicalIDs] = List("[USER-HWID]:"+t.ID(MakeRef(KindFixed, 1000+index))+":6825", fmt.Sprintf("[OrderId]:PO-%d", 1000+h%9000))
	v[dSystemLabels] = List()
	v[dTrustType] = String([]string{"AzureAd", "Workplace", "ServerAd"}[h>>12%3])
	when := epoch().AddDate(0, 0, -int(h>>20%1500))
	v[dRegistrationDateTime], v[dCreatedDateTime] = instant(when), instant(when)
	if h%9 == 1 {
		return
	}
	v[dManufacturer], v[dModel], v[dProfileType] = String(m.maker), String(m.model), String(m.profile)
	v[dIsCompliant], v[dIsManaged] = Bool(h>>14%5 != 0), Bool(h>>16%4 != 0)
	v[dManagementType] = String("mdm")
	v[dDeviceOwnership] = String([]string{"company", "personal"}[h>>18%2])
	v[dApproximateLastSignIn] = instant(epoch().Add(-time.Duration(h>>24%90) * 24 * time.Hour))
}

// Owner is the registered owner of a device, if any.
func (t *Directory) Owner(index int) (Ref, bool) {
	if o := t.overlays[KindDevice][index]; o != nil && o.linked {
		return o.link, o.link != 0
	}
	if index >= t.devices || index%10 == 9 {
		return 0, false
	}
	i := index * 4 % t.people
	if !roleOf(i).isPerson() {
		return 0, false
	}
	return MakeRef(KindUser, i), true
}

// nextOwned finds the first device at or after from that user owns.
func (t *Directory) nextOwned(user Ref, from int) (int, bool) {
	for i := from; i < t.count[KindDevice]; i++ {
		if i < t.devices && t.overlays[KindDevice][i] == nil && i != user.Index()/4 && t.devices*4 <= t.people+3 {
			continue // a base device that is not changed belongs to index*4
		}
		if o, ok := t.Owner(i); ok && o == user {
			return i, true
		}
	}
	return 0, false
}
