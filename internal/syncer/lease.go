package syncer

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/musterhq/muster/internal/errs"
)

// leaseLife is how long a lease lasts without being kept. A holder on another
// machine that died is replaced after this time; one on this machine at once,
// since its process can be looked for. leaseBeat is how often it is kept.
const (
	leaseLife = 45 * time.Second
	leaseBeat = 5 * time.Second
)

// Host tells processes apart across machines and restarts.
type Host struct {
	Name  string // machine and boot
	PID   int
	Start int64 // the process's start, in the kernel's ticks since boot; 0 when not known
}

// ThisHost describes the running process.
func ThisHost() Host {
	name, _ := os.Hostname()
	if boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		name += "/" + strings.TrimSpace(string(boot))
	}
	return Host{Name: name, PID: os.Getpid(), Start: processStart(os.Getpid())}
}

// processStart reads the start time of a process, so that a number that was
// given out again is not mistaken for the process that had it before. It
// returns 0 where the kernel does not tell.
func processStart(pid int) int64 {
	start, _ := processStat(pid)
	return start
}

// processStat reads when a process started, and whether it has ended and only
// waits for its parent to notice. A killed process can stay like that for long.
func processStat(pid int) (start int64, ended bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	_, rest, ok := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return 0, false
	}
	start, _ = strconv.ParseInt(fields[19], 10, 64)
	return start, fields[0] == "Z" || fields[0] == "X"
}

// Lease is the right to run a connection's sync. The fence grows with each
// holder; each write transaction checks it.
type Lease struct {
	Fence   int64
	Holder  string // for people
	Host    Host
	Run     int64
	Expires time.Time
}

// dead reports whether a lease's holder was a process of this machine that no
// longer exists.
func (h Host) dead(l Lease) bool {
	if l.Host.Name != h.Name {
		return false
	}
	if err := syscall.Kill(l.Host.PID, 0); err == syscall.ESRCH {
		return true
	}
	start, ended := processStat(l.Host.PID)
	return ended || (start != 0 && l.Host.Start != 0 && start != l.Host.Start)
}

// held is a lease in use: it is kept until released, and its context ends when
// it is lost.
type held struct {
	Lease
	connection int64
	stop       func()
}

// takeLease takes the connection's lease or fails with Conflict naming who has
// it. The returned context is cancelled when the lease is lost.
func (s *Service) takeLease(ctx context.Context, connection int64, holder string) (context.Context, *held, error) {
	want := Lease{Holder: holder, Host: s.host, Expires: s.now().Add(leaseLife)}
	lease, err := s.store.TakeLease(ctx, connection, want, s.now(), s.host.dead)
	if err != nil {
		return nil, nil, err
	}
	run, cancel := context.WithCancelCause(ctx)
	h := &held{Lease: lease, connection: connection}
	done := make(chan struct{})
	var once sync.Once
	go s.beat(run, h, cancel, done)
	h.stop = func() {
		once.Do(func() {
			cancel(nil)
			<-done
			// The run's own context may be cancelled; the lease goes back all the same.
			release, end := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer end()
			if err := s.store.DropLease(release, connection, h.Lease); err != nil {
				s.log.Warn("the lease could not be given back yet", "run", h.Run, "connection", connection, "error", err)
				go s.giveBack(context.WithoutCancel(ctx), connection, h.Lease)
			}
		})
	}
	return run, h, nil
}

// giveBack tries to give a lease back that the database was away for, until the
// lease has expired by itself.
func (s *Service) giveBack(ctx context.Context, connection int64, l Lease) {
	ctx, end := context.WithTimeout(ctx, leaseLife)
	defer end()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if s.store.DropLease(ctx, connection, l) == nil {
				return
			}
		}
	}
}

// beat keeps a lease until its context ends.
func (s *Service) beat(ctx context.Context, h *held, cancel context.CancelCauseFunc, done chan<- struct{}) {
	defer close(done)
	tick := time.NewTicker(leaseBeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l := h.Lease
			l.Expires = s.now().Add(leaseLife)
			cancelled, err := s.store.KeepLease(ctx, h.connection, l)
			if cancelled {
				cancel(context.Canceled)
				return
			}
			if errs.Is(err, errs.Conflict) {
				cancel(errs.New(errs.Conflict, "another process took over this connection's sync").
					WithHint("Look at the newest run with: muster runs"))
				return
			}
		}
	}
}

// Cancel asks the process that syncs a connection, this one or another, to
// stop; it does within a few seconds, between two batches. What was applied by
// then stays. It fails with Conflict when nothing is in progress.
func (s *Service) Cancel(ctx context.Context, connection int64) error {
	there, err := s.store.CancelLease(ctx, connection, s.now())
	if err == nil && !there {
		err = errs.New(errs.Conflict, "no sync of this connection is in progress")
	}
	return err
}
