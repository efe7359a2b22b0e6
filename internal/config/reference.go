package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// maxFile is the most bytes that a set-up file, or a file it names, may have.
const maxFile = 1 << 20

var (
	reference = regexp.MustCompile(`\$?\$\{[^}]*(\}|$)`)
	variable  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// expand puts in what a text takes from elsewhere, and returns where that is:
//
//	${NAME}       the environment variable NAME
//	${file:PATH}  the text of a file, without the line break at its end
//	$${           a plain ${
//
// Problems go to the reader; then ok is false.
func (r *reader) expand(text string, at Pos) (out, from string, ok bool) {
	if !strings.Contains(text, "${") {
		return text, "", true
	}
	ok = true
	out = reference.ReplaceAllStringFunc(text, func(ref string) string {
		if strings.HasPrefix(ref, "$$") {
			return ref[1:]
		}
		value, problem := "", "a ${ is never closed"
		if strings.HasSuffix(ref, "}") {
			from = ref
			value, problem = r.lookup(ref[2 : len(ref)-1])
		}
		if problem != "" {
			ok = false
			r.report(at.Problemf("%s", problem).WithHint("write $${ for a plain ${"))
		}
		return value
	})
	return out, from, ok
}

// lookup returns what a reference stands for, or why there is nothing.
func (r *reader) lookup(name string) (value, problem string) {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		text, err := r.file(path)
		if err != nil {
			return "", fmt.Sprintf("the file %s cannot be read: %s", path, reason(err))
		}
		return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), ""
	}
	if !variable.MatchString(name) {
		return "", fmt.Sprintf("%q is neither the name of an environment variable nor file:PATH", name)
	}
	if value = r.getenv(name); value == "" {
		return "", "the environment variable " + name + " is not set"
	}
	return value, ""
}

// file reads a file that the set-up file names, from its folder.
func (r *reader) file(path string) (string, error) {
	if path == "" {
		return "", errors.New("it has no name")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	return readFile(path)
}

// readFile reads a file of a bearable size.
func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		return "", errors.New("it has more than 1 MiB")
	}
	return string(text), err
}

// reason returns why a file cannot be read, without its path: the path may
// have come from a variable.
func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}
