package e2e_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/store/storetest"
)

// secretFile sets an installation up that has a secret wherever there is a place
// for one.
const secretFile = `organization:
  name: Fabrikam
  administrator: {email: ada@fabrikam.example, password: "${ADMIN_PASSWORD}"}
accounts:
  - name: Fabrikam
    modules:
      - name: IT
        main_collection: Assets
        integrations:
          - kind: microsoft-entra-id
            connection: {tenant_id: 11111111-1111-1111-1111-111111111111, client_id: 22222222-2222-2222-2222-222222222222, application_object_id: 33333333-3333-3333-3333-333333333333,
              client_secret: "${CLIENT_SECRET}", cloud: custom, login_url: %[1]s, graph_url: %[1]s}
            mappings:
              - {name: Everyone, kind: records, external_entity: users, collection: People, unique_identifier: object_id,
                 fields: [{from: displayName, to: Name}, {from: mail, to: Email}]}
              - {name: Staff, kind: login, units: [{group: "All Staff"}], user_role: Collaborator, unique_identifier: object_id}
        automations:
          - name: Tell the others
            trigger: {when: record_created}
            actions: [{do: post, url: "https://localhost:1/in", key: "${POST_KEY}"}]
      - name: Vehicles
        main_collection: Cars
        integrations:
          - kind: microsoft-entra-id
            connection: {tenant_id: 11111111-1111-1111-1111-111111111111, client_id: 22222222-2222-2222-2222-222222222222, application_object_id: 33333333-3333-3333-3333-333333333333,
              client_certificate: {file: certificate.pem}, cloud: custom, login_url: %[1]s, graph_url: %[1]s}
            mappings:
              - {name: Everyone, kind: records, external_entity: users, collection: People, unique_identifier: object_id, fields: [{from: displayName, to: Name}]}
      - {name: Keys, main_collection: Keys}
`

// keeper is an installation whose secrets are to stay in it.
type keeper struct {
	t                  *testing.T
	dir, database, at  string
	client             *http.Client
	token              string // of its API
	env                []string
	pages, calls, told int
}

// Every kind of secret goes in: by a file, by forms, by the API, by signing in.
// Then every page, answer, download, command, log and copy of the database is
// looked through, on both engines.
func TestSecretsOfEveryKindStayInside(t *testing.T) {
	tenant := startTenant(t)
	t.Run("sqlite", func(t *testing.T) { keepSecrets(t, tenant, "") })
	t.Run("postgres", func(t *testing.T) { keepSecrets(t, tenant, storetest.EmptyPostgresURL(t)) })
}

func keepSecrets(t *testing.T, tenant, database string) {
	k := &keeper{t: t, dir: t.TempDir(), database: database}
	k.setUp(tenant)
	args := []string{"serve", "--listen", "127.0.0.1:0", "--log-level", "debug"}
	if database != "" {
		args = append(args, "--database", database)
	}
	m, end, err := launchWatched(k.dir, `listens on (http://\S+)\s`, args...)
	if err != nil {
		t.Fatal(err)
	}
	k.at = m[1]
	before := watch.looked
	k.signIn()
	k.form("/settings/mail", "do", "save", "host", "localhost", "port", "1", "security", "starttls", "user", "muster", "sender", "muster@fabrikam.example",
		"password", watch.plant("the mail server's password", "pigeon post at dawn"))
	k.people()
	k.microsoft(tenant)
	k.tokens()
	k.syncs(tenant)
	k.everyPage()
	k.everyAnswer()
	k.everyCommand()
	if looked := watch.looked - before; looked < 100 || k.pages < 45 || k.calls < 30 || k.told < 10 {
		t.Errorf("only %d responses, of %d pages and %d calls, and %d commands were looked at", looked, k.pages, k.calls, k.told)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	have := watch.kinds()
	for _, kind := range []string{
		"a password", "a mistyped password", "a password that a link set", "a client secret", "a client secret that was refused", "the key of a certificate",
		"the key of a post", "the mail server's password", "a second step's secret", "a recovery code", "a one-time link", "a one-time link by mail",
		"an API token", "a code of Microsoft", "the cookie muster_session", "the cookie muster_ticket", "the key",
	} {
		if have[kind] == 0 {
			t.Errorf("%s never went in", kind)
		}
	}
}

// certificate makes a certificate with its key, in PEM.
func (k *keeper) certificate() []byte {
	k.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	k.must(err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "muster"}, NotAfter: time.Now().Add(time.Hour)},
		&x509.Certificate{Subject: pkix.Name{CommonName: "muster"}}, &key.PublicKey, key)
	k.must(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	k.must(err)
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	watch.plant("the key of a certificate", strings.Split(string(text), "\n")[1])
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), text...)
}

