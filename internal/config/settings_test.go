package config_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/config"
	"github.com/musterhq/muster/internal/errs"
)

func TestFlagsWinOverEnvironmentAndThatOverDefaults(t *testing.T) {
	t.Parallel()
	s, err := config.ReadSettings(config.Settings{Listen: ":1"}, env(map[string]string{
		"MUSTER_LISTEN": ":2", "MUSTER_DATA": "/srv/muster", "MUSTER_LOG_LEVEL": "debug",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if s.Listen != ":1" || s.Data != "/srv/muster" || s.LogFormat != "text" {
		t.Errorf("settings are\n%v", s)
	}
	if level, ok := s.Level(); !ok || level != slog.LevelDebug {
		t.Errorf("level %v, %v", level, ok)
	}
}

func TestBadSettingsNameTheVariable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ variable, value, message string }{
		{"MUSTER_DATABASE_URL", "mysql://u:pass-word@h/d", "MUSTER_DATABASE_URL: it is not an address of a PostgreSQL database"},
		{"MUSTER_DATABASE_URL", "postgres://u:pass-word@:bad/d%", "MUSTER_DATABASE_URL: it is not an address of a PostgreSQL database"},
		{"MUSTER_KEY", "pass-word", "MUSTER_KEY: a key is not base64"},
		{"MUSTER_LISTEN", "8080", `MUSTER_LISTEN: "8080" is not a host and port`},
		{"MUSTER_BASE_URL", "https://u:pass-word@h", "MUSTER_BASE_URL: it is not the address of a site"},
		{"MUSTER_TLS_KEY", "k.pem", "MUSTER_TLS_CERTIFICATE and MUSTER_TLS_KEY: only one of them is given"},
		{"MUSTER_LOG_LEVEL", "loud", `MUSTER_LOG_LEVEL: there is no level "loud"`},
		{"MUSTER_LOG_FORMAT", "xml", `MUSTER_LOG_FORMAT: there is no format "xml"`},
	} {
		_, err := config.ReadSettings(config.Settings{}, env(map[string]string{tc.variable: tc.value}))
		if errs.KindOf(err) != errs.Invalid || err.Error() != tc.message {
			t.Errorf("%s=%s: got %v, want %s", tc.variable, tc.value, err, tc.message)
		}
		if errs.HintOf(err) == "" || strings.Contains(errs.HintOf(err), "pass-word") {
			t.Errorf("%s=%s: hint %q", tc.variable, tc.value, errs.HintOf(err))
		}
	}
}

func TestF60SettingsPrintWithoutSecrets(t *testing.T) {
	t.Parallel()
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	s, err := config.ReadSettings(config.Settings{}, env(map[string]string{
		"MUSTER_KEY": key, "MUSTER_DATABASE_URL": "postgres://u:pass-word@h/d",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if s.Key.Reveal() != key || s.Database.Reveal() != "postgres://u:pass-word@h/d" {
		t.Fatal("the secrets were not read")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, value := range []any{s, &s, struct{ S config.Settings }{s}} {
			if out := fmt.Sprintf(verb, value); strings.Contains(out, key) || strings.Contains(out, "pass-word") {
				t.Errorf("%s of %T shows a secret: %s", verb, value, out)
			}
		}
	}
	if want := "MUSTER_DATABASE_URL=[secret]\n"; !strings.Contains(s.String(), want) {
		t.Errorf("settings print as\n%s, want a line %s", s, want)
	}
}
