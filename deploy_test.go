package muster

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// guide is what operators are told to write and to run.
var guide = []string{"deploy", "docs/operator-guide"}

// guideTexts are the files of the guide by their paths.
func guideTexts(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, root := range guide {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			out[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// An operator copies what is written: each variable, command, flag and number of
// the examples and the guide has to exist.
func TestOperatorsAreToldWhatExists(t *testing.T) {
	t.Parallel()
	reference, err := os.ReadFile("docs/reference/commands.md") // which is held to the program
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := os.ReadFile("docs/reference/metrics.md") // and this to what is served
	if err != nil {
		t.Fatal(err)
	}
	is := func(text []byte, name string) bool {
		return regexp.MustCompile(regexp.QuoteMeta(name) + `[^a-zA-Z_-]`).Match(text)
	}
	command := regexp.MustCompile("(?m)(?:^|`|-u muster )muster ((?:--[a-z-]+ \\S+ )*)([a-z-]+)")
	served := regexp.MustCompile(`bin/muster ([a-z-]+)|bin/muster", "([a-z-]+)"`)
	seen := 0
	for path, text := range guideTexts(t) {
		for _, v := range regexp.MustCompile(`MUSTER_[A-Z_]+`).FindAllString(text, -1) {
			seen++
			if !is(reference, v) && !is(metrics, v) {
				t.Errorf("%s names the variable %s, which nothing reads", path, v)
			}
		}
		for _, m := range regexp.MustCompile(`\bmuster_[a-z_]+`).FindAllString(text, -1) {
			seen++
			if !is(metrics, m) {
				t.Errorf("%s names the metric %s, which is not in the reference", path, m)
			}
		}
		for _, m := range append(command.FindAllStringSubmatch(text, -1), served.FindAllStringSubmatch(text, -1)...) {
			name := m[len(m)-1]
			if name == "" {
				name = m[1]
			}
			seen++
			if !is(reference, "| `"+name) {
				t.Errorf("%s tells to run %q: there is no command %s", path, m[0], name)
			}
		}
		if filepath.Ext(path) != ".md" {
			continue
		}
		text = regexp.MustCompile(`(?m)^sudo (useradd|install|systemctl) .*$`).ReplaceAllString(text, "") // other programs' flags
		for _, m := range regexp.MustCompile("(?:muster [^\n`]*|`)--([a-z-]+)").FindAllStringSubmatch(text, -1) {
			seen++
			if !is(reference, "--"+m[1]) {
				t.Errorf("%s names the flag --%s in %q, which does not exist", path, m[1], m[0])
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d names were looked at: the patterns no longer fit", seen)
	}
}

// The proxies of the examples send the three headers that Muster believes, or are
// known to by themselves.
func TestProxiesTellWhatMusterReads(t *testing.T) {
	t.Parallel()
	for path, text := range guideTexts(t) {
		if !strings.HasPrefix(path, "deploy/proxy/") {
			continue
		}
		for _, header := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"} {
			if !strings.Contains(text, header) {
				t.Errorf("%s does not speak of %s", path, header)
			}
		}
	}
}

// What the guide links to is there.
func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	documents := []string{"README.md", "CHANGELOG.md", "SECURITY.md"}
	err := filepath.WalkDir("docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			documents = append(documents, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heads := map[string][]string{}
	for _, path := range documents {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), target)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
				continue
			}
			if anchor != "" && filepath.Ext(to) == ".md" && !slices.Contains(anchorsOf(t, heads, to), anchor) {
				t.Errorf("%s links to %s: there is no such heading", path, m[1])
			}
		}
	}
}

// anchorsOf are the anchors of a document's headings.
func anchorsOf(t *testing.T, known map[string][]string, path string) []string {
	t.Helper()
	if list, ok := known[path]; ok {
		return list
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(text), -1) {
		words := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		list = append(list, strings.ReplaceAll(words, " ", "-"))
	}
	known[path] = list
	return list
}
