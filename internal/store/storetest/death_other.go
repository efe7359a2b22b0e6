//go:build !linux

package storetest

import "syscall"

// deathSignal does nothing where the system knows no such signal.
func deathSignal() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
