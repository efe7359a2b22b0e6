package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/config"
	"github.com/musterhq/muster/internal/errs"
)

var update = flag.Bool("update", false, "rewrite golden files")

// Files around the part that a test is about. That part begins in line 2 and
// stands in one line.
const (
	aroundFile    = "organization: {name: Fabrikam}\n%s\n"
	aroundModule  = "organization: {name: Fabrikam}\naccounts: [{name: A, modules: [{name: M, %s}]}]\n"
	aroundField   = "organization: {name: Fabrikam}\naccounts: [{name: A, modules: [{name: M, collections: [{name: C, fields: [\n  %s\n]}]}]}]\n"
	aroundConnect = `organization: {name: Fabrikam}
accounts: [{name: A, modules: [{name: M, integrations: [{kind: microsoft-entra-id, connection: {
  %s
}}]}]}]
`
	aroundKind = `organization: {name: Fabrikam}
accounts: [{name: A, modules: [{name: M, integrations: [{kind: microsoft-entra-id, connection: {
  tenant_id: fabrikam.example, client_id: 22222222-2222-2222-2222-222222222222, application_object_id: 33333333-3333-3333-3333-333333333333},
  %s
}]}]}]
`
	aroundMapping = `organization: {name: Fabrikam}
accounts: [{name: A, modules: [{name: M, integrations: [{kind: microsoft-entra-id, connection: {
  tenant_id: fabrikam.example, client_id: 22222222-2222-2222-2222-222222222222, application_object_id: 33333333-3333-3333-3333-333333333333},
  mappings: [{name: Everyone,
  %s
}]}]}]}]
`
	ids = "tenant_id: fabrikam.example, client_id: 22222222-2222-2222-2222-222222222222, application_object_id: 33333333-3333-3333-3333-333333333333"
)

// badFile is a file with one thing wrong, and what is said of it.
type badFile struct{ name, around, text, want string }

