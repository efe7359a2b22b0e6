package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/exchange"
	"github.com/musterhq/muster/internal/sheet"
)

// uploadLife is how long an uploaded file is kept after it was last used.
const uploadLife = time.Hour

// uploads are the files that people are importing. They are this process's own:
// what was done is in the database, the rest is uploaded again.
type uploads struct {
	folder string // "" until the first upload
	now    func() time.Time

	mu   sync.Mutex
	list map[string]*upload
}

func newUploads(folder string, now func() time.Time) *uploads {
	return &uploads{folder: folder, now: now, list: map[string]*upload{}}
}

// upload is one file on its way into a collection.
type upload struct {
	id         string
	login      int64 // whose it is; nobody else sees it
	collection int64
	name       string
	path       string
	size       int64
	encoding   sheet.Encoding
	head       []string
	samples    [][]string

	mu     sync.Mutex
	used   time.Time
	match  exchange.Match
	passed *pass // the pass under way, or the last one
}

// pass is one reading of the file, be it to look or to do.
type pass struct {
	write  bool
	ended  bool
	tally  exchange.Tally
	rows   map[exchange.Verdict][]exchange.Row // the first of each verdict
	faults string                              // a file with the rows that were set aside; "" for none
	err    error
	cancel context.CancelFunc
}

// rowsShown is how many rows of each verdict a page shows.
const rowsShown = 10

// samplesShown is how many rows the matching of columns shows.
const samplesShown = 3

// keep stores a file, after a look whether it can be read at all.
func (u *uploads) keep(login, collection int64, name string, encoding sheet.Encoding, from io.Reader) (*upload, error) {
	if err := u.makeFolder(); err != nil {
		return nil, err
	}
	up := &upload{id: rand.Text(), login: login, collection: collection, name: name, encoding: encoding, used: u.now()}
	up.path = filepath.Join(u.folder, up.id)
	f, err := os.OpenFile(up.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	up.size, err = io.Copy(f, from)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(errs.New(errs.Invalid, "the file did not arrive whole").Because(err), os.Remove(up.path))
	}
	if err := up.look(); err != nil {
		return nil, errors.Join(err, os.Remove(up.path))
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sweep()
	u.list[up.id] = up
	return up, nil
}

func (u *uploads) makeFolder() (err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.folder == "" {
		u.folder, err = os.MkdirTemp("", "muster-uploads-")
		return err
	}
	return os.MkdirAll(u.folder, 0o700)
}

// sweep forgets files that nobody has looked at for a while. The caller holds
// the lock.
func (u *uploads) sweep() {
	for id, up := range u.list {
		up.mu.Lock()
		old := u.now().Sub(up.used) > uploadLife && (up.passed == nil || up.passed.ended)
		up.mu.Unlock()
		if old {
			delete(u.list, id)
			_ = errors.Join(os.Remove(up.path), os.Remove(up.path+".faults")) // there may be none
		}
	}
}

// find returns somebody's upload into a collection.
func (u *uploads) find(id string, login, collection int64) (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	up := u.list[id]
	if up == nil || up.login != login || up.collection != collection {
		return nil, errs.New(errs.NotFound, "this file is no longer here").WithHint("Files are kept for an hour. Upload it again: rows that were imported are found again.")
	}
	up.mu.Lock()
	up.used = u.now()
	up.mu.Unlock()
	return up, nil
}

// of returns somebody's uploads into a collection, by name: a closed tab is not
// the end of one.
func (u *uploads) of(login, collection int64) []*upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	var out []*upload
	for _, up := range u.list {
		if up.login == login && up.collection == collection {
			out = append(out, up)
		}
	}
	slices.SortFunc(out, func(a, b *upload) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id)) })
	return out
}

// open opens the file as a table. The caller closes both.
func (up *upload) open() (sheet.Reader, *os.File, error) {
	f, err := os.Open(up.path)
	if err != nil {
		return nil, nil, err
	}
	r, err := sheet.Open(f, up.size, up.encoding)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return r, f, nil
}

// look reads the names of the columns and the first rows.
func (up *upload) look() error {
	r, f, err := up.open()
	if err != nil {
		return err
	}
	defer f.Close()
	defer r.Close()
	up.head = r.Head()
	for len(up.samples) < samplesShown {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		up.samples = append(up.samples, row.Cells)
	}
	if len(up.samples) == 0 {
		return errs.New(errs.Invalid, "the file has the names of columns and no rows")
	}
	return nil
}

// start begins a pass in the background. One at a time.
func (up *upload) start(ctx context.Context, x *exchange.Service, p account.Principal, in exchange.Import, write bool) error {
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.passed != nil && !up.passed.ended {
		return errs.New(errs.Conflict, "this file is being read already")
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	up.match = in.Match
	up.passed = &pass{write: write, tally: exchange.Tally{}, rows: map[exchange.Verdict][]exchange.Row{}, cancel: cancel}
	go up.read(ctx, x, p, in, up.passed)
	return nil
}

// read is a pass over the file.
func (up *upload) read(ctx context.Context, x *exchange.Service, p account.Principal, in exchange.Import, ps *pass) {
	defer ps.cancel()
	faults := &faultFile{path: up.path + ".faults", head: up.head}
	err := func() error {
		r, f, err := up.open()
		if err != nil {
			return err
		}
		defer f.Close()
		defer r.Close()
		do := x.Preview
		if ps.write {
			do = x.Run
		}
		_, err = do(ctx, p, in, r, func(row exchange.Row) error {
			up.mu.Lock()
			ps.tally[row.Verdict]++
			if len(ps.rows[row.Verdict]) < rowsShown {
				ps.rows[row.Verdict] = append(ps.rows[row.Verdict], row)
			}
			up.mu.Unlock()
			if row.Verdict == exchange.Faulty {
				return faults.add(row)
			}
			return nil
		})
		return err
	}()
	err = errors.Join(err, faults.close())
	up.mu.Lock()
	defer up.mu.Unlock()
	ps.err, ps.ended = err, true
	if faults.out != nil {
		ps.faults = faults.path
	}
}

// state is a copy of the pass, safe to show.
func (up *upload) state() (match exchange.Match, ps *pass) {
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.passed == nil {
		return up.match, nil
	}
	c := *up.passed
	c.tally, c.rows = exchange.Tally{}, map[exchange.Verdict][]exchange.Row{}
	for v, n := range up.passed.tally {
		c.tally[v] = n
	}
	for v, rows := range up.passed.rows {
		c.rows[v] = append([]exchange.Row(nil), rows...)
	}
	return up.match, &c
}

// stop ends the pass under way.
func (up *upload) stop() {
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.passed != nil && !up.passed.ended {
		up.passed.cancel()
	}
}

// faultFile is a table of the rows that were set aside, with the reason.
type faultFile struct {
	path string
	head []string
	file *os.File
	out  sheet.Writer
}

func (f *faultFile) add(row exchange.Row) (err error) {
	if f.out == nil {
		if f.file, err = os.OpenFile(f.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
			return err
		}
		if f.out, err = sheet.Create(f.file, sheet.CSV); err != nil {
			return err
		}
		if err := f.out.Write(append([]string{"Line", "What is wrong"}, f.head...)); err != nil {
			return err
		}
	}
	return f.out.Write(append([]string{strconv.Itoa(row.Number), row.Why}, row.Cells...))
}

func (f *faultFile) close() error {
	if f.out == nil {
		return nil
	}
	return errors.Join(f.out.Close(), f.file.Close())
}
