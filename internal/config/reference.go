package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/musterhq/muster/internal/errs"
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
		from = ref
		value, err := r.lookup(ref)
		if err != nil {
			ok = false
			r.report(at.Problemf("%s", err).WithHint("%s", errs.HintOf(err)))
		}
		return value
	})
	return out, from, ok
}

// lookup returns what a reference stands for.
func (r *reader) lookup(ref string) (string, error) {
	const escape = "write $${ for a plain ${"
	name, closed := strings.CutSuffix(ref[2:], "}")
	path, isFile := strings.CutPrefix(name, "file:")
	switch {
	case !closed:
		return "", errs.New(errs.Invalid, "a ${ is never closed").WithHint(escape)
	case isFile:
		text, err := r.file(path)
		if err != nil {
			return "", errs.New(errs.Invalid, "the file %s cannot be read: %s", path, reason(err))
		}
		return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), nil
	case !variable.MatchString(name):
		return "", errs.New(errs.Invalid, "%q is neither the name of an environment variable nor file:PATH", name).WithHint(escape)
	}
	value := r.getenv(name)
	if value == "" {
		return "", errs.New(errs.Invalid, "the environment variable %s is not set", name)
	}
	return value, nil
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
