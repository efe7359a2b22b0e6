package automation_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// hook is a receiver of posts that answers with a status.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	posts  []*http.Request
	bodies []string
}

func receive(t *testing.T) *hook {
	t.Helper()
	h := &hook{status: http.StatusOK}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.posts, h.bodies = append(h.posts, r), append(h.bodies, string(body))
		if h.status/100 == 3 {
			w.Header().Set("Location", h.URL+"/elsewhere")
		}
		w.WriteHeader(h.status)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

// took returns how many posts came.
func (h *hook) took() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.posts)
}

func TestPostsAreSignedAndTriedAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, h := open(t, db), receive(t)
		a := o.save("Post", automation.Trigger{Kind: automation.Created, Collection: o.by[register.Main]},
			automation.Action{Do: automation.Post, URL: h.URL + "/in", Secret: secret.New("a key of sixteen characters")})
		h.answer(http.StatusServiceUnavailable)
		rec := o.create(register.Main, "Name", "Laptop")
		o.turn()
		if log := o.log(a); log[0].State() != "waiting" || !strings.Contains(log[0].Acts[0].Outcome, "answered 503") {
			t.Fatalf("after a 503: %+v", log[0])
		}
		o.turn()
		if h.took() != 1 {
			t.Fatalf("%d posts at once, want one", h.took())
		}
		h.answer(http.StatusNoContent)
		o.wait(time.Minute)
		o.turn()
		o.wait(time.Hour)
		o.turn()
		if log := o.log(a); log[0].State() != "done" || log[0].Acts[0].Attempts != 2 || h.took() != 2 {
			t.Fatalf("after the second try: %+v, %d posts", log[0], h.took())
		}
		if x, y := h.posts[0].Header.Get(automation.DeliveryHeader), h.posts[1].Header.Get(automation.DeliveryHeader); x == "" || x != y {
			t.Errorf("the tries of one post are numbered %q and %q", x, y)
		}
		seconds, mac, _ := strings.Cut(strings.TrimPrefix(h.posts[1].Header.Get(automation.SignatureHeader), "t="), ",v1=")
		sum := hmac.New(sha256.New, []byte("a key of sixteen characters"))
		fmt.Fprintf(sum, "%s.%s", seconds, h.bodies[1])
		if want := hex.EncodeToString(sum.Sum(nil)); mac != want {
			t.Errorf("the signature is %s, want %s", mac, want)
		}
		var body struct {
			Automation, Trigger, Text string
			Count                     int
			Subjects                  []struct {
				Record int64
				Link   string
			}
		}
		o.must(json.Unmarshal([]byte(h.bodies[1]), &body))
		link := fmt.Sprintf("https://muster.example/m/%d/c/%d/%d", o.module.ID, rec.Collection, rec.ID)
		if body.Automation != "Post" || body.Trigger != "record_created" || body.Count != 1 || body.Subjects[0].Record != rec.ID || body.Subjects[0].Link != link {
			t.Errorf("the body: %s", h.bodies[1])
		}
	})
}

func TestPostsThatAreRefusedAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	for status, says := range map[int]string{302: "leads elsewhere", 404: "answered 404", 410: "answered 410"} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			o, h := open(t, storetest.SQLite(t)), receive(t)
			a := o.save("Post", automation.Trigger{Kind: automation.Created}, automation.Action{Do: automation.Post, URL: h.URL})
			h.answer(status)
			o.create(register.Main, "Name", "Laptop")
			o.turn()
			o.wait(48 * time.Hour)
			o.turn()
			if log := o.log(a); log[0].State() != "failed" || !strings.Contains(log[0].Acts[0].Outcome, says) || h.took() != 1 {
				t.Errorf("after %d posts: %+v", h.took(), log[0])
			}
		})
	}
}

func TestShapesForSlackAndTeams(t *testing.T) {
	t.Parallel()
	o, h := open(t, storetest.SQLite(t)), receive(t)
	for _, shape := range []automation.Shape{automation.Slack, automation.Teams} {
		o.save(string(shape), automation.Trigger{Kind: automation.Created}, automation.Action{Do: automation.Post, URL: h.URL, Shape: shape, Text: "New: {record} \"by\" {automation}"})
	}
	o.create(register.Main, "Name", "Laptop")
	o.turn()
	if len(h.bodies) != 2 || h.bodies[0] != `{"text":"New: Laptop \"by\" slack"}` || !strings.Contains(h.bodies[1], `"contentType":"application/vnd.microsoft.card.adaptive"`) || !strings.Contains(h.bodies[1], `New: Laptop \"by\" teams`) {
		t.Errorf("the bodies: %q", h.bodies)
	}
}

// Whoever may make automations must not reach the server's own network with them.
func TestPostsReachPublicAddressesOnly(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	h := receive(t)
	o.svc.Post = automation.NewPoster(nil)
	for _, address := range []string{
		"https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/", "https://169.254.169.254/latest/meta-data",
		"https://[fe80::1]/", "https://[fc00::1]/", "https://0.0.0.0/", "https://100.100.100.200/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
		"https://[2002:7f00:1::]/", "https://224.0.0.1/", "http://hooks.example.com/", "ftp://hooks.example.com/", "https://user:pass@hooks.example.com/", "hooks.example.com", "https:///x", "",
	} {
		_, err := o.svc.Save(t.Context(), chief, automation.Automation{
			Account: o.module.Account, Module: o.module.ID, Name: "Post " + address,
			Definition: automation.Definition{Trigger: automation.Trigger{Kind: automation.Created}, Actions: []automation.Action{{Do: automation.Post, URL: address}}},
		})
		if k := errs.KindOf(err); k != errs.Invalid && k != errs.Forbidden {
			t.Errorf("posting to %q: %v", address, err)
		}
	}
	// A name that leads inside is found out when it is called.
	a := o.save("Post", automation.Trigger{Kind: automation.Created}, automation.Action{Do: automation.Post, URL: "https://localhost:" + h.URL[strings.LastIndex(h.URL, ":")+1:]})
	o.create(register.Main, "Name", "Laptop")
	o.turn()
	if log := o.log(a); log[0].State() != "failed" || !strings.Contains(log[0].Acts[0].Outcome, "on this machine or in a private network") || h.took() != 0 {
		t.Errorf("posting to localhost: %+v", log[0])
	}
}

func TestTheKeyOfAPostStaysUnlessItIsReplaced(t *testing.T) {
	t.Parallel()
	o := open(t, storetest.SQLite(t))
	a := o.save("Post", automation.Trigger{Kind: automation.Created}, automation.Action{Do: automation.Post, URL: "http://127.0.0.1:1/a"})
	key := func() secret.Text {
		t.Helper()
		k, err := o.svc.SigningKey(t.Context(), chief, a.ID, 0)
		o.must(err)
		return k
	}
	first := key()
	if len(first.Reveal()) < 40 {
		t.Error("the key that was made is short")
	}
	a.Actions[0].Text = "more"
	a = o.saveAs(a)
	if key() != first {
		t.Error("an edit of the text changed the key")
	}
	a.Actions[0].URL = "http://127.0.0.1:1/b"
	a = o.saveAs(a)
	if key() == first {
		t.Error("another receiver was given the key of the first")
	}
	a.Actions[0].Secret = secret.New("too short")
	if _, err := o.svc.Save(t.Context(), chief, a); !errs.Is(err, errs.Invalid) {
		t.Errorf("a short key: %v", err)
	}
}
