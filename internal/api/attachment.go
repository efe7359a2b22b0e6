package api

import (
	"bytes"
	"encoding/hex"
	"io"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/attachment"
)

// OnFile is the input of an operation on a file.
type OnFile struct {
	OnRecord
	File int64 `path:"file" minimum:"1" doc:"The number of the file."`
}

// anything is the media type of bytes of any kind.
const anything = "application/octet-stream"

func (s *Server) fileOperations() {
	const tag, path = "Files", recordPath + "/files"
	add(s, op{method: http.MethodGet, path: path, id: "list-files", tag: tag, summary: "List the files of a record"},
		func(v *visit, in *OnRecord) (*body[client.List[client.File]], error) {
			r, _, err := v.record(*in)
			if err != nil {
				return nil, err
			}
			list, err := v.Files.List(v.ctx, v.who, r.Account, r.ID)
			return whole(each(list, fileOf)), err
		})
	add(s, op{method: http.MethodPost, path: path, id: "attach-file", tag: tag, summary: "Keep a file with a record", text: "The body is the file itself, up to 25 MB.", status: http.StatusCreated, body: attachment.Most + 1},
		func(v *visit, in *struct {
			OnRecord
			Name    string `query:"name" required:"true" minLength:"1" maxLength:"200" doc:"What the file is called."`
			RawBody []byte `contentType:"application/octet-stream"`
		}) (*body[client.File], error) {
			r, _, err := v.record(in.OnRecord)
			if err != nil {
				return nil, err
			}
			f, err := v.Files.Add(v.ctx, v.who, attachment.File{
				Account: r.Account, Record: r.ID, Name: in.Name, Type: http.DetectContentType(in.RawBody),
			}, bytes.NewReader(in.RawBody))
			return &body[client.File]{fileOf(f)}, err
		})
	add(s, op{method: http.MethodGet, path: path + "/{file}", id: "download-file", tag: tag, summary: "Download a file", stream: anything},
		func(v *visit, in *OnFile) (*huma.StreamResponse, error) {
			r, _, err := v.record(in.OnRecord)
			if err != nil {
				return nil, err
			}
			f, from, err := v.Files.Open(v.ctx, v.who, r.Account, r.ID, in.File)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				hc.SetHeader("Content-Type", anything) // nothing that a browser would run
				hc.SetHeader("Content-Length", number(f.Size))
				hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
				hc.SetStatus(http.StatusOK)
				if _, err := io.Copy(hc.BodyWriter(), from); err != nil {
					v.Log.Warn("a file was not sent whole", "file", f.ID, "error", err)
				}
			}}, nil
		})
	add(s, op{method: http.MethodDelete, path: path + "/{file}", id: "remove-file", tag: tag, summary: "Remove a file, for good"},
		func(v *visit, in *OnFile) (*none, error) {
			r, _, err := v.record(in.OnRecord)
			if err == nil {
				_, err = v.Files.Remove(v.ctx, v.who, r.Account, r.ID, in.File)
			}
			return nil, err
		})
}

func fileOf(f attachment.File) client.File {
	return client.File{
		ID: f.ID, Record: f.Record, Name: f.Name, Type: f.Type, Size: f.Size, SHA256: hex.EncodeToString(f.Sum[:]), AddedBy: f.AddedBy, AddedAt: f.AddedAt.UTC(),
	}
}
