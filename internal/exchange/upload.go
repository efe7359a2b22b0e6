package exchange

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"maps"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/sheet"
)

// UploadLife is how long an uploaded file is kept after it was last used.
const UploadLife = time.Hour

// How often the reader of a file says how far it is, and after how long without
// that it is taken for dead.
const (
	tellEvery = 500 * time.Millisecond
	deadAfter = 30 * time.Second
)

// RowsShown is how many rows of each verdict are kept for people to look at, and
// SamplesShown how many of a file are, for matching its columns.
const (
	RowsShown    = 10
	SamplesShown = 3
)

// The files of an upload.
const (
	received = iota
	setAside // the rows that do not fit
)

const partSize = 256 << 10 // bytes

// Upload is a file on its way into a collection. It is kept in the database, so
// that any server over it can go on with what another has received.
type Upload struct {
	ID         string
	Login      int64 // whose it is; nobody else sees it
	Collection int64
	Name       string
	Encoding   sheet.Encoding
	Size       int64 // bytes
	Reader     string
	BeatAt     time.Time
	Stopping   bool
	UsedAt     time.Time
	Standing
}

// Standing is how far a file is.
type Standing struct {
	Head    []string
	Samples [][]string
	Match   Match
	Pass    *Pass // the reading under way, or the last one; nil before the first
}

// Pass is one reading of a file, be it to look or to do.
type Pass struct {
	Write, Ended bool
	Tally        Tally
	Rows         map[Verdict][]Shown // the first of each verdict
	Faults       bool                // rows were set aside
	Kind         errs.Kind           // of what went wrong
	Error, Hint  string              // "" when nothing did
}

// Shown is a row as it is kept for people to look at.
type Shown struct {
	Number     int
	Cells      []string
	Record     int64 // 0 for one that is not there (yet)
	Title, Why string
	Diffs      []ShownDiff
}

// ShownDiff is what becomes of a field, in the canonical JSON of its values.
type ShownDiff struct {
	Field         int64
	Before, After string
}

// Fault is what went wrong; nil when nothing did.
func (p *Pass) Fault() error {
	if p.Error == "" {
		return nil
	}
	return errs.New(p.Kind, "%s", p.Error).WithHint("%s", p.Hint)
}

// Shelf keeps uploads.
type Shelf interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	InsertUpload(ctx context.Context, u Upload) error
	Upload(ctx context.Context, id string) (Upload, error) // NotFound
	UploadsOf(ctx context.Context, login, collection int64) ([]Upload, error)
	PutUploadPart(ctx context.Context, id string, file, seq int, data []byte) error
	UploadPart(ctx context.Context, id string, file, seq int) ([]byte, error) // NotFound behind the last
	DropUploadParts(ctx context.Context, id string, file int) error
	ClaimUpload(ctx context.Context, id, reader string, s Standing, now, dead time.Time) (bool, error)
	TellUpload(ctx context.Context, id, reader string, s Standing, now time.Time, ended bool) (stopping bool, err error) // Conflict
	StopUpload(ctx context.Context, id string) error
	TouchUpload(ctx context.Context, id string, now time.Time) error
	DeleteUploads(ctx context.Context, before time.Time) error
}

// Uploads are the use cases of files that people import step by step.
type Uploads struct {
	exchange *Service
	shelf    Shelf
	folder   string // for files while they are read; "" for the system's
	log      *slog.Logger
}

// Uploads returns the use cases of files on a shelf. In folder they are put while
// they are read; "" is the system's. log is told of faults that are Muster's own.
func (s *Service) Uploads(shelf Shelf, folder string, log *slog.Logger) *Uploads {
	return &Uploads{s, shelf, folder, log}
}

// moment is the one instant of a use case, as precise as it is stored.
func (u *Uploads) moment() time.Time { return u.exchange.now().UTC().Truncate(time.Microsecond) }

