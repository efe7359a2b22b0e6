package e2e_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/store/storetest"
)

// demo is the program, serving its demo: who to sign in as, and where the
// simulated tenant's page is.
type demo struct{ at, email, password, tenant string }

// binary is the program, built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "muster-e2e-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "muster")
	cmd := exec.Command("go", "build", "-o", file, "./cmd/muster")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", &exec.Error{Name: string(out), Err: err}
	}
	return file, nil
})

func TestMain(m *testing.M) {
	storetest.Main(m, func() {
		if err := stopDemo(); err != nil {
			fmt.Fprintln(os.Stderr, "the demo:", err)
			os.Exit(1)
		}
		if file, err := binary(); err == nil {
			os.RemoveAll(filepath.Dir(file))
		}
	})
}

// shared is the demo that the stories have in common, in a folder of its own.
// Each story has its own people and things in it.
var shared struct {
	sync.Mutex
	demo   demo
	dir    string
	ending func() error
}

// startDemo returns the demo in a process of its own, which plays it when it is
// asked for the first time, and ends with the tests.
func startDemo(t *testing.T) demo {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.ending != nil {
		return shared.demo
	}
	dir, err := os.MkdirTemp("", "muster-e2e-demo-")
	if err != nil {
		t.Fatal(err)
	}
	m, end, err := launchWatched(dir, `(?s)application is open\s+(http://\S+)\s+Email\s+(\S+)\s+Password\s+(\S+)\s.*?\n\s+(http://\S+)\s`, "demo", "--people", "120", "--listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(dir)))
	}
	shared.demo, shared.dir, shared.ending = demo{m[1], m[2], m[3], m[4]}, dir, end
	return shared.demo
}

func stopDemo() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.ending == nil {
		return nil
	}
	return errors.Join(shared.ending(), os.RemoveAll(shared.dir))
}

// startServer serves an empty installation and returns its address and the path
// of the set-up. flags are for the database, if not the embedded one.
func startServer(t *testing.T, flags ...string) (at, setup string) {
	t.Helper()
	m, end, err := launchWatched(t.TempDir(), `Open (http://[^/]+)(/setup\S+)\s`, append(flags, "serve", "--listen", "127.0.0.1:0")...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return m[1], m[2]
}

// watch looks for secrets in everything that the programs of the suite give out.
var watch = newVigil()

// launchWatched is launch for a program that has secrets to keep. The first group
// of the pattern is its address, in place of which comes that of the vigil.
func launchWatched(dir, pattern string, args ...string) (groups []string, end func() error, err error) {
	m, stop, printed, err := launch(dir, pattern, args...)
	if err != nil {
		return nil, nil, err
	}
	address, close, err := watch.front(m[1])
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	m[1] = address
	data, database := filepath.Join(dir, "data"), ""
	if i := slices.Index(args, "--database"); i >= 0 {
		database = args[i+1]
	}
	return m, func() error {
		defer close()
		err := errors.Join(watch.files(data), watch.database(data, database), stop(), watch.files(data))
		watch.inText("what the program printed", []byte(printed()))
		return errors.Join(err, watch.report())
	}, nil
}

// launch runs the program with its data in a folder. It returns the groups of a
// pattern once it has printed that, what ends it, and what tells afterwards all
// that it printed from then on.
func launch(dir, pattern string, args ...string) (groups []string, end func() error, printed func() string, err error) {
	file, err := binary()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("build the program: %w", err)
	}
	cmd := exec.Command(file, append([]string{"--data", filepath.Join(dir, "data")}, args...)...)
	var trouble, rest strings.Builder
	cmd.Stderr = &trouble
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, nil, err
	}
	found, drained := make(chan []string, 1), make(chan bool)
	end = func() error {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended, which Wait tells
		<-drained
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("the program ended with %w: %s", err, trouble.String())
		}
		return nil
	}
	go func() {
		defer close(drained)
		read(out, regexp.MustCompile(pattern), found, &rest)
	}()
	select {
	case m := <-found:
		if m == nil {
			return nil, nil, nil, errors.Join(fmt.Errorf("the program ended before it printed %s", pattern), end())
		}
		return m, end, func() string { return rest.String() + trouble.String() }, nil
	case <-time.After(5 * time.Minute):
		return nil, nil, nil, errors.Join(fmt.Errorf("the program never printed %s", pattern), end())
	}
}

// read reads what the program prints until the pattern is there, and what comes
// after it into rest.
func read(out io.Reader, pattern *regexp.Regexp, found chan<- []string, rest *strings.Builder) {
	var text strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if m := pattern.FindStringSubmatch(text.String()); m != nil {
			found <- m
			break
		}
	}
	close(found)
	for lines.Scan() {
		rest.WriteString(lines.Text() + "\n")
	}
}
