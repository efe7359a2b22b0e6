package entrasim

import "fmt"

// Device is a short view of a device.
type Device struct {
	ID          string `json:"id"`
	DeviceID    string `json:"deviceId"`
	DisplayName string `json:"displayName"`
	Owner       string `json:"owner"` // object id of the registered owner, or empty
	State       string `json:"state"`
}

func (t *estate) viewDevice(at ref) Device {
	var r record
	t.fill(at, ^uint64(0), &r)
	d := Device{ID: r.id, DeviceID: r.vals[dDeviceID].text, DisplayName: r.vals[dDisplayName].text, State: stateName(r.state)}
	if o, ok := t.owner(at.index()); ok {
		d.Owner = t.id(o)
	}
	return d
}

func (c *Desk) editDevice(key string, f func(ref) error) (Device, error) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
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
	c.t.mu.RLock()
	defer c.t.mu.RUnlock()
	return c.t.viewDevice(makeRef(KindDevice, index))
}

// AddDevice registers a device, with an owner unless owner is empty.
func (c *Desk) AddDevice(props map[string]Value, owner string) (Device, error) {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
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
		if vals[bit].isEmpty() {
			vals[bit] = v
		}
	}
	def(dDisplayName, String(fmt.Sprintf("LAPTOP-%06d", i)))
	def(dDeviceID, String(t.id(makeRef(kindDeviceID, i))))
	def(dAccountEnabled, Bool(true))
	def(dOperatingSystem, String("Windows"))
	def(dOperatingSystemVersion, String("10.0.22631"))
	def(dTrustType, String("AzureAd"))
	def(dRegistrationDateTime, instant(t.now()))
	t.overlays[KindDevice][i] = o
	t.log(KindDevice, i, opCreate, 0, 0)
	return t.viewDevice(makeRef(KindDevice, i)), nil
}

// UpdateDevice sets properties of a device by their Graph names.
func (c *Desk) UpdateDevice(key string, props map[string]Value) (Device, error) {
	return c.editDevice(key, func(at ref) error {
		vals, err := c.t.change(KindDevice, props)
		if err != nil {
			return err
		}
		var before record
		c.t.fill(at, ^uint64(0), &before)
		var mask uint64
		for bit, v := range vals {
			if !before.vals[bit].equal(v) {
				c.t.overlay(at).vals[bit] = v
				mask |= 1 << bit
			}
		}
		if mask != 0 {
			c.t.log(KindDevice, at.index(), opUpdate, mask, 0)
		}
		return nil
	})
}

// RemoveDevice deletes a device. Devices have no soft deletion here: delta
// reports "deleted" straight away.
func (c *Desk) RemoveDevice(key string) error {
	_, err := c.editDevice(key, func(at ref) error {
		c.t.overlay(at).state = purged
		c.t.log(KindDevice, at.index(), opPurge, 0, 0)
		for _, k := range []Kind{KindGroup, KindUnit} {
			for _, g := range c.t.circles[k] {
				c.t.leave(g, at)
			}
		}
		return nil
	})
	return err
}

// SetOwner gives a device another registered owner; empty removes it. Delta
// does not track owners.
func (c *Desk) SetOwner(key, owner string) (Device, error) {
	return c.editDevice(key, func(at ref) error {
		var to ref
		if owner != "" {
			var err error
			if to, err = c.t.find(KindUser, owner); err != nil {
				return err
			}
		}
		c.t.setLink(at, to)
		c.t.version++
		return nil
	})
}
