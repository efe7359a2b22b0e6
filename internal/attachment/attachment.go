// Package attachment keeps files with records: invoices, hand-over protocols,
// pictures of damage.
//
// The bytes are in the database, in parts, so that one backup has everything and
// any server on the same database can serve them. A file is received whole before
// it is stored: nobody's slow connection keeps others from writing.
package attachment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// Most is the size of the largest file, in bytes; partSize that of the parts it
// is kept in; MostOf how many files a record has at most.
const (
	Most     = 25 << 20
	partSize = 256 << 10
	MostOf   = 100
	longest  = 150 // characters of a name
)

// What the history of a record says was done.
const (
	ActionAttach = "attach"
	ActionDetach = "detach"
)

// File is a file with a record.
type File struct {
	ID      int64
	Account int64
	Record  int64
	Name    string
	Type    string // media type, as its content looks
	Size    int64
	Sum     [sha256.Size]byte
	AddedBy string
	AddedAt time.Time
}

// Store is the database as this package needs it.
type Store interface {
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	InsertFile(ctx context.Context, f File) (int64, error)
	InsertFilePart(ctx context.Context, file int64, seq int, data []byte) error
	Files(ctx context.Context, record int64) ([]File, error)           // oldest first
	File(ctx context.Context, id int64) (File, error)                  // NotFound
	FilePart(ctx context.Context, file int64, seq int) ([]byte, error) // NotFound
	DeleteFile(ctx context.Context, id int64) error                    // with its parts
	InsertHistory(ctx context.Context, entries []register.HistoryEntry) error
	WriteAudit(ctx context.Context, e audit.Event) error
}

// Records is what this package asks of the register.
type Records interface {
	Record(ctx context.Context, p account.Principal, acct, id int64) (register.Record, error)
	Collection(ctx context.Context, p account.Principal, acct, id int64) (register.Collection, error)
}

// Service holds the use cases. It is safe for concurrent use.
type Service struct {
	store   Store
	records Records
	now     func() time.Time
}

// New returns a service. now is the clock; nil means time.Now.
func New(store Store, records Records, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{store, records, now}
}

// List lists a record's files, oldest first.
func (s *Service) List(ctx context.Context, p account.Principal, acct, record int64) ([]File, error) {
	if _, err := s.records.Record(ctx, p, acct, record); err != nil {
		return nil, err
	}
	return s.store.Files(ctx, record)
}

// editable returns a record whose files the principal may change.
func (s *Service) editable(ctx context.Context, p account.Principal, acct, record int64) (register.Record, error) {
	r, err := s.records.Record(ctx, p, acct, record)
	if err != nil {
		return r, err
	}
	c, err := s.records.Collection(ctx, p, acct, r.Collection)
	if err != nil {
		return r, err
	}
	if err := p.May(account.Edit, acct, c.Module, c.ID); err != nil {
		return r, err
	}
	if r.Archived() {
		return r, errs.New(errs.Conflict, "%s is archived", r.Title).WithHint("Bring it back before changing its files.")
	}
	return r, nil
}

// Add keeps a file with a record, under f's name and type. from has to be here
// already, on disk or in memory: it is read twice, to measure it before the
// transaction and to store it in it.
func (s *Service) Add(ctx context.Context, p account.Principal, f File, from io.ReadSeeker) (File, error) {
	r, err := s.editable(ctx, p, f.Account, f.Record)
	if err != nil {
		return f, err
	}
	if f.Name = cleanName(f.Name); f.Name == "" {
		return f, errs.New(errs.Invalid, "the file needs a name")
	}
	if err := measure(&f, from); err != nil {
		return f, err
	}
	f.AddedBy, f.AddedAt = p.Name, s.now().UTC().Truncate(time.Microsecond)
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		there, err := s.store.Files(ctx, f.Record)
		if err != nil {
			return err
		}
		if len(there) >= MostOf {
			return errs.New(errs.Invalid, "%s has %d files already", r.Title, len(there)).WithHint("Remove one that is no longer needed.")
		}
		f.ID, err = s.put(ctx, f, from)
		if err != nil {
			return err
		}
		return s.note(ctx, p, r, ActionAttach, audit.FileAttached, f)
	})
	return f, err
}

// measure fills in a file's size and sum, and goes back to its beginning.
func measure(f *File, from io.ReadSeeker) error {
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(from, Most+1))
	switch {
	case err != nil:
		return err
	case n > Most:
		return errs.New(errs.Invalid, "the file has more than %d MB", Most>>20)
	case n == 0:
		return errs.New(errs.Invalid, "the file is empty")
	}
	f.Size = n
	sum.Sum(f.Sum[:0])
	_, err = from.Seek(0, io.SeekStart)
	return err
}

