package chaos

import "syscall"

// deathSignal has a process die with the test, even when that is killed.
func deathSignal() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

const terminate = syscall.SIGTERM
