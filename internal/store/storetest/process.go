package storetest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// process is a running server and its directory.
type process struct {
	dir  string
	cmd  *exec.Cmd
	died chan struct{}
	out  *lockedBuffer
}

// startProcess makes a cluster and starts its server on a socket in a temporary
// directory. PostgreSQL refuses to run as root, so root becomes the user
// "postgres" for it.
// More settings are given as name=value.
func startProcess(settings ...string) (p *process, err error) {
	initdb, postgres, err := binaries()
	if err != nil {
		return nil, err
	}
	// The path of a socket may have about a hundred bytes, so not t.TempDir.
	dir, err := os.MkdirTemp("/tmp", "muster-pg")
	if err != nil {
		return nil, err
	}
	p = &process{dir: dir, died: make(chan struct{}), out: &lockedBuffer{}}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	attributes, err := owner(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	setup := exec.Command(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	setup.Dir, setup.SysProcAttr = dir, attributes
	if out, err := setup.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	p.cmd = exec.Command(postgres, "-D", data, "-k", dir, "-p", "5432", "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "shared_buffers=128MB", "-c", "max_connections=300", "-c", "autovacuum=off")
	for _, set := range settings {
		p.cmd.Args = append(p.cmd.Args, "-c", set)
	}
	p.cmd.Dir, p.cmd.SysProcAttr = dir, attributes
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		close(p.died)
	}()
	return p, nil
}

// owner gives dir to the user that the server runs as. The server also dies
// with the test binary, even when that is killed.
func owner(dir string) (*syscall.SysProcAttr, error) {
	attributes := deathSignal()
	if os.Getuid() != 0 {
		return attributes, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, os.Chown(dir, uid, gid)
}

// binaries finds initdb and postgres side by side: where pg_config says, where
// Debian puts them, or on the path.
func binaries() (initdb, postgres string, err error) {
	var dirs []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", "", err
	}
	slices.Reverse(debian) // the newest first
	for _, dir := range append(dirs, debian...) {
		initdb, postgres = filepath.Join(dir, "initdb"), filepath.Join(dir, "postgres")
		if isFile(initdb) && isFile(postgres) {
			return initdb, postgres, nil
		}
	}
	if initdb, err = exec.LookPath("initdb"); err != nil {
		return "", "", err
	}
	postgres, err = exec.LookPath("postgres")
	return initdb, postgres, err
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// stop ends the server at once; nothing in it is worth keeping.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGQUIT)
	<-p.died
	os.RemoveAll(p.dir)
}

// log returns what the server said.
func (p *process) log() string { return p.out.String() }

// lockedBuffer takes the server's output while others read it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns what was written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
