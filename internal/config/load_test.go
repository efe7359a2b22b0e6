package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/musterhq/muster/internal/config"
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
                collection: People
                conditions:
                  - {field: accountEnabled, operator: equals, value: true}
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
	m := in.Mappings[0]
	if got := m.Conditions[0].Value; got != "true" {
		t.Errorf("value = %q", got)
	}
	if len(m.Fields[0].Fallback) != 1 || m.Fields[0].Fallback[0] != "userPrincipalName" {
		t.Errorf("fallback = %v", m.Fields[0].Fallback)
	}
	want := []config.Transform{{Kind: "trim"}, {Kind: "join", Text: "; "}, {Kind: "replace", Text: "a", With: "b"}}
	for i, w := range want {
		if got := m.Fields[1].Transforms[i]; got != w {
			t.Errorf("transform %d = %+v, want %+v", i, got, w)
		}
	}
}

func TestContractFileIsRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "shared", "design", "muster.example.yaml")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the design documents are not beside the repository: ", err)
	}
	f, err := config.Load(path, env(map[string]string{"ENTRA_CLIENT_SECRET": "s", "MUSTER_ADMIN_PASSWORD": "p"}))
	if err != nil {
		t.Fatal(err)
	}
	in := f.Accounts[0].Modules[0].Integrations[0]
	if len(in.Mappings) != 3 || len(in.Mappings[0].Fields) != 8 || !in.Mappings[2].Units[0].Nested {
		t.Errorf("got %d mappings, %d rows", len(in.Mappings), len(in.Mappings[0].Fields))
	}
	if got, want := fmt.Sprint(in.Schedule.Incremental, "; ", in.Schedule.Full), "every 15 minutes; daily at 02:30"; got != want {
		t.Errorf("schedule %q, want %q", got, want)
	}
	if got := *in.Limits["deactivations"].Percent; got != 20 {
		t.Errorf("percent = %d", got)
	}
	if to := in.Mappings[0].Fields[2].At("to"); to.Line != 49 || to.Column != 38 {
		t.Errorf("position of a target: %v", to)
	}
}
