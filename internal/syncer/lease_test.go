package syncer

import (
	"os/exec"
	"testing"
)

func TestKilledProcessIsDeadBeforeItsParentNotices(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	here := ThisHost()
	held := Lease{Host: Host{Name: here.Name, PID: cmd.Process.Pid, Start: processStart(cmd.Process.Pid)}}
	if here.dead(held) {
		t.Error("a living holder counts as dead")
	}
	reused := held
	reused.Host.Start++
	if !here.dead(reused) {
		t.Error("a process that got the number of the holder counts as the holder")
	}
	elsewhere := held
	elsewhere.Host.Name = "another machine"
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	stdout.Read(make([]byte, 1)) // ends when the process does, which nobody has waited for yet
	stdin.Close()
	for !here.dead(held) { // the kernel closes the pipe a moment before it marks the process
		if cmd.ProcessState != nil {
			t.Fatal("waited for")
		}
	}
	if here.dead(elsewhere) {
		t.Error("a holder on another machine counts as dead by this machine's processes")
	}
	cmd.Wait()
	if !here.dead(held) {
		t.Error("a process that is gone counts as alive")
	}
}
