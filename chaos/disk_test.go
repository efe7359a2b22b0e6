package chaos

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/entrasim"
)

// smallDisk is a folder on a disk of some megabytes.
func smallDisk(t *testing.T, megabytes int) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=0700", megabytes), "muster-chaos", dir).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be made here, which takes root: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	return dir
}

// fill leaves no room on the disk of a folder.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 64 << 10, 4 << 10, 512} {
		for block := make([]byte, size); ; {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
	return func() { _ = os.Remove(path) }
}

// A server on the embedded database whose disk is full refuses what would change
// something, goes on showing what there is, and works again when there is room.
func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	s := &site{t: t, data: smallDisk(t, 24)}
	tenant, err := entrasim.New(entrasim.Config{Seed: 11, People: people}).Start()
	s.must(err)
	t.Cleanup(func() { tenant.Close() })
	at := strings.TrimPrefix(tenant.URL(), "http://")
	file := filepath.Join(s.data, "muster.yaml")
	s.must(os.WriteFile(file, fmt.Appendf(nil, setUp, entrasim.DefaultTenantID, entrasim.DefaultClientID, entrasim.DefaultApplicationObjectID,
		entrasim.DefaultClientSecret, at, at), 0o600))
	s.muster("apply", "-f", file)
	s.muster("sync")
	token := strings.TrimSpace(s.muster("token", "create", "worker", "--role", "Module Admin", "--scope", "everything"))
	srv := newServer(t)
	s.start(srv)
	ctx, c := t.Context(), s.client(srv, token)
	add := func(name string) error {
		_, err := c.CreateRecord(ctx, 1, 1, client.RecordInput{Fields: client.Values{"Name": name, "Notes": strings.Repeat("x", 1000)}})
		return err
	}
	s.must(add("before"))
	there := map[string]bool{"before": true}
	free := fill(t, s.data)
	refused := 0
	for n := range 2000 { // what room there is in the files is used up first
		name := fmt.Sprintf("Laptop %d", n)
		body := fmt.Appendf(nil, `{"fields": {"Name": %q, "Notes": %q}}`, name, strings.Repeat("x", 1000))
		status, text := send(srv, token, "/modules/1/collections/1/records", name, body)
		switch {
		case status == http.StatusCreated:
			there[name] = true
		case status == http.StatusServiceUnavailable && strings.Contains(string(text), "disk"):
			refused++
		case status == http.StatusTooManyRequests:
			rest(ctx, 100*time.Millisecond)
		default:
			t.Fatalf("%s is answered %d: %s", name, status, text)
		}
		if refused == 3 {
			break
		}
	}
	if refused == 0 {
		t.Fatal("the disk was never full")
	}
	count := func() (n int) {
		t.Helper()
		for r, err := range c.Records(ctx, 1, 1, client.RecordQuery{}) {
			s.must(err)
			if !there[r.Title] {
				t.Errorf("%s was refused and is there", r.Title)
			}
			n++
		}
		return n
	}
	if n := count(); n != len(there) {
		t.Errorf("with a full disk %d records are shown, want %d", n, len(there))
	}
	free()
	s.must(add("after"))
	there["after"] = true
	if n := count(); n != len(there) {
		t.Errorf("with room again there are %d records, want %d", n, len(there))
	}
	run, err := s.sync(ctx, c)
	if err != nil || run.State != "succeeded" {
		t.Errorf("a sync afterwards ends as %s: %v %s", run.State, err, run.Error)
	}
	if said := s.muster("audit", "verify"); !strings.Contains(said, "as it was written") {
		t.Error(said)
	}
}
