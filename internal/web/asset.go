package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static/*.css static/*.js static/*.svg
var staticFiles embed.FS

// assets serves the style sheets, scripts and drawings under names that change
// with their content, so that browsers keep them for ever.
type assets struct {
	byPath map[string]asset  // by the path in the address
	paths  map[string]string // by the file's name
}

type asset struct {
	kind        string
	plain, zips []byte
}

func newAssets() *assets {
	a := &assets{byPath: map[string]asset{}, paths: map[string]string{}}
	files, err := staticFiles.ReadDir("static")
	if err != nil {
		panic(err) // the files are in the program
	}
	for _, f := range files {
		body, err := staticFiles.ReadFile("static/" + f.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(f.Name())
		at := fmt.Sprintf("/static/%s.%s%s", strings.TrimSuffix(f.Name(), ext), hex.EncodeToString(sum[:6]), ext)
		a.byPath[at] = asset{kind: mime.TypeByExtension(ext), plain: body, zips: zipped(body)}
		a.paths[f.Name()] = at
	}
	return a
}

func zipped(body []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is right
	}
	z.Write(body) // into memory: it cannot fail
	z.Close()
	return b.Bytes()
}

// path returns the address of a file.
func (a *assets) path(name string) string { return a.paths[name] }

// ServeHTTP serves a file.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byPath[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.zips
	}
	w.Write(body)
}
