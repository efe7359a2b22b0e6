package e2e_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// demo is the program, serving its demo.
type demo struct{ at, email, password string }

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
	code := m.Run()
	if file, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

// startDemo plays the demo in a process of its own, which ends with the test.
func startDemo(t *testing.T) demo {
	t.Helper()
	m := startProgram(t, `(?s)application is open\s+(http://\S+)\s+Email\s+(\S+)\s+Password\s+(\S+)\s`, "demo", "--people", "120", "--listen", "127.0.0.1:0")
	return demo{m[1], m[2], m[3]}
}

// startServer serves an empty installation and returns its address and the path
// of the set-up.
func startServer(t *testing.T) (at, setup string) {
	t.Helper()
	m := startProgram(t, `Open (http://[^/]+)(/setup\S+)\s`, "serve", "--listen", "127.0.0.1:0")
	return m[1], m[2]
}

// startProgram runs the program in an empty folder until the test ends, and
// returns the groups of a pattern once it has printed that.
func startProgram(t *testing.T, pattern string, args ...string) []string {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatalf("build the program: %v", err)
	}
	cmd := exec.Command(file, append([]string{"--data", filepath.Join(t.TempDir(), "data")}, args...)...)
	var trouble strings.Builder
	cmd.Stderr = &trouble
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	found, drained := make(chan []string, 1), make(chan bool)
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		<-drained
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v: %s", err, trouble.String())
		}
	})
	go func() {
		defer close(drained)
		read(out, regexp.MustCompile(pattern), found)
	}()
	select {
	case m := <-found:
		if m == nil {
			t.Fatalf("the program ended before it printed %s", pattern)
		}
		return m
	case <-time.After(5 * time.Minute):
		t.Fatalf("the program never printed %s", pattern)
	}
	return nil
}

// read reads what the program prints until the pattern is there, and goes on so
// that the program can, too.
func read(out io.Reader, pattern *regexp.Regexp, found chan<- []string) {
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
	}
}
