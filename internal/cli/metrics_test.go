package cli_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/internal/cli"
)

// documented is a row of the table of metrics.
type documented struct {
	kind   string
	labels []string
}

func documentedMetrics(t *testing.T) map[string]documented {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]documented{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(muster_\\w+)` \\| (\\w+) \\|[^|]+\\|([^|]*)\\|").FindAllStringSubmatch(string(text), -1) {
		labels := strings.FieldsFunc(m[3], func(r rune) bool { return strings.ContainsRune("`, ", r) })
		slices.Sort(labels)
		out[m[1]] = documented{m[2], labels}
	}
	return out
}

// metricsIn reads what /metrics says: the type of each metric and its labels.
func metricsIn(text string) map[string]documented {
	out := map[string]documented{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (muster_\w+) (\w+)$`).FindAllStringSubmatch(text, -1) {
		out[m[1]] = documented{kind: m[2]}
	}
	label := regexp.MustCompile(`(\w+)="`)
	for _, m := range regexp.MustCompile(`(?m)^(muster_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? \S+$`).FindAllStringSubmatch(text, -1) {
		d := out[m[1]]
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			if l[1] != "le" && !slices.Contains(d.labels, l[1]) {
				d.labels = append(d.labels, l[1])
			}
		}
		slices.Sort(d.labels)
		out[m[1]] = d
	}
	return out
}

// A server that has done one of everything tells exactly the metrics of the
// reference, and its log has the run's number on each line about it.
func TestTheReferenceListsEachMetricThatIsServed(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	d.run(cli.ExitDone, "apply", "-f", d.file)
	d.run(cli.ExitDone, "check")
	for _, text := range []string{
		`UPDATE connection SET updated_at = 1, schedule = '{"Incremental": "every 5 minutes"}'`, // so it is due at once
		`INSERT INTO automation_act (firing_id, automation_id, seq, state, due_at, attempts, sent, outcome) VALUES (1, 1, 1, 'failed', 0, 0, 0, '')`,
	} {
		if err := d.sql(text); err != nil {
			t.Fatal(err)
		}
	}
	cmd := startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0", "--log-format", "json")
	at := cmd.wait(`Muster listens on (http://127\.0\.0\.1:\d+)\n`)[1]
	line := cmd.wait(`(\{.*"a sync ended".*\})\n`)[1]
	var entry struct {
		Run, Connection, Requests int64
		State                     string
		Time                      time.Time
	}
	if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Run != 1 || entry.Connection != 1 || entry.State != "succeeded" || entry.Requests == 0 || entry.Time.IsZero() {
		t.Errorf("the log says %s, %v", line, err)
	}
	visit(t, http.DefaultClient, at+"/healthz", nil)
	_, _, text := visit(t, http.DefaultClient, at+"/metrics", nil)
	got, want := metricsIn(text), documentedMetrics(t)
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if w, ok := want[name]; !ok || w.kind != got[name].kind || !slices.Equal(w.labels, got[name].labels) {
			t.Errorf("%s is served as %+v, and documented as %+v", name, got[name], w)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is documented, and not served", name)
		}
	}
	for _, part := range []string{`muster_sync_runs_total{connection="1",mode="full",state="succeeded"} 1`, `muster_connection_info{account="Fabrikam",connection="1",module="IT"} 1`,
		"muster_database_up 1", `muster_sync_last_run{connection="1",state="succeeded"} 1`, "go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(text, part) {
			t.Errorf("the metrics do not have %s", part)
		}
	}
}

func TestTheTokenForMetricsIsRead(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, said := d.run(cli.ExitUsage, "serve", "--listen", "127.0.0.1:0", "--metrics-token-file", file); !strings.Contains(said, "openssl rand") {
		t.Errorf("of a short token it says %q", said)
	}
	const token = "a-token-that-is-long-enough"
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := startCommand(t, "--data", d.data, "serve", "--listen", "127.0.0.1:0", "--metrics-token-file", file)
	at := cmd.wait(`Muster listens on (http://127\.0\.0\.1:\d+)\n`)[1]
	for given, want := range map[string]int{"": 401, "Bearer " + token: 200, "Bearer " + token + "x": 401} {
		if status := fetchThroughProxy(t, at+"/metrics", given); status != want {
			t.Errorf("with %q the answer is %d, want %d", given, status, want)
		}
	}
}

// fetchThroughProxy asks as a proxy on this machine would.
func fetchThroughProxy(t *testing.T, address, authorization string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "192.0.2.7")
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}
