//go:build linux

package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small is the size that larger ones are compared with, and moved is how many
// people change in either, so that what differs is the size alone.
const (
	small = 10_000
	moved = 1_000
)

// sized is what was measured at one size.
type sized struct {
	people               int
	first, full, changes float64 // peak memory of `muster sync`, in MB
	idle, row            cost    // of an incremental sync, by itself and with people moved
}

// BenchmarkSize runs the program itself, in a process of its own, against
// tenants of different sizes: its memory may not grow with the directory, and
// neither may the cost of a change.
func BenchmarkSize(b *testing.B) {
	program := build(b)
	var base sized
	b.Run(fmt.Sprint(small), func(b *testing.B) { base = atSize(b, program, small) })
	for _, n := range []int{*peopleFlag, *largeFlag} {
		if n <= small {
			continue
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			got := atSize(b, program, n)
			memory := func(what string, mb, floor float64) {
				what = fmt.Sprintf("peak memory, %s, %d people", what, n)
				table.against(what+" against 10,000", "MB", mb, floor, 1.2, "")
				table.plain(what, "MB", mb, 150, "")
			}
			memory("first sync", got.first, base.first)
			memory("full sync with nothing changed", got.full, base.full)
			memory("incremental", got.changes, base.changes)
			at := fmt.Sprintf(", %d people against 10,000", n)
			table.against("incremental, nothing changed"+at, "ms CPU", milliseconds(got.idle), milliseconds(base.idle), 1.3, "")
			table.against("incremental, 1,000 changed"+at, "µs CPU/row", perUser(got.row, moved), perUser(base.row, moved), 1.3, "")
		})
	}
}

// atSize takes the measurements at one size.
func atSize(b *testing.B, program string, n int) sized {
	b.Helper()
	t := startTenant(b, tenantConfig{People: n})
	o := openOffice(b, t, everything)
	out := sized{people: n}
	out.first = peak(b, program, "--data", o.data, "sync")
	out.full = peak(b, program, "--data", o.data, "sync", "--full")
	t.move(b, moved, "Lagos")
	out.changes = peak(b, program, "--data", o.data, "sync")
	out.idle = o.idle(nil, fmt.Sprintf("idle-at-%d", n))
	out.row, _ = o.changed(t, nil, fmt.Sprintf("changed-at-%d", n), moved)
	return out
}

// build compiles the program into a temporary folder.
func build(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "muster")
	cmd := exec.Command("go", "build", "-o", program, "./cmd/muster")
	cmd.Dir = ".."
	if said, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v: %s", err, said)
	}
	return program
}

// peak runs the program and returns the most memory that it occupied, in MB.
// The kernel keeps the mark until the process ends, so it is read all the time
// and the last reading counts. The resource usage that the parent gets would
// not do: it begins with the parent's own size.
func peak(b *testing.B, program string, args ...string) float64 {
	b.Helper()
	var said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	must(b, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	most := 0.0
	for {
		select {
		case <-tick.C:
			most = max(most, highWater(cmd.Process.Pid))
		case err := <-ended:
			if err != nil {
				b.Fatalf("muster %s: %v: %s", strings.Join(args, " "), err, said.String())
			}
			fmt.Fprintf(os.Stderr, "  muster %s: %.1f MB, %s\n", strings.Join(args[2:], " "), most, time.Since(began).Round(time.Millisecond))
			return most
		}
	}
}

// highWater reads a process's peak resident size in MB, 0 when it has ended.
func highWater(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	field := strings.Fields(rest)
	if len(field) == 0 {
		return 0
	}
	return float64(number(field[0])) / 1024
}
