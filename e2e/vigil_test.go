package e2e_test

import (
	"archive/zip"
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/musterhq/muster/internal/store/storetest"
)

// vigil searches everything that comes out of a program of the suite for secrets:
// each response as it passes, then what the program printed, the files of its
// database, a dump of it, and a backup. It knows the secrets that the stories
// enter, and learns those that the program makes when they are shown, which is
// once.
type vigil struct {
	mu      sync.Mutex
	known   map[string]known    // by the secret
	needles map[string][]needle // by how they begin
	looked  int                 // responses
	finds   []string
}

// known is a secret with what it is, and the path below which it may be shown; ""
// for nowhere.
type known struct{ what, at string }

// needle is a way in which a secret would be written.
type needle struct {
	form string
	known
}

// beginning is how many characters of a needle are looked up; none is shorter.
const beginning = 8

// The secrets that many stories enter.
const (
	suitePassword = "correct horse battery"
	tenantSecret  = "simulated-secret"
)

func newVigil() *vigil {
	w := &vigil{known: map[string]known{}, needles: map[string][]needle{}}
	w.plant("a password", suitePassword)
	w.plant("a client secret", tenantSecret)
	return w
}

// plant notes a secret that is about to be entered.
func (w *vigil) plant(what, secret string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(secret, known{what: what})
	return secret
}

// add notes a secret, unless it is known.
func (w *vigil) add(secret string, k known) {
	if _, there := w.known[secret]; there {
		return
	}
	w.known[secret] = k
	for _, form := range forms(secret) {
		w.needles[form[:beginning]] = append(w.needles[form[:beginning]], needle{form, k})
	}
}

// made are the secrets that programs make, as pages and answers show them for the
// one time, and the path on which they go on being shown.
var made = []struct {
	known
	shape *regexp.Regexp
}{
	{known{"an API token", ""}, regexp.MustCompile(`\b(mst_[0-9A-Za-z]{20,})`)},
	{known{"a one-time link", "/reset"}, regexp.MustCompile(`/reset\?token=([0-9A-Za-z_-]{20,})`)},
	{known{"a second step's secret", "/profile/second-step"}, regexp.MustCompile(`Or type this into it: <code class="long">([A-Z2-7 ]{16,})<`)},
	{known{"a recovery code", ""}, regexp.MustCompile(`<li><code>([0-9a-z]{4,}-[0-9a-z-]{4,})</code>`)},
}

// learn notes the secrets that a response shows.
func (w *vigil) learn(header http.Header, body []byte) {
	for _, m := range made {
		for _, found := range m.shape.FindAllSubmatch(body, -1) {
			w.add(string(found[1]), m.known)
		}
	}
	for _, line := range header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err == nil && len(c.Value) >= 20 && strings.HasPrefix(strings.TrimPrefix(c.Name, "__Host-"), "muster_") && !strings.HasSuffix(c.Name, "flash") {
			w.add(c.Value, known{what: "the cookie " + c.Name})
		}
	}
}

// forms are the ways in which a secret would be written. That of a second step is
// shown in base32, and would be kept as its bytes.
func forms(secret string) []string {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err == nil && len(raw) >= beginning {
		return append(written(secret), written(string(raw))...)
	}
	return written(secret)
}

func written(secret string) []string {
	all := []string{
		secret, strings.ReplaceAll(secret, " ", ""), url.QueryEscape(secret), hex.EncodeToString([]byte(secret)),
		strings.ReplaceAll(strings.TrimSpace(secret), "\n", `\n`),
	}
	for shift := range 3 { // base64 of a text that the secret stands in, wherever
		text := base64.StdEncoding.EncodeToString([]byte("xxx"[:shift] + secret))
		whole := (len(secret) + shift) / 3 * 4
		if from := (shift + 2) / 3 * 4; whole-from >= 12 {
			all = append(all, text[from:whole], strings.NewReplacer("+", "-", "/", "_").Replace(text[from:whole]))
		}
	}
	return all
}

// search notes the secrets that a text holds. path is that of the response that it
// came in.
func (w *vigil) search(where, path string, text []byte) {
	for _, part := range unpacked(text) {
		for at := 0; at+beginning <= len(part); at++ {
			for _, n := range w.needles[string(part[at:at+beginning])] {
				if (n.at == "" || !strings.HasPrefix(path, n.at)) && bytes.HasPrefix(part[at:], []byte(n.form)) {
					w.finds = append(w.finds, fmt.Sprintf("%s holds %s", where, n.what))
				}
			}
		}
	}
}

// inText searches what is no response: outputs, files.
func (w *vigil) inText(where string, text []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.search(where, "", text)
}

// unpacked is a text and, of an archive, what is in it: workbooks and backups.
func unpacked(text []byte) [][]byte {
	all := [][]byte{text}
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return all
	}
	for _, f := range archive.File {
		if r, err := f.Open(); err == nil {
			part, _ := io.ReadAll(r) // what can be read of it is searched
			r.Close()
			all = append(all, part)
		}
	}
	return all
}

// response looks at one response.
func (w *vigil) response(r *http.Request, header http.Header, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looked++
	where := fmt.Sprintf("the answer to %s %s", r.Method, r.URL.Path)
	w.search(where, r.URL.Path, body)
	for name, values := range header {
		if name != "Set-Cookie" {
			w.search(where+" in "+name, r.URL.Path, []byte(strings.Join(values, "\n")))
		}
	}
	w.learn(header, body)
}

