package storetest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a PostgreSQL server of a test's own, which can be stopped and
// started. What it has committed survives that.
type Cluster struct {
	t   testing.TB
	run *process
}

// StartCluster starts a server with an empty database "muster" for the length of
// a test. Without PostgreSQL the test is skipped, and fails where the environment
// variable CI is set.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	// A commit that was answered has to be there after a crash.
	run, err := startProcess("synchronous_commit=on")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("PostgreSQL is needed where CI is set: %v", err)
		}
		t.Skipf("no PostgreSQL: %v", err)
	}
	c := &Cluster{t, run}
	t.Cleanup(func() { c.run.stop() })
	c.await()
	if err := c.exec("CREATE DATABASE muster"); err != nil {
		t.Fatal(err)
	}
	return c
}

// Socket is the path of the socket on which the server listens.
func (c *Cluster) Socket() string { return filepath.Join(c.run.dir, ".s.PGSQL.5432") }

// URL is the address of the database, through the socket.
func (c *Cluster) URL() string { return c.url("muster") }

func (c *Cluster) url(database string) string {
	return fmt.Sprintf("postgres://postgres@/%s?host=%s&port=5432&sslmode=disable", database, c.run.dir)
}

func (c *Cluster) exec(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, text)
	return err
}

// await waits until the server answers.
func (c *Cluster) await() {
	c.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for {
		err := c.exec("SELECT 1")
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-c.run.died:
			c.t.Fatalf("the server stopped: %s", c.run.log())
		case <-deadline:
			c.t.Fatalf("the server does not answer: %v", err)
		}
	}
}

// Stop stops the server: immediately, as if it had crashed, or fast, which ends
// sessions in good order.
func (c *Cluster) Stop(immediately bool) {
	c.t.Helper()
	signal := syscall.SIGINT
	if immediately {
		signal = syscall.SIGQUIT
	}
	if err := c.run.cmd.Process.Signal(signal); err != nil {
		c.t.Fatal(err)
	}
	<-c.run.died
}

// Start starts the server again over its data.
func (c *Cluster) Start() {
	c.t.Helper()
	again := &process{dir: c.run.dir, died: make(chan struct{}), out: c.run.out}
	old := c.run.cmd
	again.cmd = exec.Command(old.Path, old.Args[1:]...) // #nosec G204 -- as it was started before
	again.cmd.Dir, again.cmd.SysProcAttr = old.Dir, old.SysProcAttr
	again.cmd.Stdout, again.cmd.Stderr = old.Stdout, old.Stderr
	if err := again.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() {
		_ = again.cmd.Wait() // died says so
		close(again.died)
	}()
	c.run = again
	c.await()
}

// Dial connects to the socket, for what stands between a program and the server.
func (c *Cluster) Dial() (net.Conn, error) { return net.Dial("unix", c.Socket()) }