// put stores a file that was measured, one part in memory at a time, and returns
// its number.
func (s *Service) put(ctx context.Context, f File, from io.Reader) (int64, error) {
	id, err := s.store.InsertFile(ctx, f)
	if err != nil {
		return 0, err
	}
	part := make([]byte, partSize)
	for seq, left := 0, f.Size; left > 0; seq++ {
		n := min(left, partSize)
		if _, err := io.ReadFull(from, part[:n]); err != nil {
			return 0, errs.Wrap(err, "read the file")
		}
		if err := s.store.InsertFilePart(ctx, id, seq, part[:n]); err != nil {
			return 0, err
		}
		left -= n
	}
	return id, nil
}

// cleanName is a file's name without its folder and without what could deceive
// whoever saves it: control characters, and marks that turn the direction of the
// text, so that "gpj.exe" looks like "exe.jpg".
func cleanName(s string) string {
	s = path.Base(strings.ReplaceAll(strings.ToValidUTF8(s, ""), `\`, "/"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || strings.ContainsRune(`"<>|?*:;`, r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimLeft(strings.TrimSpace(s), ".")
	if n := utf8.RuneCountInString(s); n > longest {
		end := path.Ext(s)
		if r := []rune(s); utf8.RuneCountInString(end) < 20 {
			s = string(r[:longest-utf8.RuneCountInString(end)]) + end
		} else {
			s = string(r[:longest])
		}
	}
	if s == "/" {
		return ""
	}
	return s
}

// note writes what became of a file into the record's history and into the audit
// log, there with the sum of its bytes: which file it was can be shown later.
func (s *Service) note(ctx context.Context, p account.Principal, r register.Record, action string, event audit.Action, f File) error {
	now := s.now().UTC().Truncate(time.Microsecond)
	err := s.store.InsertHistory(ctx, []register.HistoryEntry{{
		Record: r.ID, Version: r.Version, At: now, Actor: p.Actor(), Action: action, Note: f.Name,
	}})
	if err != nil {
		return err
	}
	c, err := s.records.Collection(ctx, p, f.Account, r.Collection)
	if err != nil {
		return err
	}
	name := audit.Detail{Name: "file", After: f.Name}
	if action == ActionDetach {
		name.Before, name.After = f.Name, ""
	}
	return s.store.WriteAudit(ctx, audit.Event{
		At: now, Account: f.Account, Module: c.Module, Actor: p.Actor(), Action: event,
		SubjectKind: "record", SubjectID: r.ID, SubjectName: r.Title,
		Details: []audit.Detail{name, {Name: "SHA-256", After: hex.EncodeToString(f.Sum[:])}},
	})
}

// Open returns a file of a record that the principal may view, with its bytes.
func (s *Service) Open(ctx context.Context, p account.Principal, acct, record, id int64) (File, io.Reader, error) {
	f, err := s.find(ctx, p, acct, record, id)
	if err != nil {
		return f, nil, err
	}
	return f, &reader{ctx: ctx, store: s.store, file: f.ID, left: f.Size}, nil
}

func (s *Service) find(ctx context.Context, p account.Principal, acct, record, id int64) (File, error) {
	if _, err := s.records.Record(ctx, p, acct, record); err != nil {
		return File{}, err
	}
	f, err := s.store.File(ctx, id)
	if err == nil && (f.Account != acct || f.Record != record) {
		err = errs.New(errs.NotFound, "there is no such file here")
	}
	return f, err
}

// Remove removes a file for good; the record's history says so.
func (s *Service) Remove(ctx context.Context, p account.Principal, acct, record, id int64) (File, error) {
	r, err := s.editable(ctx, p, acct, record)
	if err != nil {
		return File{}, err
	}
	f, err := s.find(ctx, p, acct, record, id)
	if err != nil {
		return f, err
	}
	return f, s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.DeleteFile(ctx, id); err != nil {
			return err
		}
		return s.note(ctx, p, r, ActionDetach, audit.FileDetached, f)
	})
}

// reader reads a file part by part.
type reader struct {
	ctx   context.Context
	store Store
	file  int64
	next  int
	part  []byte
	left  int64
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if len(r.part) == 0 {
		var err error
		if r.part, err = r.store.FilePart(r.ctx, r.file, r.next); err != nil {
			return 0, errs.Wrap(err, "read a file")
		}
		r.next++
	}
	n := copy(p, r.part)
	r.part = r.part[n:]
	r.left -= int64(n)
	return n, nil
}
