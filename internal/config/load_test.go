package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/config"
	"github.com/musterhq/muster/internal/errs"
)

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

const small = `organization: {name: Fabrikam}
accounts:
  - name: Fabrikam
    modules:
      - name: IT
        main_collection: Assets
        integrations:
          - kind: microsoft-entra-id
            connection:
              tenant_id: 11111111-1111-1111-1111-111111111111
              client_id: 22222222-2222-2222-2222-222222222222
              application_object_id: 33333333-3333-3333-3333-333333333333
              client_secret: "${SECRET}"
            mappings:
              - name: Everyone
                kind: records
                fields:
                  - {from: mail, to: Email, fallback: userPrincipalName}
                  - {from: otherMails, to: More, transforms: [trim, {join: "; "}, {replace: {old: a, new: b}}]}
`

func TestSetUpFileIsRead(t *testing.T) {
	t.Parallel()
	f, err := config.Parse("muster.yaml", []byte(small), env(map[string]string{"SECRET": "a+b/c=&%~"}))
	if err != nil {
		t.Fatal(err)
	}
	in := f.Accounts[0].Modules[0].Integrations[0]
	if got := in.Connection.Secret.Reveal(); got != "a+b/c=&%~" {
		t.Errorf("secret = %q", got)
	}
	rows := in.Mappings[0].Fields
	if len(rows[0].Fallback) != 1 || rows[0].Fallback[0] != "userPrincipalName" {
		t.Errorf("fallback = %v", rows[0].Fallback)
	}
	want := []config.Transform{{Kind: "trim"}, {Kind: "join", Text: "; "}, {Kind: "replace", Text: "a", With: "b"}}
	for i, w := range want {
		if rows[1].Transforms[i] != w {
			t.Errorf("transform %d = %+v, want %+v", i, rows[1].Transforms[i], w)
		}
	}
}

func TestBadSetUpFilesSayWhereAndWhat(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text, message, hint string
	}{
		{"unknown key", strings.Replace(small, "tenant_id", "tennant_id", 1), "muster.yaml:10:15: unknown field \"tennant_id\"", `"tenant_id"`},
		{"variable not set", strings.Replace(small, "${SECRET}", "${NOWHERE}", 1), "muster.yaml:13:30: the environment variable NOWHERE is not set", "${file:PATH}"},
		{"file not there", strings.Replace(small, "${SECRET}", "${file:nowhere.txt}", 1), "nowhere.txt", "${file:PATH}"},
		{"no organization", strings.Replace(small, "{name: Fabrikam}", "{}", 1), "organization.name is missing", "muster-yaml.md"},
		{"broken text", "organization: [", "muster.yaml:", ""},
		{"unknown cloud", strings.Replace(small, "client_secret:", "cloud: mars\n              client_secret:", 1), `there is no cloud "mars"`, ""},
		{"empty", "", "muster.yaml is empty", "docs/examples"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("muster.yaml", []byte(tc.text), env(map[string]string{"SECRET": "x"}))
			if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("got %v, want it to say %q", err, tc.message)
			}
			if !strings.Contains(errs.HintOf(err), tc.hint) {
				t.Errorf("hint %q, want it to say %q", errs.HintOf(err), tc.hint)
			}
		})
	}
}

func TestSecretsComeFromFilesBesideTheSetUpFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret.txt"), []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "muster.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(small, "${SECRET}", "${file:secret.txt}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(path, env(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Accounts[0].Modules[0].Integrations[0].Connection.Secret.Reveal(); got != "from a file" {
		t.Errorf("secret = %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := config.Parse("f", []byte(text), env(nil)); err != nil && errs.KindOf(err) != errs.Invalid {
			t.Errorf("error of kind %v: %v", errs.KindOf(err), err)
		}
	})
}