func (k *keeper) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// setUp applies the file with the secrets.
func (k *keeper) setUp(tenant string) {
	k.t.Helper()
	k.must(os.WriteFile(filepath.Join(k.dir, "certificate.pem"), k.certificate(), 0o600))
	k.must(os.WriteFile(filepath.Join(k.dir, "muster.yaml"), fmt.Appendf(nil, secretFile, tenant), 0o600))
	k.env = []string{"ADMIN_PASSWORD=" + suitePassword, "CLIENT_SECRET=" + tenantSecret, "POST_KEY=" + watch.plant("the key of a post", "a key for signing posts")}
	k.command(0, "apply", "-f", filepath.Join(k.dir, "muster.yaml"))
}

// command runs a command on the database, and looks at what it prints.
func (k *keeper) command(want int, args ...string) string {
	k.t.Helper()
	file, err := binary()
	k.must(err)
	all := append([]string{"--data", filepath.Join(k.dir, "data")}, args...)
	if k.database != "" {
		all = append([]string{"--database", k.database}, all...)
	}
	cmd := exec.Command(file, all...)
	cmd.Env = append(os.Environ(), k.env...)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	_ = cmd.Run() // the code says how it went
	watch.inText("muster "+args[0], append(out.Bytes(), trouble.Bytes()...))
	k.told++
	if code := cmd.ProcessState.ExitCode(); want >= 0 && code != want {
		k.t.Fatalf("muster %v: exit %d, want %d\n%s%s", args, code, want, out.String(), trouble.String())
	}
	return out.String()
}

// ask sends one request and returns the answer's body and where it leads.
func (k *keeper) ask(req *http.Request) (status int, body, to string) {
	k.t.Helper()
	resp, err := k.client.Do(req)
	k.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	k.must(err)
	return resp.StatusCode, string(text), resp.Header.Get("Location")
}

func (k *keeper) page(path string) string {
	k.t.Helper()
	req, err := http.NewRequestWithContext(k.t.Context(), http.MethodGet, k.at+path, nil)
	k.must(err)
	k.pages++
	status, body, _ := k.ask(req)
	if status >= http.StatusInternalServerError {
		k.t.Errorf("%s answers %d", path, status)
	}
	return body
}

// form posts names and values in turn.
func (k *keeper) form(path string, pairs ...string) (status int, body string) {
	k.t.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequestWithContext(k.t.Context(), http.MethodPost, k.at+path, strings.NewReader(values.Encode()))
	k.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body, _ = k.ask(req)
	if status >= http.StatusInternalServerError {
		k.t.Errorf("%s answers %d: %s", path, status, body)
	}
	return status, body
}

// find is what stands in the group of a pattern.
func (k *keeper) find(text, pattern string) string {
	k.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		k.t.Fatalf("there is no %s in\n%s", pattern, text)
	}
	return html.UnescapeString(m[1])
}

