package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
)

// Files lists the files of a record.
func (c *Client) Files(ctx context.Context, module, record int64) ([]File, error) {
	return whole[File](ctx, c, in(module, "/records/%d/files", record))
}

// Attach keeps a file with a record. It is sent once: nothing tells whether a
// file that broke off arrived.
func (c *Client) Attach(ctx context.Context, module, record int64, name string, data []byte) (File, error) {
	var out File
	resp, err := c.send(ctx, http.MethodPost, with(in(module, "/records/%d/files", record), values("name", name)), data,
		http.Header{"Content-Type": {"application/octet-stream"}})
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	return out, json.NewDecoder(resp.Body).Decode(&out)
}

// Download writes a file of a record to w.
func (c *Client) Download(ctx context.Context, module, record, file int64, w io.Writer) error {
	resp, err := c.send(ctx, http.MethodGet, in(module, "/records/%d/files/%d", record, file), nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}
