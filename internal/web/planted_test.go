package web_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/entrasim"
)

// planted are secrets by what they are.
type planted map[string]string

// in names those that a text holds, as they are or in base64.
func (p planted) in(text []byte) (found []string) {
	for what, s := range p {
		for _, form := range []string{s, strings.ReplaceAll(s, " ", ""), base64.StdEncoding.EncodeToString([]byte(s))[:len(s)]} {
			if bytes.Contains(text, []byte(form)) {
				found = append(found, what)
				break
			}
		}
	}
	return found
}

// lockedLog is a log that several goroutines write.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// Every secret there is goes in once. Afterwards it is in no page, no log and
// nowhere in the files of the database.
func TestPlantedSecretsNeverComeOut(t *testing.T) {
	t.Parallel()
	o, members := staff(t)
	var log lockedLog
	o.site.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.work.Log = o.site.Log
	ctx, cl := t.Context(), account.CommandLine()
	secrets := planted{"a password": password, "a client secret": entrasim.DefaultClientSecret}

	b := o.as(boss)
	secrets["a session"] = b.cookie("muster_session")
	user := o.as(colleague)
	setUp := user.get("/profile/second-step").body
	secrets["a second step's secret"] = find(t, setUp, `<code class="long">([A-Z2-7 ]+)</code>`)
	_, codes := user.stepUp()
	secrets["a recovery code"] = codes[5]
	token, err := o.accounts.MakeResetLink(ctx, cl, manager)
	o.must(err)
	secrets["a reset link"] = token.Reveal()
	colleagueOf, got := o.withMicrosoft(members[0], "")
	secrets["a directory user's session"] = colleagueOf.cookie("muster_session")
	if got.to != "/" {
		t.Fatalf("signing in with Microsoft leads to %q", got.to)
	}
	o.stranger().post("/sign-in", "email", boss, "password", password+" mistyped")

	seen := 0
	for _, visitor := range []*browser{b, user, colleagueOf} {
		for _, r := range o.site.Routes() {
			method, path := address(r.Pattern, o.module.ID)
			if method != http.MethodGet || strings.HasPrefix(path, "/profile/second-step") {
				continue
			}
			page := visitor.get(path)
			seen++
			if found := secrets.in([]byte(page.body)); found != nil {
				t.Errorf("%s holds %v", path, found)
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d pages were looked at", seen)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if found := secrets.in(log.text.Bytes()); found != nil {
		t.Errorf("the log holds %v", found)
	}
	var files []byte
	for _, end := range []string{"", "-wal"} {
		part, err := os.ReadFile(o.file + end)
		o.must(err)
		files = append(files, part...)
	}
	if (planted{"an email": boss}).in(files) == nil {
		t.Error("looking through the database's files finds nothing at all")
	}
	if found := secrets.in(files); found != nil {
		t.Errorf("the database's files hold %v", found)
	}
}
