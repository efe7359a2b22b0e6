//go:build unix

package simcheck

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/musterhq/muster/internal/entrasim"
)

// defaultPeople is how many users BenchmarkSDKReadsAllUsers reads; the
// environment variable PEOPLE says otherwise.
const defaultPeople = 20_000

// BenchmarkSDKReadsAllUsers measures the CPU that Microsoft's SDK needs to read
// all users with every mapped property, over https, page after page. The tenant
// runs in a process of its own, so that its CPU is not counted; what is counted
// is everything in this one: TLS, JSON, garbage collection. Sign-in and the
// first page are done once before. Run it on a machine that is otherwise idle:
//
//	PEOPLE=100000 go test -run '^$' -bench SDK -benchtime 3x .
func BenchmarkSDKReadsAllUsers(b *testing.B) {
	people := defaultPeople
	if s := os.Getenv("PEOPLE"); s != "" {
		var err error
		if people, err = strconv.Atoi(s); err != nil {
			b.Fatalf("PEOPLE: %v", err)
		}
	}
	g := simulate(b, people)
	first := func() models.UserCollectionResponseable {
		page, err := g.users().Get(b.Context(), &users.UsersRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Select: mapped(), Top: ptr(int32(999))}})
		if err != nil {
			b.Fatal(said(err))
		}
		return page
	}
	first()
	b.ReportAllocs()
	read := 0
	before := processCPU(b)
	for b.Loop() {
		all, err := pages[models.Userable](b.Context(), g, first(), models.CreateUserCollectionResponseFromDiscriminatorValue, nil)
		if err != nil {
			b.Fatal(said(err))
		}
		if len(all) < people*9/10 { // one in a hundred is soft-deleted from the start
			b.Fatalf("read %d users of %d", len(all), people)
		}
		read += len(all)
	}
	spent := processCPU(b) - before
	b.ReportMetric(float64(spent.Microseconds())/float64(read), "cpu-µs/user")
	b.ReportMetric(spent.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(read)/float64(b.N), "users/op")
}

// processCPU is the user and system time of this process so far, of all its
// threads.
func processCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// simulate builds muster, runs "muster simulate" until the benchmark ends, and
// returns the SDK pointed at it.
func simulate(b *testing.B, people int) *graph {
	b.Helper()
	dir := b.TempDir()
	program, ca := filepath.Join(dir, "muster"), filepath.Join(dir, "ca.pem")
	build := exec.Command("go", "build", "-o", program, "./cmd/muster")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build muster: %v\n%s", err, out)
	}
	cmd := exec.Command(program, "simulate", "--tls", "--ca-file", ca, "--listen", "127.0.0.1:0", "--people", strconv.Itoa(people))
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // fails only when it has ended
		_ = cmd.Wait()         // says that it was killed
	})
	url := ""
	for lines := bufio.NewScanner(out); url == "" && lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "login_url, graph_url:"); ok {
			url = strings.TrimSpace(rest)
		}
	}
	if url == "" {
		b.Fatal("muster simulate ended without an address")
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		b.Fatal(err)
	}
	client := trusting(b, pem)
	credential, err := secretFor(url, client, entrasim.DefaultClientSecret)
	if err != nil {
		b.Fatal(err)
	}
	return newGraph(b, url, client, credential)
}
