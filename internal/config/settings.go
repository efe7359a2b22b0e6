package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/secret"
)

// Settings are what the process is told. A flag wins over the environment, and
// that over the default. String leaves out every secret.
type Settings struct {
	Data           string      // folder of the embedded database, the key and attachments
	Database       secret.Text // postgres:// address; empty for the embedded database. It may hold a password
	Key            secret.Text // keys in base64, one a line, the newest first; empty for the key file in Data
	Listen         string      // host and port of the web server
	BaseURL        string      // the address at which browsers find it; empty: the one it listens on
	TLSCertificate string      // PEM file; empty for plain HTTP
	TLSKey         string      // PEM file
	LogLevel       string      // debug, info, warn, error
	LogFormat      string      // text, json
}

// Variable is an environment variable that Settings are read from.
type Variable struct {
	Name    string
	Default string
	Meaning string

	text   func(*Settings) *string
	secret func(*Settings) *secret.Text
}

// Variables lists the environment variables in the order of the manual.
func Variables() []Variable {
	return []Variable{
		{Name: "MUSTER_DATA", Default: "./muster-data", Meaning: "Folder of the embedded database, the key file and attachments.",
			text: func(s *Settings) *string { return &s.Data }},
		{Name: "MUSTER_DATABASE_URL", Meaning: "A postgres:// address to use instead of the embedded database.",
			secret: func(s *Settings) *secret.Text { return &s.Database }},
		{Name: "MUSTER_KEY", Meaning: "The keys that secrets are sealed with: 32 bytes in base64, one a line, the newest first. Without it, the file key in the data folder is used, and made when there is none.",
			secret: func(s *Settings) *secret.Text { return &s.Key }},
		{Name: "MUSTER_LISTEN", Default: "127.0.0.1:8080", Meaning: "Host and port on which the web server listens; :8080 for every address of the machine.",
			text: func(s *Settings) *string { return &s.Listen }},
		{Name: "MUSTER_BASE_URL", Meaning: "The address at which browsers find Muster, when a proxy stands before it.",
			text: func(s *Settings) *string { return &s.BaseURL }},
		{Name: "MUSTER_TLS_CERTIFICATE", Meaning: "PEM file with the certificate of the web server and its chain.",
			text: func(s *Settings) *string { return &s.TLSCertificate }},
		{Name: "MUSTER_TLS_KEY", Meaning: "PEM file with the private key of that certificate.",
			text: func(s *Settings) *string { return &s.TLSKey }},
		{Name: "MUSTER_LOG_LEVEL", Default: "info", Meaning: "debug, info, warn or error.",
			text: func(s *Settings) *string { return &s.LogLevel }},
		{Name: "MUSTER_LOG_FORMAT", Default: "text", Meaning: "text for people, json for collectors.",
			text: func(s *Settings) *string { return &s.LogFormat }},
	}
}

// ReadSettings fills what flags leave empty from the environment and the
// defaults, and checks the result. A fault is errs.Invalid and names the
// variable.
func ReadSettings(flags Settings, getenv func(string) string) (Settings, error) {
	s := flags
	for _, v := range Variables() {
		value := getenv(v.Name)
		if v.secret != nil {
			if to := v.secret(&s); to.IsZero() {
				*to = secret.New(value)
			}
			continue
		}
		if value == "" {
			value = v.Default
		}
		if to := v.text(&s); *to == "" {
			*to = value
		}
	}
	return s, s.check()
}

func (s *Settings) check() error {
	if u, err := url.Parse(s.Database.Reveal()); !s.Database.IsZero() &&
		(err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "") {
		return unset("MUSTER_DATABASE_URL", "it is not an address of a PostgreSQL database", "Write it like postgres://user:password@host/database.")
	}
	if !s.Key.IsZero() {
		if _, err := secret.ParseKeyring(s.Key.Reveal()); err != nil {
			return errs.Wrap(err, "MUSTER_KEY")
		}
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		return unset("MUSTER_LISTEN", fmt.Sprintf("%q is not a host and port", s.Listen), "Write it like 127.0.0.1:8080, or :8080 for every address.")
	}
	if u, err := url.Parse(s.BaseURL); s.BaseURL != "" && (err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https")) {
		return unset("MUSTER_BASE_URL", "it is not the address of a site", "Write it like https://assets.example.com.")
	}
	if (s.TLSCertificate == "") != (s.TLSKey == "") {
		return unset("MUSTER_TLS_CERTIFICATE and MUSTER_TLS_KEY", "only one of them is given", "Give both for HTTPS, or neither.")
	}
	if _, ok := s.Level(); !ok {
		return unset("MUSTER_LOG_LEVEL", fmt.Sprintf("there is no level %q", s.LogLevel), "Use debug, info, warn or error.")
	}
	if s.LogFormat != "text" && s.LogFormat != "json" {
		return unset("MUSTER_LOG_FORMAT", fmt.Sprintf("there is no format %q", s.LogFormat), "Use text or json.")
	}
	return nil
}

func unset(variable, message, hint string) error {
	return errs.New(errs.Invalid, "%s", message).About("%s", variable).WithHint("%s", hint)
}

// Level returns the log level; ok is false when there is none of that name.
func (s *Settings) Level() (level slog.Level, ok bool) {
	switch s.LogLevel {
	case "debug":
		return slog.LevelDebug, true
	case "info":
		return slog.LevelInfo, true
	case "warn":
		return slog.LevelWarn, true
	case "error":
		return slog.LevelError, true
	}
	return 0, false
}

// String lists the settings by the names of their variables, one a line, with a
// placeholder for secrets.
func (s Settings) String() string {
	var b strings.Builder
	for _, v := range Variables() {
		value := ""
		if v.secret != nil {
			value = v.secret(&s).String()
		} else {
			value = *v.text(&s)
		}
		fmt.Fprintf(&b, "%s=%s\n", v.Name, value)
	}
	return b.String()
}
