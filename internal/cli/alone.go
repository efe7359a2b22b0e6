package cli

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/musterhq/muster/internal/errs"
)

// alone keeps other servers from the embedded database, which one process
// serves. Commands beside it are welcome. The lock is the kernel's, so it goes
// with the process, however that ends.
func (h *house) alone() (release func(), err error) {
	if h.db.Engine() != "sqlite" {
		return func() {}, nil
	}
	path := filepath.Join(h.data, "serving")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- in the data folder
	if err != nil {
		return nil, errs.New(errs.Internal, "%s cannot be opened", path).Because(err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) // #nosec G115 -- the kernel's small numbers
	if errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return nil, errs.New(errs.Conflict, "another server is at work on the embedded database").About("%s", h.data).
			WithHint("Stop it first. Several servers share one PostgreSQL: see --database.")
	}
	if err != nil {
		f.Close()
		return nil, errs.New(errs.Internal, "%s cannot be locked", path).Because(err)
	}
	return func() { f.Close() }, nil
}
