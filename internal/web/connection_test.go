package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/entrasim"
)

// connectionForm is Configure as the manager fills it in, with a new secret; ""
// keeps the stored one.
func (o *office) connectionForm(secret string, more ...string) []string {
	return append([]string{"tenant_id", entrasim.DefaultTenantID, "client_id", entrasim.DefaultClientID,
		"application_object_id", entrasim.DefaultApplicationObjectID, "client_secret", secret,
		"cloud", "custom", "login_url", o.tenant.URL(), "graph_url", o.tenant.URL()}, more...)
}

func TestConfigureCountsDownToTheEndOfTheSecret(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	for _, c := range []struct{ name, in, word, tone string }{
		{"long", "985h", "Connected · secret: 41 days", "green"},
		{"a month and a day", "745h", "Connected · secret: 31 days", "green"},
		{"a month", "721h", "Connected · secret: 30 days", "yellow"},
		{"eight days", "193h", "Connected · secret: 8 days", "yellow"},
		{"a week", "169h", "Connected · secret: 7 days", "red"},
		{"tomorrow", "25h", "Connected · secret: 1 day", "red"},
		{"today", "1h", "Connected · secret: less than a day", "red"},
	} {
		left, err := time.ParseDuration(c.in)
		o.must(err)
		o.hr.SecretEnds(time.Now().Add(left))
		if got := b.post(path, o.connectionForm("")...); got.status != http.StatusOK {
			t.Fatalf("%s: the test is answered %d", c.name, got.status)
		}
		for _, page := range []string{path, path[:strings.LastIndex(path, "/")]} {
			if tone, ok := badge(b.get(page).body, c.word); !ok || tone != c.tone {
				t.Errorf("%s: %s shows %q in %q, want %q", c.name, page, c.word, tone, c.tone)
			}
		}
	}
	o.hr.ExpireSecret()
	b.post(path, o.connectionForm("")...)
	if tone, _ := badge(b.get(path).body, "Check failed"); tone != "red" {
		t.Error("a check that failed is not in the head of the page")
	}
}

// badge finds a word of status on a page and returns its tone.
func badge(body, word string) (tone string, ok bool) {
	for part := range strings.SplitSeq(body, `class="status-word status-`) {
		end := strings.Index(part, "</span>")
		if end >= 0 && strings.Contains(part[:end], word) {
			tone, _, ok = strings.Cut(part, `"`)
			return tone, ok
		}
	}
	return "", false
}

func TestTheStoredSecretIsReplacedOnlyByOneThatWorks(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	page := b.get(path).body
	if !strings.Contains(page, "stored") || !strings.Contains(page, "Replace") || strings.Contains(page, entrasim.DefaultClientSecret) {
		t.Error("the field does not say that a secret is stored, or shows it")
	}
	got := b.post(path, o.connectionForm("a typing error")...)
	if !strings.Contains(got.body, "Not saved") {
		t.Error("a wrong secret is saved")
	}
	got = b.post(path, o.connectionForm("a typing error", "anyway", "yes")...)
	if !strings.Contains(got.body, "the stored one stays") {
		t.Error("a wrong secret replaces the stored one when the administrator insists")
	}
	if got := b.post(path, o.connectionForm("")...); !strings.Contains(got.body, "The connection is saved.") {
		t.Error("the stored secret does not work any more")
	}
	fresh := o.hr.RotateSecret("")
	if got := b.post(path, o.connectionForm("")...); !strings.Contains(got.body, "Not saved") {
		t.Error("a stored secret that is gone passes the test")
	}
	if got := b.post(path, o.connectionForm(fresh)...); !strings.Contains(got.body, "The connection is saved.") || strings.Contains(got.body, fresh) {
		t.Error("the new secret is not taken, or shown")
	}
	if tone, _ := badge(b.get(path).body, "Connected · secret: "); tone != "green" {
		t.Error("the page does not show that the new secret works")
	}
}

func TestTheKeyOfACertificateIsNeverSentAsASecret(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	got := b.post(path, o.connectionForm("", "certificate", "-----BEGIN CERTIFICATE-----")...)
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "private key") {
		t.Errorf("a certificate without its key: %d, want the form again with what is missing", got.status)
	}
}

func TestTheGuideTicksOffWhatIsDone(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, path := connected(t, o)
	page := b.get(path).body
	for _, step := range []string{"register", "ids", "secret", "permissions", "consent"} {
		if !strings.Contains(page, `data-tick="`+step+`" checked`) {
			t.Errorf("the step %q is not ticked off, although the connection works", step)
		}
	}
	o.hr.SecretEnds(time.Now().Add(48 * time.Hour))
	b.post(path, o.connectionForm("")...)
	if !strings.Contains(b.get(path).body, `data-tick="secret-again">`) {
		t.Error("a secret that ends soon does not open its step again")
	}
}