func (k *keeper) stranger() {
	jar, err := cookiejar.New(nil)
	k.must(err)
	k.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signIn mistypes the password first, then sets a second step up and uses it.
func (k *keeper) signIn() {
	k.t.Helper()
	k.stranger()
	k.form("/sign-in", "email", "ada@fabrikam.example", "password", watch.plant("a mistyped password", "corect hoarse batery"))
	k.form("/sign-in", "email", "ada@fabrikam.example", "password", suitePassword)
	page := k.page("/profile/second-step")
	code := app(k.t, k.find(page, `Or type this into it: <code class="long">([A-Z2-7 ]+)<`))
	_, codes := k.form("/profile/second-step", "sealed", k.find(page, `name="sealed" value="([^"]+)"`), "code", code(0))
	recovery := k.find(codes, `<li><code>([0-9a-z-]+)</code>`)
	k.form("/sign-out")
	k.stranger()
	k.form("/sign-in", "email", "ada@fabrikam.example", "password", suitePassword)
	if status, body := k.form("/sign-in/code", "code", recovery); status != http.StatusSeeOther {
		k.t.Fatalf("the recovery code is answered %d\n%s", status, body)
	}
}

// people invites somebody, who gets a one-time link on screen and another one by
// mail, and sets a password with the first.
func (k *keeper) people() {
	k.t.Helper()
	role := k.find(k.page("/m/1/users"), `(?s)<option value="(\d+)"[^>]*>\s*Collaborator`)
	k.form("/m/1/users", "email", "ben@fabrikam.example", "name", "Ben", "role", role)
	user := k.find(k.page("/m/1/users"), `href="(/m/1/users/\d+)"[^>]*>[^<]*Ben`)
	k.form(user+"/link", "send", "yes")
	watch.plant("a one-time link by mail", "by this link you set your password, once") // the letter that carries it is sealed
	_, body := k.form(user + "/link")
	link := k.find(body, `(/reset\?token=[0-9A-Za-z_-]+)`)
	me := k.client
	k.stranger()
	k.page(link)
	k.form("/reset", "token", strings.TrimPrefix(link, "/reset?token="), "password", watch.plant("a password that a link set", "staple horizon walnut"))
	k.client = me
}

// microsoft signs somebody in with Microsoft, once their login is there.
func (k *keeper) microsoft(tenant string) {
	k.t.Helper()
	k.command(0, "sync", "--module", "IT")
	me := k.client
	k.stranger()
	_, _, to := k.ask(k.get("/auth/microsoft/1"))
	person := k.find(k.command(0, "users"), `(\S+@\S+)\s.*Collaborator`)
	resp, err := k.client.Get(to + "&person=" + url.QueryEscape(person))
	k.must(err)
	resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	k.must(err)
	watch.plant("a code of Microsoft", back.Query().Get("code"))
	if _, _, to = k.ask(k.get(back.RequestURI())); to != "/" {
		k.t.Fatalf("%s cannot sign in at %s: led to %q by %s", person, tenant, to, back)
	}
	k.page("/profile")
	k.client = me
}

func (k *keeper) get(path string) *http.Request {
	k.t.Helper()
	req, err := http.NewRequestWithContext(k.t.Context(), http.MethodGet, k.at+path, nil)
	k.must(err)
	return req
}

// tokens makes a token of the administrator's and one of a service.
func (k *keeper) tokens() {
	k.t.Helper()
	_, body := k.form("/profile/tokens", "name", "mine", "scope", "everything", "days", "30")
	k.token = k.find(body, `(mst_[0-9A-Za-z]+)`)
	role := k.find(k.page("/m/1/tokens"), `(?s)<option value="(\d+)"[^>]*>\s*Module Admin`)
	_, body = k.form("/m/1/tokens", "name", "robot", "scope", "everything", "days", "30", "role", role)
	k.find(body, `(mst_[0-9A-Za-z]+)`)
	printed := k.command(0, "token", "create", "by hand", "--module", "IT", "--role", "Module Admin") // which is what it is for
	watch.plant("an API token", k.find(printed, `(mst_[0-9A-Za-z]+)`))
}

// syncs has the directory refuse secrets and a certificate; one is stored all the
// same.
func (k *keeper) syncs(tenant string) {
	k.t.Helper()
	k.form("/m/3/integrations/store", "kind", "microsoft-entra-id")
	for at, secret := range map[string]string{"/m/1/integrations/1": "not~the~secret~at~all", "/m/3/integrations/3": "nor~is~this~one"} {
		_, body := k.form(at, "tenant_id", "11111111-1111-1111-1111-111111111111", "client_id", "22222222-2222-2222-2222-222222222222",
			"application_object_id", "33333333-3333-3333-3333-333333333333", "cloud", "custom", "login_url", tenant, "graph_url", tenant,
			"client_secret", watch.plant("a client secret that was refused", secret), "anyway", "yes")
		k.find(body, `(7000215)`)
	}
	k.command(-1, "sync", "--module", "Keys")
	k.command(-1, "sync", "--module", "Vehicles")
	k.command(-1, "check")
	k.form("/m/1/c/1/new", "f1", "Laptop")
}

// everyPage follows every link from the front page on, and takes the downloads.
func (k *keeper) everyPage() {
	k.t.Helper()
	link := regexp.MustCompile(`href="(/[^"#]*)"`)
	seen, queue := map[string]bool{}, []string{"/"}
	for len(queue) > 0 && len(seen) < 150 {
		path := queue[0]
		queue = queue[1:]
		for _, m := range link.FindAllStringSubmatch(k.page(path), -1) {
			to := html.UnescapeString(m[1])
			if shape := regexp.MustCompile(`\d+`).ReplaceAllString(strings.Split(to, "?")[0], "N"); !seen[shape] && !strings.HasPrefix(to, "/static/") {
				seen[shape] = true
				queue = append(queue, to)
			}
		}
	}
	for _, format := range []string{"csv", "xlsx"} {
		k.page("/m/1/c/2/export?format=" + format)
	}
	if _, body := k.form("/audit/export"); !strings.Contains(body, "ada@fabrikam.example") {
		k.t.Errorf("the audit log holds nothing:\n%s", body)
	}
	k.page("/audit?verify=yes")
}

// everyAnswer reads whatever the API has to read.
func (k *keeper) everyAnswer() {
	k.t.Helper()
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	k.must(json.Unmarshal([]byte(k.page("/api/v1/openapi.json")), &document))
	for path, operations := range document.Paths {
		if _, reads := operations["get"]; !reads || strings.Contains(path, "/events") {
			continue
		}
		req := k.get("/api/v1" + strings.TrimPrefix(regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "1"), "/api/v1"))
		req.Header.Set("Authorization", "Bearer "+k.token)
		k.calls++
		if status, body, _ := k.ask(req); status >= http.StatusInternalServerError || status == http.StatusUnauthorized {
			k.t.Errorf("%s answers %d: %s", path, status, body)
		}
	}
	req := k.get("/api/v1/accounts")
	req.Header.Set("Authorization", "Bearer "+k.token+"x")
	k.ask(req)
}

// everyCommand runs what prints something, here and through the server.
func (k *keeper) everyCommand() {
	k.t.Helper()
	k.env = append(k.env, "MUSTER_TOKEN="+k.token)
	for _, args := range [][]string{
		{"users"}, {"users", "--json"}, {"runs"}, {"runs", "--json"}, {"run", "show", "1"}, {"plan", "--module", "IT"}, {"export", "People", "--module", "IT"},
		{"export", "People", "--module", "IT", "--json"}, {"token", "list"}, {"automations", "list", "--module", "IT"}, {"apply", "-f", filepath.Join(k.dir, "muster.yaml")},
		{"--server", k.at, "runs"}, {"--server", k.at, "--token-file", "/nowhere", "runs"}, {"sync", "--nonsense"},
	} {
		k.command(-1, args...)
	}
}