// file makes a file without a name: it goes with this process, however that ends.
func (u *Uploads) file() (*os.File, error) {
	if u.folder != "" {
		if err := os.MkdirAll(u.folder, 0o700); err != nil {
			return nil, err
		}
	}
	f, err := os.CreateTemp(u.folder, "muster-upload-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Keep stores a file as somebody's, after a look whether it can be read at all.
func (u *Uploads) Keep(ctx context.Context, p account.Principal, acct, collection int64, name string, encoding sheet.Encoding, from io.Reader) (Upload, error) {
	up := Upload{ID: rand.Text(), Login: p.Login, Collection: collection, Name: name, Encoding: encoding, UsedAt: u.moment()}
	if err := u.exchange.May(ctx, p, acct, collection); err != nil {
		return up, err
	}
	f, err := u.file()
	if err != nil {
		return up, err
	}
	defer f.Close()
	if up.Size, err = io.Copy(f, from); err != nil {
		return up, errs.New(errs.Invalid, "the file did not arrive whole").Because(err)
	}
	if err := up.look(f); err != nil {
		return up, err
	}
	if err := u.shelf.DeleteUploads(ctx, up.UsedAt.Add(-UploadLife)); err != nil {
		return up, err
	}
	return up, u.shelf.InTx(ctx, func(ctx context.Context) error {
		if err := u.shelf.InsertUpload(ctx, up); err != nil {
			return err
		}
		return u.put(ctx, up.ID, received, f)
	})
}

// look reads the names of the columns and the first rows.
func (up *Upload) look(f sheet.File) error {
	r, err := sheet.Open(f, up.Size, up.Encoding)
	if err != nil {
		return err
	}
	defer r.Close()
	up.Head = r.Head()
	for len(up.Samples) < SamplesShown {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		up.Samples = append(up.Samples, row.Cells)
	}
	if len(up.Samples) == 0 {
		return errs.New(errs.Invalid, "the file has the names of columns and no rows")
	}
	return nil
}

// put stores a file from its beginning, one part in memory at a time.
func (u *Uploads) put(ctx context.Context, id string, which int, f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	part := make([]byte, partSize)
	for seq := 0; ; seq++ {
		n, err := io.ReadFull(f, part)
		if n > 0 {
			if err := u.shelf.PutUploadPart(ctx, id, which, seq, part[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// copyTo writes one of an upload's files.
func (u *Uploads) copyTo(ctx context.Context, w io.Writer, id string, which int) error {
	for seq := 0; ; seq++ {
		part, err := u.shelf.UploadPart(ctx, id, which, seq)
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
}

// Find returns somebody's upload into a collection, as it stands.
func (u *Uploads) Find(ctx context.Context, p account.Principal, collection int64, id string) (Upload, error) {
	up, err := u.shelf.Upload(ctx, id)
	now := u.moment()
	if err == nil && (up.Login != p.Login || up.Collection != collection || now.Sub(up.UsedAt) > UploadLife) {
		err = errs.New(errs.NotFound, "there is no such upload")
	}
	if errs.Is(err, errs.NotFound) {
		return up, errs.New(errs.NotFound, "this file is no longer here").WithHint("Files are kept for an hour. Upload it again: rows that were imported are found again.")
	}
	if err != nil {
		return up, err
	}
	up.bury(now)
	return up, u.shelf.TouchUpload(ctx, id, now)
}

// bury ends the reading of a server that has died.
func (up *Upload) bury(now time.Time) {
	if up.Reader == "" || now.Sub(up.BeatAt) < deadAfter {
		return
	}
	up.Reader, up.Pass.Ended = "", true
	up.Pass.Kind, up.Pass.Error = errs.Unavailable, "the server that read the file has stopped"
	up.Pass.Hint = "Begin again: rows that were imported are found again."
}

// Of lists somebody's uploads into a collection, by name: a closed tab is not the
// end of one.
func (u *Uploads) Of(ctx context.Context, p account.Principal, collection int64) ([]Upload, error) {
	list, err := u.shelf.UploadsOf(ctx, p.Login, collection)
	now := u.moment()
	var out []Upload
	for _, up := range list {
		if now.Sub(up.UsedAt) <= UploadLife {
			up.bury(now)
			out = append(out, up)
		}
	}
	return out, err
}

// WriteFaults writes the table of the rows that were set aside; NotFound when
// none were.
func (u *Uploads) WriteFaults(ctx context.Context, up Upload, w io.Writer) error {
	if up.Pass == nil || !up.Pass.Ended || !up.Pass.Faults {
		return errs.New(errs.NotFound, "no rows were set aside")
	}
	return u.copyTo(ctx, w, up.ID, setAside)
}

// Stop ends the reading of a file, on whichever server it goes on.
func (u *Uploads) Stop(ctx context.Context, up Upload) error { return u.shelf.StopUpload(ctx, up.ID) }

// Begin reads a file in the background, to look what an import would do or to do
// it. It returns Conflict when that is going on already, be it on another server.
func (u *Uploads) Begin(ctx context.Context, p account.Principal, up Upload, in Import, write bool) error {
	up.Match = in.Match
	up.Pass = &Pass{Write: write, Tally: Tally{}, Rows: map[Verdict][]Shown{}}
	r := &reading{u: u, p: p, in: in, up: up, name: rand.Text()}
	now := u.moment()
	mine, err := u.shelf.ClaimUpload(ctx, up.ID, r.name, up.Standing, now, now.Add(-deadAfter))
	if err == nil && !mine {
		err = errs.New(errs.Conflict, "this file is being read already")
	}
	if err != nil {
		return err
	}
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go r.run(ctx)
	return nil
}

// reading is a pass under way.
type reading struct {
	u      *Uploads
	p      account.Principal
	in     Import
	name   string
	cancel context.CancelFunc

	mu sync.Mutex
	up Upload
}

// run reads the file and says now and then how far it is.
func (r *reading) run(ctx context.Context) {
	defer r.cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.read(ctx) }()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			r.end(context.WithoutCancel(ctx), err)
			return
		case <-tick.C:
			// That the database cannot be reached now stops no reading by itself:
			// it fails where it writes.
			if stop, err := r.tell(ctx, false); stop || errs.Is(err, errs.Conflict) {
				r.cancel()
			}
		}
	}
}

func (r *reading) tell(ctx context.Context, ended bool) (stop bool, err error) {
	return r.u.shelf.TellUpload(ctx, r.up.ID, r.name, r.standing(), r.u.moment(), ended)
}

// standing is a copy of how far the file is, which no longer changes.
func (r *reading) standing() Standing {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, pass := r.up.Standing, *r.up.Pass
	pass.Tally, pass.Rows = maps.Clone(pass.Tally), maps.Clone(pass.Rows)
	s.Pass = &pass
	return s
}

// end says how the reading ended. When that cannot be said, the reading is taken
// for dead after a while.
func (r *reading) end(ctx context.Context, err error) {
	r.mu.Lock()
	r.up.Pass.Ended = true
	if err != nil {
		r.up.Pass.Kind, r.up.Pass.Error, r.up.Pass.Hint = errs.KindOf(err), err.Error(), errs.HintOf(err)
	}
	r.mu.Unlock()
	if errs.KindOf(err) == errs.Internal && err != nil {
		r.u.log.Error("a file could not be imported", "name", r.up.Name, "error", err)
	}
	if _, err := r.tell(ctx, true); err != nil {
		r.u.log.Warn("could not say how an import ended", "name", r.up.Name, "error", err)
	}
}

func (r *reading) read(ctx context.Context) (err error) {
	f, err := r.u.file()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.u.copyTo(ctx, f, r.up.ID, received); err != nil {
		return err
	}
	table, err := sheet.Open(f, r.up.Size, r.up.Encoding)
	if err != nil {
		return err
	}
	defer table.Close()
	faults := &faultFile{head: r.up.Head, u: r.u}
	do := r.u.exchange.Preview
	if r.up.Pass.Write {
		do = r.u.exchange.Run
	}
	_, err = do(ctx, r.p, r.in, table, func(row Row) error {
		r.count(row)
		if row.Verdict == Faulty {
			return faults.add(row)
		}
		return nil
	})
	return errors.Join(err, r.keep(context.WithoutCancel(ctx), faults))
}

// count takes a row into what is shown.
func (r *reading) count(row Row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pass := r.up.Pass
	pass.Tally[row.Verdict]++
	if len(pass.Rows[row.Verdict]) >= RowsShown {
		return
	}
	pass.Rows[row.Verdict] = append(pass.Rows[row.Verdict], Shown{
		Number: row.Number, Cells: row.Cells, Record: row.Record, Title: row.Title, Why: row.Why, Diffs: shownDiffs(row.Diffs),
	})
}

func shownDiffs(list []register.FieldDiff) []ShownDiff {
	out := make([]ShownDiff, len(list))
	for i, d := range list {
		out[i] = ShownDiff{Field: d.Field, Before: d.Before.JSON(), After: d.After.JSON()}
	}
	return out
}

// keep stores the rows that were set aside, in place of those of the pass before.
func (r *reading) keep(ctx context.Context, faults *faultFile) error {
	f, err := faults.whole()
	if f == nil || err != nil {
		return err
	}
	defer f.Close()
	err = r.u.shelf.InTx(ctx, func(ctx context.Context) error {
		if err := r.u.shelf.DropUploadParts(ctx, r.up.ID, setAside); err != nil {
			return err
		}
		return r.u.put(ctx, r.up.ID, setAside, f)
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.up.Pass.Faults = true
	r.mu.Unlock()
	return nil
}

// faultFile is a table of the rows that were set aside, with the reason.
type faultFile struct {
	u    *Uploads
	head []string
	file *os.File // nil before the first
	out  sheet.Writer
}

func (f *faultFile) add(row Row) (err error) {
	if f.out == nil {
		if f.file, err = f.u.file(); err != nil {
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

// whole returns the table when it is written; nil when no row was set aside. The
// caller closes it.
func (f *faultFile) whole() (*os.File, error) {
	if f.out == nil {
		return nil, nil
	}
	if err := f.out.Close(); err != nil {
		return nil, errors.Join(err, f.file.Close())
	}
	return f.file, nil
}
