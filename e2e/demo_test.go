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
	file, err := binary()
	if err != nil {
		t.Fatalf("build the program: %v", err)
	}
	cmd := exec.Command(file, "--data", filepath.Join(t.TempDir(), "data"), "demo", "--people", "120", "--listen", "127.0.0.1:0")
	var trouble strings.Builder
	cmd.Stderr = &trouble
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo ended with %v: %s", err, trouble.String())
		}
	})
	found := make(chan []string, 1)
	go read(out, found)
	select {
	case m := <-found:
		if m == nil {
			t.Fatal("the demo ended before it opened the application")
		}
		return demo{m[1], m[2], m[3]}
	case <-time.After(5 * time.Minute):
		t.Fatal("the demo never opened the application")
	}
	return demo{}
}

// read reads the demo's story until it tells where the application is, and goes
// on so that the demo can, too.
func read(out io.Reader, found chan<- []string) {
	address := regexp.MustCompile(`(?s)application is open\s+(http://\S+)\s+Email\s+(\S+)\s+Password\s+(\S+)\s`)
	var text strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if m := address.FindStringSubmatch(text.String()); m != nil {
			found <- m
			break
		}
	}
	close(found)
	for lines.Scan() {
	}
}
