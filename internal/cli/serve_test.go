package cli_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/cli"
)

// background is a command that runs until it is stopped, with what it prints.
type background struct {
	t    *testing.T
	stop context.CancelFunc
	code chan int
	mu   sync.Mutex
	text strings.Builder
	more chan bool // told of each print
}

func (b *background) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(p)
	select {
	case b.more <- true:
	default:
	}
	return len(p), nil
}

// startCommand runs a command in the background until the test ends.
func startCommand(t *testing.T, args ...string) *background {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b := &background{t: t, stop: cancel, code: make(chan int, 1), more: make(chan bool, 1)}
	go func() {
		b.code <- cli.Run(ctx, args, strings.NewReader(""), b, b, func(string) string { return "" })
	}()
	t.Cleanup(func() { b.ended() })
	return b
}

// ended stops the command and returns its exit code.
func (b *background) ended() int {
	b.stop()
	code := <-b.code
	b.code <- code
	return code
}

// wait returns the groups of a pattern as soon as it is printed.
func (b *background) wait(pattern string) []string {
	b.t.Helper()
	find := regexp.MustCompile(pattern)
	for {
		b.mu.Lock()
		text := b.text.String()
		b.mu.Unlock()
		if m := find.FindStringSubmatch(text); m != nil {
			return m
		}
		select {
		case <-b.more:
		case code := <-b.code:
			b.code <- code
			b.t.Fatalf("exit %d before %q was printed:\n%s", code, pattern, text)
		case <-time.After(2 * time.Minute):
			b.t.Fatalf("%q was never printed:\n%s", pattern, text)
		}
	}
}

// browser keeps cookies as a browser does.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func visit(t *testing.T, c *http.Client, address string, form url.Values) (status int, path, body string) {
	t.Helper()
	res, err := c.Get(address)
	if form != nil {
		if err == nil {
			res.Body.Close()
		}
		res, err = c.PostForm(address, form)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Request.URL.Path, string(text)
}

func TestServeBeginsWithTheSetUpAndStopsCleanly(t *testing.T) {
	t.Parallel()
	cmd := startCommand(t, "--data", filepath.Join(t.TempDir(), "data"), "serve", "--listen", "127.0.0.1:0")
	at := cmd.wait(`Muster listens on (http://127\.0\.0\.1:\d+)\n`)[1]
	token := cmd.wait(`Open (http://\S+/setup\?token=\w{20,})\n`)[1]
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if status, _, _ := visit(t, http.DefaultClient, at+path, nil); status != http.StatusOK {
			t.Errorf("%s is %d", path, status)
		}
	}
	c := browser(t)
	if _, path, body := visit(t, c, token, nil); path != "/setup" || !strings.Contains(body, "Welcome to Muster") {
		t.Fatalf("the address that was printed leads to %s", path)
	}
	_, path, body := visit(t, c, at+"/setup", url.Values{
		"organization": {"Acme"}, "email": {"ada@acme.example"}, "password": {"correct horse battery"}, "module": {"Vehicles"}, "main": {"Cars"},
	})
	if path != "/" || !strings.Contains(body, "Vehicles") || !strings.Contains(body, "Cars") {
		t.Errorf("the set-up leads to %s:\n%s", path, body)
	}
	if _, path, _ := visit(t, browser(t), token, nil); path != "/sign-in" {
		t.Errorf("a second set-up leads to %s", path)
	}
	if code := cmd.ended(); code != cli.ExitDone {
		t.Errorf("stopped with exit code %d", code)
	}
	again := startCommand(t, "--data", filepath.Join(t.TempDir(), "data"), "serve", "--listen", strings.TrimPrefix(at, "http://"))
	again.wait("Muster listens on " + regexp.QuoteMeta(at))
}

func TestServeSaysWhatIsWrongWithItsFlags(t *testing.T) {
	t.Parallel()
	d := sit(t, 10)
	for want, args := range map[string][]string{
		"only one of --tls-cert and --tls-key": {"--tls-cert", d.file},
		"do not work":                          {"--tls-cert", d.file, "--tls-key", d.file},
		"not the address of a proxy":           {"--trusted-proxy", "proxy.example.com"},
		"cannot listen on":                     {"--listen", "256.0.0.1:1"},
		"--log-format":                         {"--log-format", "xml"},
		"not an address at which browsers":     {"--base-url", "assets.example.com"},
		"has nothing to do":                    {"--no-web", "--no-work"},
	} {
		if _, stderr := d.run(cli.ExitUsage, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...); !strings.Contains(stderr, want) {
			t.Errorf("%v says %q, want %q in it", args, stderr, want)
		}
	}
}

// due makes the connection of a desk's set-up file due at once.
func (d *desk) due() {
	d.t.Helper()
	if err := d.sql(`UPDATE connection SET updated_at = 1, schedule = '{"Incremental": "every 5 minutes"}'`); err != nil {
		d.t.Fatal(err)
	}
}

func TestAServerForTheWorkSyncsAndShowsNoPages(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.due()
	cmd := startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0", "--no-web")
	at := cmd.wait(`Muster listens on (http://127\.0\.0\.1:\d+)\n`)[1]
	cmd.wait(`"a sync ended"`)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 404, "/sign-in": 404, "/api/v1/me": 404} {
		if got, _, _ := visit(t, http.DefaultClient, at+path, nil); got != want {
			t.Errorf("%s is %d, want %d", path, got, want)
		}
	}
}

