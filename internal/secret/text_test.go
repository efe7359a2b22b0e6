package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/secret"
)

// F60: no way of printing a secret prints it, alone or inside of something.
func TestF60SecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	const value = "hunter2+/=&%~"
	type holder struct {
		Name   string
		Secret secret.Text
		List   []secret.Text
	}
	s := secret.New(value)
	h := holder{"x", s, []secret.Text{s}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", h)
		fmt.Fprintf(&out, verb+"\n", map[string]any{"k": h})
	}
	fmt.Fprintln(&out, s, fmt.Errorf("wrapped %v", s))
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("saved", "secret", s, "holder", h, slog.Group("g", "s", &s))
	}
	if err := json.NewEncoder(&out).Encode(h); err != nil {
		t.Fatal(err)
	}
	if err := xml.NewEncoder(&out).Encode(h); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, leak := range []string{value, "hunter2", fmt.Sprintf("%x", value), fmt.Sprintf("%X", value)} {
		if strings.Contains(text, leak) {
			t.Errorf("%q is printed in:\n%s", leak, text)
		}
	}
	if !strings.Contains(text, "[secret]") {
		t.Error("nothing stands in the secret's place")
	}
	if s.Reveal() != value || s.IsZero() || !secret.New("").IsZero() || secret.New("").String() != "" {
		t.Error("the secret is lost, or there is one where there is none")
	}
}
