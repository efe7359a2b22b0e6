package estate

import "fmt"

// Device is a short view of a device.
type Device struct {
	ID          string `json:"id"`
	DeviceID    string `json:"deviceId"`
	DisplayName string `json:"displayName"`
	Owner       string `json:"owner"` // object id of the registered owner, or empty
	State       string `json:"state"`
}

func (t *Directory) viewDevice(at Ref) Device {
	var r Record
	t.Fill(at, ^uint64(0), &r)
	d := Device{ID: r.ID, DeviceID: r.Vals[dDeviceID].Raw, DisplayName: r.Vals[dDisplayName].Raw, State: StateName(r.state)}
	if o, ok := t.Owner(at.Index()); ok {
		d.Owner = t.ID(o)
	}
	return d
}

func (c *Desk) editDevice(key string, f func(Ref) error) (Device, error) {
	c.t.Mu.Lock()
	defer c.t.Mu.Unlock()
	at, err := c.t.find(KindDevice, key)
	if err == nil && f != nil {
		err = f(at)
	}
	if err != nil {
		return Device{}, err
	}
	return c.t.viewDevice(at), nil
}

// Device finds a device by object id or name.
func (c *Desk) Device(key string) (Device, error) { return c.editDevice(key, nil) }

// DeviceAt is the base device with a number, 0 to Config.Devices-1.
func (c *Desk) DeviceAt(index int) Device {
	c.t.Mu.RLock()
	defer c.t.Mu.RUnlock()
	return c.t.viewDevice(MakeRef(KindDevice, index))
}

// AddDevice registers a device, with an owner unless owner is empty.
func (c *Desk) AddDevice(props map[string]Value, owner string) (Device, error) {
	t := c.t
	t.Mu.Lock()
	defer t.Mu.Unlock()
	vals, err := t.change(KindDevice, props)
	if err != nil {
		return Device{}, err
	}
	o := &overlay{vals: vals, linked: true}
	if owner != "" {
		if o.link, err = t.find(KindUser, owner); err != nil {
			return Device{}, err
		}
	}
	i := t.count[KindDevice]
	t.count[KindDevice]++
	def := func(bit int, v Value) {
		if vals[bit].IsEmpty() {
			vals[bit] = v
		}
	}
	def(dDisplayName, String(fmt.Sprintf("LAPTOP-%06d", i)))
	def(dDeviceID, String(t.ID(MakeRef(KindDeviceID, i))))
	def(dAccountEnabled, Bool(true))
	def(dOperatingSystem, String("Windows"))
	def(dOperatingSystemVersion, String("10.0.22631"))
	def(dTrustType, String("AzureAd"))
	def(dRegistrationDateTime, instant(t.now()))
	t.overlays[KindDevice][i] = o
	t.log(KindDevice, i, opCreate, 0, 0)
	return t.viewDevice(MakeRef(KindDevice, i)), nil
}

// UpdateDevice sets properties of a device by their Graph names.
func (c *Desk) UpdateDevice(key string, props map[string]Value) (Device, error) {
	return c.editDevice(key, func(at Ref) error {
		vals, err := c.t.change(KindDevice, props)
		if err != nil {
			return err
		}
		var before Record
		c.t.Fill(at, ^uint64(0), &before)
		var mask uint64
		for bit, v := range vals {
			if !before.Vals[bit].equal(v) {
				c.t.overlay(at).vals[bit] = v
				mask |= 1 << bit
			}
		}
		if mask != 0 {
			c.t.log(KindDevice, at.Index(), OpUpdate, mask, 0)
		}
		return nil
	})
}

// RemoveDevice deletes a device. Devices have no soft deletion here: delta
// reports "deleted" straight away.
func (c *Desk) RemoveDevice(key string) error {
	_, err := c.editDevice(key, func(at Ref) error {
		c.t.overlay(at).state = Purged
		c.t.log(KindDevice, at.Index(), OpPurge, 0, 0)
		for _, k := range []Kind{KindGroup, KindUnit} {
			for _, g := range c.t.Circles[k] {
				c.t.Leave(g, at)
			}
		}
		return nil
	})
	return err
}

// SetOwner gives a device another registered owner; empty removes it. Delta
// does not track owners.
func (c *Desk) SetOwner(key, owner string) (Device, error) {
	return c.editDevice(key, func(at Ref) error {
		var to Ref
		if owner != "" {
			var err error
			if to, err = c.t.find(KindUser, owner); err != nil {
				return err
			}
		}
		c.t.setLink(at, to)
		c.t.Version++
		return nil
	})
}