// front stands between browsers and a program, and looks at every response. It
// returns its own address.
func (w *vigil) front(at string) (address string, end func(), err error) {
	to, err := url.Parse(at)
	if err != nil {
		return "", nil, err
	}
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(resp *http.Response) error {
			resp.Body = &overheard{ReadCloser: resp.Body, end: func(body []byte) { w.response(resp.Request, resp.Header, body) }}
			return nil
		},
		ErrorHandler: func(rw http.ResponseWriter, _ *http.Request, _ error) { rw.WriteHeader(http.StatusBadGateway) },
	}
	srv := httptest.NewServer(whole(proxy))
	return srv.URL, srv.Close, nil
}

// whole reads a request to its end before it is passed on. The program may have
// answered by the time that the proxy looks for that end; the server in front
// would then have closed the body, which to the proxy is a fault, for which it
// breaks off the answer.
func whole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the browser went away
		}
		if r.Body = http.NoBody; len(body) > 0 {
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		r.ContentLength, r.TransferEncoding = int64(len(body)), nil
		next.ServeHTTP(w, r)
	})
}

// overheard is a body that somebody listens to.
type overheard struct {
	io.ReadCloser
	heard bytes.Buffer
	end   func([]byte)
	once  sync.Once
}

func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	o.heard.Write(p[:n])
	if err != nil {
		o.once.Do(func() { o.end(o.heard.Bytes()) })
	}
	return n, err
}

func (o *overheard) Close() error {
	o.once.Do(func() { o.end(o.heard.Bytes()) })
	return o.ReadCloser.Close()
}

// files searches every file of a data folder but the key, for the key as well.
func (w *vigil) files(data string) error {
	key, err := os.ReadFile(filepath.Join(data, "key"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(key)) {
		if line = strings.TrimSpace(line); len(line) >= 32 {
			w.plant("the key", line)
		}
	}
	return filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == filepath.Join(data, "key") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) { // a log of the database that was just closed
			return err
		}
		w.inText("the file "+d.Name(), text)
		return nil
	})
}

// database searches a backup of a program's data, and a dump when it is in
// PostgreSQL.
func (w *vigil) database(data, address string) error {
	file, err := binary()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "muster-e2e-backup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	args := []string{"--data", data, "backup", filepath.Join(dir, "all.backup")}
	if address != "" {
		args = append(args, "--database", address)
	}
	out, err := exec.Command(file, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("back up: %w: %s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "all.backup"))
	if err != nil {
		return err
	}
	if len(unpacked(text)) < 20 {
		return fmt.Errorf("the backup has %d parts only", len(unpacked(text)))
	}
	w.inText("a backup", text)
	if address == "" {
		return nil
	}
	dump, err := storetest.Dump(address)
	if err == nil && !bytes.Contains(dump, []byte("COPY public.login ")) {
		err = fmt.Errorf("the dump has no users: %.200s", dump)
	}
	w.inText("a dump of the database", dump)
	return err
}

// report returns what was found, each thing once.
func (w *vigil) report() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.finds)
	if finds := slices.Compact(w.finds); len(finds) > 0 {
		return fmt.Errorf("secrets came out:\n  %s", strings.Join(finds, "\n  "))
	}
	return nil
}

// kinds counts the secrets known by what they are.
func (w *vigil) kinds() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for k := range maps.Values(w.known) {
		n[k.what]++
	}
	return n
}

// A vigil that finds nothing must be one that would have found it.
func TestTheVigilFindsWhatComesOut(t *testing.T) {
	const secret = "hush hush sweet charlotte"
	page := func(path, body string, header http.Header) func(w *vigil) {
		return func(w *vigil) {
			w.response(httptest.NewRequest(http.MethodGet, path, nil), header, []byte(body))
		}
	}
	var book bytes.Buffer
	z := zip.NewWriter(&book)
	f, _ := z.Create("xl/sharedStrings.xml")
	fmt.Fprint(f, "<t>"+secret+"</t>")
	z.Close()
	const token, link = "mst_0123456789abcdefghijklmnop", "/reset?token=0123456789abcdefghijklmnop"
	for name, tt := range map[string]struct {
		does func(w *vigil)
		want bool
	}{
		"as it is":                    {page("/", "<p>"+secret+"</p>", nil), true},
		"in a header":                 {page("/", "", http.Header{"Location": {"/?x=" + url.QueryEscape(secret)}}), true},
		"in a workbook":               {page("/", book.String(), nil), true},
		"in base64, shifted":          {page("/", base64.StdEncoding.EncodeToString([]byte(`{"a":"`+secret+`"}`)), nil), true},
		"in hexadecimal":              {page("/", `\x7b`+hex.EncodeToString([]byte(secret)), nil), true},
		"a token that is shown once":  {page("/profile/tokens", token, nil), false},
		"a token that is shown twice": {func(w *vigil) { page("/a", token, nil)(w); page("/b", token, nil)(w) }, true},
		"a link, and its own page":    {func(w *vigil) { page("/a", link, nil)(w); page("/reset", link, nil)(w) }, false},
		"a link that is in the log":   {func(w *vigil) { page("/a", link, nil)(w); w.inText("the log", []byte(link)) }, true},
		"a cookie that is on the page": {func(w *vigil) {
			page("/a", "", http.Header{"Set-Cookie": {"muster_session=" + token + "; Path=/"}})(w)
			page("/b", token, nil)(w)
		}, true},
		"nothing": {page("/", "<p>hush hush</p>", nil), false},
	} {
		w := newVigil()
		w.plant("what is not to be told", secret)
		tt.does(w)
		if err := w.report(); (err != nil) != tt.want {
			t.Errorf("%s: %v, want found to be %v", name, err, tt.want)
		}
	}
}
