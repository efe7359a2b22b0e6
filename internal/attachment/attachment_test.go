package attachment_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var clock = time.Date(2026, 5, 18, 9, 0, 0, 0, time.UTC)

// shelf is an asset with files.
type shelf struct {
	t       *testing.T
	db      *store.DB
	records *register.Service
	svc     *attachment.Service
	p       account.Principal
	asset   register.Record
}

func open(t *testing.T, db *store.DB) *shelf {
	t.Helper()
	a, err := db.CreateAccount(t.Context(), account.Account{Name: "Contoso", CreatedAt: clock})
	must(t, err)
	m, err := db.CreateModule(t.Context(), account.Module{Account: a.ID, Name: "IT", CreatedAt: clock})
	must(t, err)
	now := func() time.Time { return clock }
	s := &shelf{t: t, db: db, records: register.New(db, now), p: account.System()}
	s.svc = attachment.New(db, s.records, now)
	made, err := s.records.SetUpModule(t.Context(), s.p.Actor(), a.ID, m.ID, "Assets")
	must(t, err)
	title, err := s.records.TitleField(t.Context(), made[0].ID)
	must(t, err)
	s.asset, err = s.records.Create(t.Context(), s.p, register.Input{
		Account: a.ID, Collection: made[0].ID, Set: []register.FieldValue{{Field: title, Value: datatype.OfText("Laptop")}},
	})
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *shelf) add(name string, data []byte) (attachment.File, error) {
	return s.svc.Add(s.t.Context(), s.p, attachment.File{Account: s.asset.Account, Record: s.asset.ID, Name: name, Type: "text/plain"}, bytes.NewReader(data))
}

func TestAFileComesBackAsItWas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := open(t, db)
		for _, size := range []int{1, 256 << 10, 256<<10 + 1, 1 << 20} {
			want := bytes.Repeat([]byte("muster!\x00"), size/8+1)[:size]
			f, err := s.add(fmt.Sprintf("file %d.txt", size), want)
			must(t, err)
			_, r, err := s.svc.Open(t.Context(), s.p, s.asset.Account, s.asset.ID, f.ID)
			must(t, err)
			got, err := io.ReadAll(r)
			must(t, err)
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes come back as %d others", size, len(got))
			}
		}
		list, err := s.svc.List(t.Context(), s.p, s.asset.Account, s.asset.ID)
		must(t, err)
		if len(list) != 4 || list[0].AddedBy != s.p.Name || !list[0].AddedAt.Equal(clock) || list[3].Size != 1<<20 {
			t.Errorf("got the files %+v", list)
		}
		removed, err := s.svc.Remove(t.Context(), s.p, s.asset.Account, s.asset.ID, list[1].ID)
		must(t, err)
		if _, _, err := s.svc.Open(t.Context(), s.p, s.asset.Account, s.asset.ID, removed.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("a removed file opens: %v", err)
		}
		history, err := s.records.RecordHistory(t.Context(), s.p, s.asset.Account, s.asset.ID, 0, 10)
		must(t, err)
		if history[0].Action != attachment.ActionDetach || history[0].Note != removed.Name || history[1].Action != attachment.ActionAttach {
			t.Errorf("the history is %+v", history)
		}
	})
}

// Which file it was that somebody took away shows by its sum.
func TestTheAuditLogTellsOfFiles(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := open(t, db)
		f, err := s.add("protocol.txt", []byte("signed"))
		must(t, err)
		if _, err := s.add("empty.txt", nil); err == nil {
			t.Fatal("an empty file is kept")
		}
		_, err = s.svc.Remove(t.Context(), s.p, s.asset.Account, s.asset.ID, f.ID)
		must(t, err)
		log, err := account.NewService(db, nil).Events(t.Context(), account.CommandLine(), account.EventQuery{
			Account: s.asset.Account, SubjectKind: "record", SubjectID: s.asset.ID,
		})
		must(t, err)
		if len(log) != 2 {
			t.Fatalf("the log has %d events, want one for each act that was done", len(log))
		}
		sum := audit.Detail{Name: "SHA-256", After: fmt.Sprintf("%x", sha256.Sum256([]byte("signed")))}
		for i, want := range []struct {
			action audit.Action
			file   audit.Detail
		}{{audit.FileDetached, audit.Detail{Name: "file", Before: "protocol.txt"}}, {audit.FileAttached, audit.Detail{Name: "file", After: "protocol.txt"}}} {
			e := log[i].Event
			if e.Action != want.action || e.SubjectName != "Laptop" || e.Module == 0 || e.Actor.Name != s.p.Name || !slices.Equal(e.Details, []audit.Detail{want.file, sum}) {
				t.Errorf("event %d is %+v, want %s with %+v", i, e, want.action, want.file)
			}
		}
	})
}

func TestFilesAreInTheBackup(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := open(t, db)
		want := bytes.Repeat([]byte{0, 1, 2, 255}, 100_000)
		f, err := s.add("photo.bin", want)
		must(t, err)
		var archive bytes.Buffer
		must(t, db.Backup(t.Context(), &archive))
		other := storetest.SQLite(t)
		must(t, other.Restore(t.Context(), bytes.NewReader(archive.Bytes()), int64(archive.Len())))
		_, r, err := attachment.New(other, register.New(other, nil), nil).Open(t.Context(), s.p, s.asset.Account, s.asset.ID, f.ID)
		must(t, err)
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
			t.Errorf("the restored file has %d bytes (%v), want those that it had", len(got), err)
		}
	})
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	if _, err := s.add("empty.txt", nil); !errs.Is(err, errs.Invalid) {
		t.Errorf("an empty file: got %v", err)
	}
	if _, err := s.add("large.bin", make([]byte, attachment.Most+1)); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "25 MB") {
		t.Errorf("a file that is too large: got %v", err)
	}
	if _, err := s.add(" /\x00", []byte("x")); !errs.Is(err, errs.Invalid) {
		t.Errorf("a file without a name: got %v", err)
	}
	if list, err := s.db.Files(t.Context(), s.asset.ID); err != nil || len(list) != 0 {
		t.Errorf("refused files left %v (%v)", list, err)
	}
	reader := account.Principal{Name: "reader", Holds: []account.Holding{{Account: s.asset.Account, Role: account.Role{Name: "Reader"}}}}
	s.p = reader
	if _, err := s.add("x.txt", []byte("x")); !errs.Is(err, errs.Forbidden) {
		t.Errorf("without the right: got %v", err)
	}
	s.p = account.Principal{Name: "stranger", Holds: []account.Holding{{Account: s.asset.Account + 1, Role: account.BuiltIn()[0]}}}
	if _, err := s.svc.List(t.Context(), s.p, s.asset.Account, s.asset.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("from another account: got %v", err)
	}
}

func TestNamesDeceiveNobody(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	var got []string
	for _, name := range []string{`C:\temp\invoice.pdf`, "../../etc/passwd", "a\u202egpj.exe", "a\r\nSet-Cookie: x", `"><script>.svg`, ".htaccess", strings.Repeat("x", 300) + ".pdf", "Rechnung Nº 5.pdf"} {
		f, err := s.add(name, []byte("x"))
		must(t, err)
		got = append(got, f.Name)
	}
	want := []string{"invoice.pdf", "passwd", "agpj.exe", "aSet-Cookie x", "script.svg", "htaccess", strings.Repeat("x", 146) + ".pdf", "Rechnung Nº 5.pdf"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