func refuse(t *testing.T, files []badFile) {
	t.Helper()
	for _, tc := range files {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("f.yaml", []byte(fmt.Sprintf(tc.around, tc.text)), env(nil))
			if err == nil {
				t.Fatal("the file was taken")
			}
			if errs.KindOf(err) != errs.Invalid || errs.HintOf(err) == "" {
				t.Errorf("kind %v, hint %q", errs.KindOf(err), errs.HintOf(err))
			}
			if got := err.Error(); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestBadTextsKeysAndTypesAreRefused(t *testing.T) {
	t.Parallel()
	refuse(t, []badFile{
		// The text.
		{"empty", "%s", "# nothing\n", "f.yaml: the file is empty; start from docs/examples/muster.yaml"},
		{"no mapping", "%s", "- a", "f.yaml:1:1: the set-up file takes keys with values, not a list"},
		{"broken", "%s", "organization: [a", "f.yaml:1:15: this is not YAML: sequence end token ']' not found"},
		{"two documents", "%s", "a: 1\n---\nb: 2\n", "f.yaml:3:1: a second document begins here; one file holds one; remove the line ---"},
		{"too deep", "%s", strings.Repeat("[", 2000), "f.yaml: the file is nested too deeply"},
		{"too deep in lists", "%s", strings.Repeat("- ", 2000), "f.yaml: the file is nested too deeply"},
		{"too large", "%s", "#" + strings.Repeat(" ", 1<<20), "f.yaml: the file has more than 1 MiB"},
		{"alias", aroundFile, "users: [&a {email: a@b.example}]", "f.yaml:2:9: entry 1 of users takes keys with values, not an anchor, alias or tag, which set-up files do not have"},
		// Keys and types.
		{"misspelled key", aroundFile, "acounts: []", `f.yaml:2:1: there is no key "acounts" in the set-up file; did you mean "accounts"?`},
		{"letter case", aroundFile, "Accounts: []", `f.yaml:2:1: there is no key "Accounts" in the set-up file; did you mean "accounts"?`},
		{"unknown key", aroundFile, "frobnicate: 1", `f.yaml:2:1: there is no key "frobnicate" in the set-up file`},
		{"misspelled required key", aroundFile, "accounts: [{nmae: A}]", `f.yaml:2:13: there is no key "nmae" in entry 1 of accounts; did you mean "name"?`},
		{"key twice", aroundFile, "organization: {name: B}", `f.yaml:2:1: "organization" is given twice; it also stands in line 1`},
		{"text for list", aroundFile, "accounts: Fabrikam", "f.yaml:2:11: accounts takes a list, not a text"},
		{"list for text", aroundFile, "accounts: [{name: [A]}]", "f.yaml:2:19: name takes a text, not a list"},
		{"nothing for text", aroundFile, "accounts: [{name: }]", "f.yaml:2:18: name takes a text, not nothing"},
		{"text for keys", aroundModule, "integrations: [entra]", "f.yaml:2:57: entry 1 of integrations takes keys with values, not a text"},
		{"text for yes/no", aroundField, "{name: F, unique: maybe}", "f.yaml:3:21: unique takes true or false, not a text"},
		{"text for number", aroundField, "{name: F, max_length: long}", "f.yaml:3:25: max_length takes a whole number, not a text"},
		{"fraction for number", aroundField, "{name: F, max_length: 1.5}", "f.yaml:3:25: max_length takes a whole number, not a number"},
		// Values from elsewhere.
		{"variable not set", aroundFile, `accounts: [{name: "${NOWHERE}"}]`, "f.yaml:2:19: the environment variable NOWHERE is not set"},
		{"no variable", aroundFile, `accounts: [{name: "${a b}"}]`, `f.yaml:2:19: "a b" is neither the name of an environment variable nor file:PATH; write $${ for a plain ${`},
		{"not closed", aroundFile, `accounts: [{name: "x${NOWHERE"}]`, "f.yaml:2:19: a ${ is never closed; write $${ for a plain ${"},
		{"no file", aroundFile, `accounts: [{name: "${file:no.txt}"}]`, "f.yaml:2:19: the file no.txt cannot be read: no such file or directory"},
	})
}

func TestBadModulesAndFieldsAreRefused(t *testing.T) {
	t.Parallel()
	refuse(t, []badFile{
		// Organization, accounts, modules.
		{"no organization", "%s", "accounts: []", "f.yaml:1:1: there is no organization; begin with: organization: {name: …}"},
		{"no name", "%s", "organization: {}", "f.yaml:1:15: the organization has no name"},
		{"no email", "%s", "organization: {name: F, administrator: {email: admin, password: x}}", `f.yaml:1:48: "admin" is not an email address`},
		{"no password", "%s", "organization: {name: F, administrator: {email: a@b.example}}", "f.yaml:1:40: the administrator has no password"},
		{"user twice", aroundFile, "users: [{email: a@b.example}, {email: A@b.example}]", `f.yaml:2:39: there are two users with the email "A@b.example"; the other is in line 2`},
		{"module in no account", aroundFile, "users: [{email: a@b.example, roles: [{role: R, module: M}]}]", `f.yaml:2:56: the module "M" is in no account; add account`},
		{"account twice", aroundFile, "accounts: [{name: A}, {name: a}]", `f.yaml:2:30: there are two accounts named "a"; the other is in line 2`},
		{"integration twice", aroundModule, "integrations: [{kind: x, connection: {" + ids + "}}]", `f.yaml:2:64: kind is one of microsoft-entra-id, not "x"`},
		{"action", aroundModule, "roles: [{name: R, permissions: [view, {edti: [A]}]}]", `f.yaml:2:80: there is no action "edti"; did you mean "edit"?`},
		// Fields.
		{"type", aroundField, "{name: F, type: txet}", `f.yaml:3:19: there is no type "txet"; did you mean "text"?`},
		{"type far off", aroundField, "{name: F, type: geometry}", `f.yaml:3:19: there is no type "geometry"; the types are text, long_text, number, currency, date, date_time, yes_no, choice, choices, email, phone, url, barcode, attachment, link`},
		{"link to nothing", aroundField, "{name: F, type: link}", "f.yaml:3:3: a field of type link has no collection"},
		{"choices of a text", aroundField, "{name: F, choices: [a]}", "f.yaml:3:22: choices says nothing for the type text"},
		{"choice twice", aroundField, "{name: F, type: choice, choices: [a, b, A]}", `f.yaml:3:43: there are two choices "A"; the other is in line 3`},
		{"currency", aroundField, "{name: F, type: currency, currency: Euro}", `f.yaml:3:39: "Euro" is not the code of a currency; write it like EUR`},
		{"two titles", aroundField, "{name: F, title: true}, {name: G, title: true}", "f.yaml:3:44: a collection has one title field; the other is in line 3"},
	})
}

func TestBadConnectionsLimitsAndSchedulesAreRefused(t *testing.T) {
	t.Parallel()
	refuse(t, []badFile{
		// Connections.
		{"tenant", aroundConnect, strings.Replace(ids, "fabrikam.example", "fabrikam", 1), "f.yaml:3:14: tenant_id is neither an ID like 11111111-1111-1111-1111-111111111111 nor a domain; copy Directory (tenant) ID from the overview of the app registration"},
		{"client", aroundConnect, strings.Replace(ids, "22222222-2", "2", 1), "f.yaml:3:43: client_id is not an ID like 11111111-1111-1111-1111-111111111111; copy Application (client) ID from the overview of the app registration"},
		{"cloud", aroundConnect, ids + ", cloud: us-goverment", `f.yaml:3:149: cloud is one of global, us-government, us-dod, china, custom, not "us-goverment"; did you mean "us-government"?`},
		{"custom without hosts", aroundConnect, ids + ", cloud: custom, graph_url: https://g.example", "f.yaml:2:96: the cloud custom has no login_url"},
		{"plain http", aroundConnect, ids + ", cloud: custom, login_url: https://g.example, graph_url: 'http://10.0.0.1'", "f.yaml:3:198: graph_url needs https; plain http is for this machine only: localhost, 127.0.0.1, [::1]"},
		{"no address", aroundConnect, ids + ", cloud: custom, login_url: https://g.example, graph_url: g.example", `f.yaml:3:198: "g.example" is not the address of a host; write it like https://graph.example.com`},
		{"hosts of a known cloud", aroundConnect, ids + ", login_url: https://g.example", "f.yaml:3:153: login_url is for cloud: custom only"},
		{"readers", aroundConnect, ids + ", readers: 99", "f.yaml:3:151: readers is not between 1 and 16"},
		{"secret and certificate", aroundConnect, ids + ", client_secret: s, client_certificate: {file: a.pem}", "f.yaml:3:180: client_certificate and client_secret are both given; keep one of them"},
		{"no certificate file", aroundConnect, ids + ", client_certificate: {file: nowhere.pem}", `f.yaml:3:169: file: the file "nowhere.pem" cannot be read: no such file or directory`},
		{"empty secret", aroundConnect, ids + `, client_secret: ""`, "f.yaml:3:157: the connection: client_secret is empty"},
		// Limits and schedules.
		{"limit", aroundKind, "limits: {deactivation: {count: 5}}", `f.yaml:4:12: there is no key "deactivation" in limits; did you mean "deactivations"?`},
		{"limit of a limit", aroundKind, "limits: {renames: {max: 5}}", `f.yaml:4:22: there is no key "max" in renames`},
		{"percent", aroundKind, "limits: {renames: {percent: 101}}", "f.yaml:4:31: percent is above 100"},
		{"limit twice", aroundKind, "limits: {renames: {}, renames: {}}", `f.yaml:4:25: "renames" is given twice; it also stands in line 4`},
		{"timing", aroundKind, "schedule: {full: daily}", `f.yaml:4:20: full: "daily" is no timing; write "every 15 minutes", "every 2 hours", "hourly", "daily at 02:30", "weekly on Monday at 02:30", "monthly on 1 at 02:30", "yearly on 1 March at 02:30", "cron 30 2 * * 1-5" or "off"`},
		{"time zone", aroundKind, "schedule: {time_zone: Berlin}", `f.yaml:4:25: "Berlin" is not a time zone; write it like Europe/Berlin`},
	})
}

func TestBadMappingsAreRefused(t *testing.T) {
	t.Parallel()
	refuse(t, []badFile{
		// Mappings.
		{"kind", aroundMapping, "kind: record", `f.yaml:5:9: kind is one of records, login, not "record"; did you mean "records"?`},
		{"no collection", aroundMapping, "kind: records", "f.yaml:4:14: a mapping of kind records has no collection"},
		{"entity", aroundMapping, "kind: records, collection: C, external_entity: user", `f.yaml:5:50: external_entity is one of users, devices, groups, not "user"; did you mean "users"?`},
		{"role of records", aroundMapping, "kind: records, collection: C, user_role: R", "f.yaml:5:44: user_role is for kind: login only"},
		{"login without units", aroundMapping, "kind: login, user_role: R", "f.yaml:4:14: a mapping of kind login needs units; without them everybody could sign in; write units: [{group: …}]"},
		{"login for devices", aroundMapping, "kind: login, user_role: R, units: [{group: G}], external_entity: devices", "f.yaml:5:68: only users can have a login"},
		{"identifier", aroundMapping, "kind: records, collection: C, unique_identifier: user principal name", `f.yaml:5:52: "user principal name" is not a unique identifier; did you mean "user_principal_name"?`},
		{"two kinds of unit", aroundMapping, "kind: login, user_role: R, units: [{group: G, administrative_unit: U}]", "f.yaml:5:70: a unit is a group or an administrative_unit, not both; make two units of them"},
		{"no unit", aroundMapping, "kind: login, user_role: R, units: [{nested: true}]", "f.yaml:5:38: a unit names a group or an administrative_unit"},
		{"nested unit", aroundMapping, "kind: login, user_role: R, units: [{administrative_unit: U, nested: true}]", "f.yaml:5:71: nested is for groups only; administrative units have direct members"},
		{"guests", aroundMapping, "kind: records, collection: C, guests: no", `f.yaml:5:41: guests is one of include, exclude, people_only, not "no"`},
		{"operator", aroundMapping, "kind: records, collection: C, conditions: [{field: mail, operator: equal, value: x}]", `f.yaml:5:70: there is no operator "equal"; did you mean "equals"?`},
		{"no value", aroundMapping, "kind: records, collection: C, conditions: [{field: mail, operator: equals}]", "f.yaml:5:46: the operator equals needs value"},
		{"value of none", aroundMapping, "kind: records, collection: C, conditions: [{field: mail, operator: is_empty, value: x}]", "f.yaml:5:87: value says nothing with the operator is_empty"},
		{"value for values", aroundMapping, "kind: records, collection: C, conditions: [{field: mail, operator: in, values: x}]", "f.yaml:5:82: values takes a list, not a text"},
		{"expression", aroundMapping, "kind: records, collection: C, conditions: [{field: mail, operator: matches, value: '('}]", `f.yaml:5:86: "(" is not a regular expression`},
		{"no target", aroundMapping, "kind: records, collection: C, fields: [{from: mail}]", "f.yaml:5:42: a field row has no to"},
		{"no source", aroundMapping, "kind: records, collection: C, fields: [{to: Email}]", "f.yaml:5:42: a field row has no from; name an attribute, or begin transforms with a constant or an expression"},
		{"target twice", aroundMapping, "kind: records, collection: C, fields: [{from: mail, to: E}, {from: id, to: E}]", `f.yaml:5:78: there are two rows for the field "E"; the other is in line 5`},
		{"owner", aroundMapping, "kind: records, collection: C, fields: [{from: mail, to: E, owner: me}]", `f.yaml:5:69: owner is one of directory, fill_if_empty, on_create, not "me"`},
		{"transform", aroundMapping, "kind: records, collection: C, fields: [{from: mail, to: E, transforms: [lowr]}]", `f.yaml:5:75: there is no transform "lowr"; did you mean "lower"?`},
		{"transform without value", aroundMapping, "kind: records, collection: C, fields: [{from: mail, to: E, transforms: [e164]}]", "f.yaml:5:75: the transform e164 needs a value; write {e164: DE}"},
		{"transform with value", aroundMapping, "kind: records, collection: C, fields: [{from: mail, to: E, transforms: [{trim: x}]}]", "f.yaml:5:75: the transform trim takes no value"},
		{"two transforms in one", aroundMapping, "kind: records, collection: C, fields: [{from: mail, to: E, transforms: [{trim: , lower: }]}]", "f.yaml:5:75: entry 1 of transforms takes a transform: its name, or its name with a value, not 2 names"},
		{"date zone", aroundMapping, "kind: records, collection: C, fields: [{from: hireDate, to: E, transforms: [{date: Local}]}]", `f.yaml:5:79: "Local" is not a time zone; write it like Europe/Berlin`},
		{"replace", aroundMapping, "kind: records, collection: C, fields: [{from: mail, to: E, transforms: [{replace: {old: a, by: b}}]}]", `f.yaml:5:94: there is no key "by" in replace`},
	})
}

func TestAllProblemsAreListedAtOnceInOrder(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "broken.yaml")
	_, err := config.Load(path, env(nil))
	problems, ok := errors.AsType[config.Problems](err)
	if !ok || len(problems) < 10 {
		t.Fatalf("got %v", err)
	}
	golden := filepath.Join("testdata", "broken.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, rerr := os.ReadFile(golden)
	if rerr != nil {
		t.Fatal(rerr)
	}
	if got := err.Error() + "\n"; got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestPositionsServeLaterProblems(t *testing.T) {
	t.Parallel()
	f, err := config.Parse("muster.yaml", []byte(small), env(map[string]string{"SECRET": "x"}))
	if err != nil {
		t.Fatal(err)
	}
	m := f.Accounts[0].Modules[0].Integrations[0].Mappings[0]
	problem := m.Fields[0].At("to").Problemf("mapping %s: no field %q in People", m.Name, "Emial").Suggest("Emial", []string{"Name", "Email"})
	if got, want := problem.String(), `muster.yaml:21:38: mapping Everyone: no field "Emial" in People; did you mean "Email"?`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, tc := range []struct {
		name string
		got  config.Pos
		want string
	}{
		{"mapping", m.Pos, "muster.yaml:15:17"},
		{"condition", m.Conditions[0].Pos, "muster.yaml:19:21"},
		{"one fallback", m.Fields[0].At("fallback", 0), "muster.yaml:21:55"},
		{"a transform in the list", m.Fields[1].At("transforms", 1), "muster.yaml:22:69"},
		{"a key that is not there", m.At("units"), "muster.yaml:15:17"},
		{"an item that is not there", m.At("fields", 9), "muster.yaml:21:19"},
	} {
		if got := tc.got.String(); got != tc.want {
			t.Errorf("%s is at %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestDefaultsAreFilledIn(t *testing.T) {
	t.Parallel()
	text := fmt.Sprintf(aroundMapping, "kind: login, user_role: R, units: [{group: G}, {administrative_unit: U}, {group: H, nested: false}]")
	f, err := config.Parse("f.yaml", []byte(text), env(nil))
	if err != nil {
		t.Fatal(err)
	}
	in := f.Accounts[0].Modules[0].Integrations[0]
	m := in.Mappings[0]
	got := []any{m.ExternalEntity, m.UniqueIdentifier, m.WhenNotFound, m.WhenOutside, m.Guests, m.Units[0].Nested, m.Units[1].Nested, m.Units[2].Nested, in.Connection.Cloud, in.Connection.Readers, in.Schedule.Full.String(), in.Schedule.TimeZone}
	want := []any{"users", "object_id", "deactivate", "deactivate", "include", true, false, false, "global", 1, "off", "UTC"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("default %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestTypesAreReadAsPeopleSpellThem(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string]string{
		"text": "text", "Text": "text", "long text": "long_text", "date and time": "date_time", "date_time": "date_time",
		"yes/no": "yes_no", "yes_no": "yes_no", "web address": "url", "url": "url", "several choices": "choices", "barcode": "barcode",
	} {
		f, err := config.Parse("f.yaml", []byte(fmt.Sprintf(aroundField, "{name: F, type: "+spelling+"}")), env(nil))
		if err != nil {
			t.Errorf("%s: %v", spelling, err)
			continue
		}
		if got := f.Accounts[0].Modules[0].Collections[0].Fields[0].Type; string(got) != want {
			t.Errorf("%s is %s, want %s", spelling, got, want)
		}
	}
}

func TestReferencesAreFilledInOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "name.txt"), "from ${a} file\n\n")
	values := map[string]string{"A": "${B}", "N": "7"}
	for _, tc := range []struct{ text, want string }{
		{`"${A}"`, "${B}"},
		{`"a ${A}-${A} b"`, "a ${B}-${B} b"},
		{`"$${A}"`, "${A}"},
		{`"$$${A}"`, "$${A}"},
		{`"5 $ and $A"`, "5 $ and $A"},
		{`"${file:name.txt}"`, "from ${a} file\n"},
	} {
		f, err := config.Parse(filepath.Join(dir, "f.yaml"), []byte("organization: {name: "+tc.text+"}"), env(values))
		if err != nil || f.Organization.Name != tc.want {
			t.Errorf("%s: got %q, %v, want %q", tc.text, f.Organization.Name, err, tc.want)
		}
	}
	f, err := config.Parse("f.yaml", []byte(fmt.Sprintf(aroundField, `{name: F, max_length: "${N}"}`)), env(values))
	if err != nil || f.Accounts[0].Modules[0].Collections[0].Fields[0].MaxLength != 7 {
		t.Errorf("a number from the environment: %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pair makes a certificate and its key in PEM.
func pair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func TestCertificatesAreReadFromFilesBesideTheSetUpFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := pair(t)
	_, other := pair(t)
	for name, text := range map[string]string{"cert.pem": cert, "key.pem": key, "both.pem": key + cert, "other.pem": other, "junk.pem": "junk"} {
		write(t, filepath.Join(dir, name), text)
	}
	for _, tc := range []struct{ name, certificate, want string }{
		{"two files", "{file: cert.pem, key: key.pem}", ""},
		{"one file", "{file: both.pem}", ""},
		{"no key", "{file: cert.pem}", "the file holds no private key in PEM; name the file of the key with key"},
		{"swapped", "{file: key.pem, key: cert.pem}", "the file holds no certificate in PEM; turn a .pfx file into PEM with: openssl pkcs12"},
		{"another key", "{file: cert.pem, key: other.pem}", "the private key cannot be used: it is encrypted, damaged, or of another certificate"},
		{"junk", "{file: junk.pem}", "the file holds no certificate in PEM; turn a .pfx file into PEM with: openssl pkcs12"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf(aroundConnect, ids+", client_certificate: "+tc.certificate)
			f, err := config.Parse(filepath.Join(dir, "f.yaml"), []byte(text), env(nil))
			if tc.want != "" {
				if err == nil || !strings.HasSuffix(err.Error(), ": "+tc.want) {
					t.Errorf("got %v, want %s", err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			conn := f.Accounts[0].Modules[0].Integrations[0].Connection
			if conn.CertPEM != cert || conn.Secret.Reveal() != key {
				t.Errorf("certificate %q", conn.CertPEM)
			}
		})
	}
}

func TestF60SecretsNeverPrint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := pair(t)
	write(t, filepath.Join(dir, "both.pem"), key+cert)
	body := strings.Split(key, "\n")[1]
	text := strings.Replace(small, `client_secret: "${SECRET}"`, "client_certificate: {file: both.pem}", 1)
	text = strings.Replace(text, "{name: Fabrikam}", "{name: Fabrikam, administrator: {email: a@b.example, password: hunter-two}}", 1)
	text += "users: [{email: b@b.example, password: \"${SECRET}\"}]\n"
	f, err := config.Parse(filepath.Join(dir, "f.yaml"), []byte(text), env(map[string]string{"SECRET": "hunter-three"}))
	if err != nil {
		t.Fatal(err)
	}
	if f.Users[0].Password.Reveal() != "hunter-three" || f.Organization.Administrator.Password.Reveal() != "hunter-two" {
		t.Fatal("the secrets were not read")
	}
	prints := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		prints[verb] = fmt.Sprintf(verb, f) + fmt.Sprintf(verb, &f) + fmt.Sprintf(verb, f.Accounts[0].Modules[0].Integrations[0].Connection)
	}
	encoded, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	prints["JSON"] = string(encoded)
	for how, out := range prints {
		for _, secret := range []string{"hunter", fmt.Sprintf("%x", "hunter"), body, fmt.Sprintf("%x", body)} {
			if strings.Contains(out, secret) {
				t.Errorf("%s shows a secret", how)
			}
		}
	}
	if !strings.Contains(prints["%+v"], "Fabrikam") {
		t.Error("nothing was printed at all")
	}
}

func TestF60ErrorsDoNotRepeatSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter-two"
	for name, text := range map[string]string{
		"under a misspelled key":   fmt.Sprintf(aroundConnect, ids+", client_secert: "+secret),
		"in the wrong field":       fmt.Sprintf(aroundConnect, strings.Replace(ids, "22222222-2222-2222-2222-222222222222", secret, 1)),
		"as the tenant":            fmt.Sprintf(aroundConnect, strings.Replace(ids, "fabrikam.example", secret, 1)),
		"in a broken block":        fmt.Sprintf(aroundConnect, ids+", client_secret: |"+secret),
		"in a broken text":         fmt.Sprintf(aroundConnect, ids+", client_secret: \""+secret),
		"in a list":                fmt.Sprintf(aroundConnect, ids+", client_secret: ["+secret+"]"),
		"from elsewhere, a choice": fmt.Sprintf(aroundConnect, ids+`, cloud: "${SECRET}"`),
		"from elsewhere, a path":   fmt.Sprintf(aroundConnect, ids+`, cloud: custom, login_url: https://a.example, graph_url: https://a.example, ca_file: "${SECRET}"`),
		"from elsewhere, a URL":    fmt.Sprintf(aroundConnect, ids+`, cloud: custom, login_url: "${SECRET}", graph_url: "${SECRET}"`),
		"from elsewhere, a name":   fmt.Sprintf(aroundFile, `accounts: [{name: "${SECRET}"}, {name: "${SECRET}"}]`),
		"from elsewhere, a type":   fmt.Sprintf(aroundField, `{name: F, type: "${SECRET}"}`),
		"from elsewhere, a timing": fmt.Sprintf(aroundKind, `schedule: {full: "${SECRET}", time_zone: "${SECRET}"}`),
		"from elsewhere, a filter": fmt.Sprintf(aroundMapping, `kind: records, collection: C, conditions: [{field: mail, operator: "${SECRET}", value: x}]`),
		"from elsewhere, a step":   fmt.Sprintf(aroundMapping, `kind: records, collection: C, fields: [{from: a, to: b, transforms: ["${SECRET}", {date: "${SECRET}"}]}]`),
	} {
		_, err := config.Parse("f.yaml", []byte(text), env(map[string]string{"SECRET": secret}))
		if err == nil {
			t.Errorf("%s: the file was taken", name)
			continue
		}
		if out := fmt.Sprintf("%v %+v %#v %s", err, err, err, errs.HintOf(err)); strings.Contains(out, "hunter") {
			t.Errorf("a secret %s shows in: %s", name, out)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add("a: &a [*a]")
	f.Add("organization: {name: \"$${a}${b}${\"}")
	for _, around := range []string{aroundFile, aroundModule, aroundField, aroundConnect, aroundKind, aroundMapping} {
		f.Add(fmt.Sprintf(around, "kind: {x: [y, {z: 1}]}, units: [{group: 1}], limits: {renames: ~}"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := config.Parse("f", []byte(text), env(nil))
		if err == nil && file.Organization.Name == "" {
			t.Error("a file without organization was taken")
		}
		problems, ok := errors.AsType[config.Problems](err)
		if err != nil && (!ok || len(problems) == 0 || errs.KindOf(err) != errs.Invalid) {
			t.Errorf("error of kind %v: %v", errs.KindOf(err), err)
		}
	})
}
