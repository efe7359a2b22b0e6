package web

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/web/view"
)

// filesView lists a record's files.
func (v *visit) filesView(r register.Record, c register.Collection) (view.Files, error) {
	path := recordPath(v.module.ID, c.ID, r.ID) + "/files"
	out := view.Files{Path: path, MayAdd: v.who.May(account.Edit, v.module.Account, v.module.ID, c.ID) == nil && !r.Archived()}
	list, err := v.site.Files.List(v.ctx(), v.who, v.module.Account, r.ID)
	for _, f := range list {
		out.List = append(out.List, view.FileRow{Name: f.Name, Path: path + "/" + view.Num(f.ID), Size: f.Size, By: f.AddedBy, At: f.AddedAt})
	}
	return out, err
}

// attach keeps an uploaded file with the record of the path.
func (s *Site) attach(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	back := recordPath(v.module.ID, c.ID, r.ID) + "#files"
	name, file, err := v.received()
	if err != nil {
		if errs.Is(err, errs.Invalid) {
			v.flash(false, sentence(err, 0))
			return v.goTo(back)
		}
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	kind, err := sniff(file)
	if err != nil {
		return err
	}
	f, err := s.Files.Add(v.ctx(), v.who, attachment.File{Account: v.module.Account, Record: r.ID, Name: name, Type: kind}, file)
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict:
		v.flash(false, sentence(err, 0))
		return v.goTo(back)
	}
	if err != nil {
		return err
	}
	v.flash(true, f.Name+" is kept with "+r.Title+".")
	return v.goTo(back)
}

// received is the file that a form sends, on disk: whoever sends slowly keeps
// nobody waiting.
func (v *visit) received() (name string, file *os.File, err error) {
	parts, err := v.r.MultipartReader()
	if err != nil {
		return "", nil, errs.New(errs.Invalid, "choose a file").Because(err)
	}
	for {
		part, err := parts.NextPart()
		if err != nil || (part.FormName() == "file" && part.FileName() == "") {
			return "", nil, errs.New(errs.Invalid, "choose a file")
		}
		if part.FormName() != "file" {
			continue
		}
		if file, err = os.CreateTemp("", "muster-file-"); err != nil {
			return "", nil, err
		}
		if _, err = io.Copy(file, io.LimitReader(part, attachment.Most+1)); err == nil {
			_, err = file.Seek(0, io.SeekStart)
		}
		if err != nil {
			file.Close()
			os.Remove(file.Name())
			return "", nil, errs.New(errs.Invalid, "the file did not arrive whole").Because(err)
		}
		return part.FileName(), file, nil
	}
}

// sniff is a file's media type by its beginning.
func sniff(f io.ReadSeeker) (string, error) {
	var head [512]byte
	n, err := io.ReadFull(f, head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", err
	}
	_, err = f.Seek(0, io.SeekStart)
	return http.DetectContentType(bytes.Clone(head[:n])), err
}

// file sends a file. It is always saved and never shown: what strangers sent has
// no business in a page of ours, whatever it is.
func (s *Site) file(v *visit) error {
	r, _, _, err := v.recordHere()
	if err != nil {
		return err
	}
	id, err := v.number("file")
	if err != nil {
		return err
	}
	f, from, err := s.Files.Open(v.ctx(), v.who, v.module.Account, r.ID, id)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", plainType(f.Type))
	h.Set("Content-Length", view.Num(f.Size))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	_, err = io.Copy(v.w, from)
	return v.rendered(err)
}

// plainType is a media type that no browser runs.
func plainType(s string) string {
	kind, _, _ := strings.Cut(s, ";")
	if strings.HasPrefix(kind, "image/") && kind != "image/svg+xml" || slices.Contains([]string{"application/pdf", "text/plain", "application/zip"}, kind) {
		return s
	}
	return "application/octet-stream"
}

// detach removes a file.
func (s *Site) detach(v *visit) error {
	r, c, _, err := v.recordHere()
	if err != nil {
		return err
	}
	id, err := v.number("file")
	if err != nil {
		return err
	}
	f, err := s.Files.Remove(v.ctx(), v.who, v.module.Account, r.ID, id)
	if err != nil {
		return err
	}
	v.flash(true, f.Name+" is removed.")
	return v.goTo(recordPath(v.module.ID, c.ID, r.ID) + "#files")
}
