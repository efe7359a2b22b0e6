package storetest

import "syscall"

// deathSignal has Linux stop the server when the test binary dies.
func deathSignal() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
}