// That nothing is done cannot be waited for; that the work waits in the table
// for another server, and is done by it, can.
func TestAServerForPagesLeavesTheWorkToOthers(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.due()
	pages := startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0", "--no-work")
	at := pages.wait(`Muster listens on (http://127\.0\.0\.1:\d+)\n`)[1]
	if _, path, _ := visit(t, browser(t), at+"/", nil); path != "/sign-in" {
		t.Errorf("a visitor comes to %s, want the sign-in", path)
	}
	if code := pages.ended(); code != cli.ExitDone {
		t.Errorf("stopped with exit code %d", code)
	}
	if runs, _ := d.run(cli.ExitDone, "runs", "--json"); strings.Contains(runs, `"id"`) {
		t.Errorf("a server without the work has synced: %s", runs)
	}
	startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0", "--no-web").wait(`"a sync ended"`)
}

func TestTheEmbeddedDatabaseHasOneServer(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	first := startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0")
	first.wait("Muster listens on")
	if _, stderr := d.run(cli.ExitFailed, "serve", "--listen", "127.0.0.1:0"); !strings.Contains(stderr, "another server is at work") || !strings.Contains(stderr, "PostgreSQL") {
		t.Errorf("a second server says %q", stderr)
	}
	d.run(cli.ExitDone, "users") // commands beside it are welcome
	first.ended()
	startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0").wait("Muster listens on")
}

func TestTheDemoOpensTheApplicationAfterItsStory(t *testing.T) {
	t.Parallel()
	cmd := startCommand(t, "--data", filepath.Join(t.TempDir(), "data"), "demo", "--people", "60", "--listen", "127.0.0.1:0")
	found := cmd.wait(`The application is open\n\s+(http://\S+)\n\s+Email\s+(\S+)\n\s+Password\s+(\S+)\n`)
	at, email, password := found[1], found[2], found[3]
	cmd.wait("the second one asks only for what changed")
	if status, path, _ := visit(t, browser(t), at+"/", nil); path != "/sign-in" || status != http.StatusOK {
		t.Errorf("without signing in one gets to %s, %d", path, status)
	}
	status, path, body := visit(t, browser(t), at+"/sign-in", url.Values{"email": {email}, "password": {password}})
	if path != "/" || !strings.Contains(body, "IT equipment") {
		t.Errorf("signing in leads to %s, %d", path, status)
	}
	if code := cmd.ended(); code != cli.ExitDone {
		t.Errorf("stopped with exit code %d", code)
	}
}

func TestTheDemoCanEndAfterItsStory(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	cmd := startCommand(t, "--data", data, "demo", "--people", "60", "--once")
	cmd.wait(`muster --data \S+ users\n`)
	code := <-cmd.code
	if cmd.code <- code; code != cli.ExitDone {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(cmd.text.String(), "Password") {
		t.Error("the application was opened")
	}
	var out strings.Builder
	cli.Run(t.Context(), []string{"--data", data, "run", "show", "1", "--verb", "skip"}, strings.NewReader(""), &out, &out, func(string) string { return "" })
	if want := "      → If the person should be taken, change the conditions of the mapping.\n"; !strings.Contains(out.String(), want) {
		t.Errorf("who was skipped is listed without what to do about it:\n%s", out.String())
	}
}

func TestAUserWhoForgotTheirPasswordGetsALink(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	cmd := startCommand(t, "--data", data, "serve", "--listen", "127.0.0.1:0")
	at := cmd.wait(`Muster listens on (http://127\.0\.0\.1:\d+)\n`)[1]
	visit(t, browser(t), at+"/setup", url.Values{"organization": {"Acme"}, "email": {"ada@acme.example"}, "password": {"correct horse battery"}})
	run := func(want int, args ...string) string {
		t.Helper()
		var out strings.Builder
		if code := cli.Run(t.Context(), append([]string{"--data", data, "user", "reset"}, args...), strings.NewReader(""), &out, &out, func(string) string { return "" }); code != want {
			t.Fatalf("user reset %v: exit code %d, want %d:\n%s", args, code, want, out.String())
		}
		return out.String()
	}
	run(cli.ExitFailed, "nobody@acme.example")
	run(cli.ExitUsage, "ada@acme.example", "--base-url", "acme")
	said := run(cli.ExitDone, "ada@acme.example", "--base-url", at)
	link := regexp.MustCompile(`http\S+/reset\?token=\S+`).FindString(said)
	c := browser(t)
	if _, path, body := visit(t, c, link, nil); path != "/reset" || !strings.Contains(body, "ada@acme.example") {
		t.Fatalf("the link %q leads to %s:\n%s", link, path, body)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	visit(t, c, at+"/reset", url.Values{"token": {u.Query().Get("token")}, "password": {"rain on a tin roof"}})
	if _, path, _ := visit(t, c, at+"/sign-in", url.Values{"email": {"ada@acme.example"}, "password": {"rain on a tin roof"}}); path != "/" {
		t.Errorf("the new password leads to %s", path)
	}
}
