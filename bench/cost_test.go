//go:build linux

package bench

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cost is what a piece of work took.
type cost struct {
	cpu  time.Duration // of all threads of this process, and of the database server
	wall time.Duration
}

// measure runs work on a clean heap and returns its cost. A name keeps a CPU
// profile, when profiles are wanted.
func measure(b *testing.B, server *postmaster, name string, work func()) cost {
	b.Helper()
	debug.FreeOSMemory()
	if name != "" && *profilesFlag != "" {
		defer profile(b, name)()
	}
	began, own, theirs := time.Now(), processCPU(b), server.cpu(b)
	work()
	return cost{cpu: processCPU(b) - own + server.cpu(b) - theirs, wall: time.Since(began)}
}

// processCPU is the CPU time of this process so far, user and system.
func processCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// profile starts a CPU profile and returns what ends it.
func profile(b *testing.B, name string) (stop func()) {
	b.Helper()
	must(b, os.MkdirAll(*profilesFlag, 0o755))
	f, err := os.Create(filepath.Join(*profilesFlag, name+".pprof"))
	must(b, err)
	must(b, pprof.StartCPUProfile(f))
	return func() {
		pprof.StopCPUProfile()
		must(b, f.Close())
	}
}

// postmaster is PostgreSQL's server, nil for SQLite.
type postmaster struct{ pid int }

// postmasterOf finds the server behind a URL whose host is the folder of its
// socket and data, as storetest starts it.
func postmasterOf(b *testing.B, address string) *postmaster {
	b.Helper()
	u, err := url.Parse(address)
	must(b, err)
	text, err := os.ReadFile(filepath.Join(u.Query().Get("host"), "data", "postmaster.pid"))
	must(b, err)
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	must(b, err)
	return &postmaster{pid}
}

// tick is the unit of CPU times under /proc; Linux fixes it for user space.
const tick = 10 * time.Millisecond

// cpu is what the server and all its processes used so far. Those that ended
// are in the postmaster's account of its children.
func (p *postmaster) cpu(b *testing.B) time.Duration {
	b.Helper()
	if p == nil {
		return 0
	}
	folders, err := filepath.Glob("/proc/[0-9]*/stat")
	must(b, err)
	ticks := 0
	for _, path := range folders {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		// pid (name) state ppid …: the name may hold spaces.
		_, rest, _ := strings.Cut(string(text), ") ")
		field := strings.Fields(rest)
		own := fmt.Sprintf("/proc/%d/stat", p.pid) == path
		if !own && field[1] != strconv.Itoa(p.pid) {
			continue
		}
		ticks += number(field[11]) + number(field[12])
		if own {
			ticks += number(field[13]) + number(field[14])
		}
	}
	return time.Duration(ticks) * tick
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// best returns the cost with the least CPU: whatever else runs on the machine
// only ever adds to it.
func best(costs []cost) cost {
	return slices.MinFunc(costs, func(a, b cost) int { return cmp.Compare(a.cpu, b.cpu) })
}
