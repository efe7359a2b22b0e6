package exchange

import (
	"slices"
	"strings"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// Mode says what an import may do.
type Mode string

// The modes.
const (
	AddAndUpdate Mode = "both"
	AddOnly      Mode = "add"
	UpdateOnly   Mode = "update"
)

// Match says how the columns of a file become fields.
type Match struct {
	Columns []int64 // the field of each column; 0 for a column that is left out
	By      int64   // the field by which records that exist are found; 0: all rows are new
	Mode    Mode
	// CreateLinked makes linked records that do not exist, with nothing but their
	// title.
	CreateLinked bool
	// KeepFilled leaves a value alone where the file has nothing, instead of
	// clearing it.
	KeepFilled bool
}

// Writable returns the fields that an import can fill.
func Writable(fields []register.Field) []register.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f register.Field) bool {
		return f.System || f.Spec.Type == datatype.Attachment
	})
}

// Keys returns the fields by which records can be found: unique ones, and the title.
func Keys(fields []register.Field) []register.Field {
	return slices.DeleteFunc(Writable(fields), func(f register.Field) bool { return !f.Title && !f.Spec.Unique })
}

// Suggest matches columns to fields by their names, and chooses the field by
// which records are found: a unique one before the title.
func Suggest(head []string, fields []register.Field) Match {
	m := Match{Columns: make([]int64, len(head)), Mode: AddAndUpdate, KeepFilled: true}
	taken := map[int64]bool{}
	for i, name := range head {
		for _, f := range Writable(fields) {
			if !taken[f.ID] && plain(name) == plain(f.Name) {
				m.Columns[i], taken[f.ID] = f.ID, true
				break
			}
		}
	}
	for _, f := range Keys(fields) {
		if taken[f.ID] && (m.By == 0 || f.Spec.Unique) {
			if m.By = f.ID; f.Spec.Unique {
				break
			}
		}
	}
	return m
}

// plain is a name without what people write differently.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.:/", r) {
			return -1
		}
		return r
	}, datatype.KeyOfText(s))
}

// Check refuses a match that cannot be carried out.
func Check(m Match, fields []register.Field) error {
	used := map[int64]string{}
	for i, id := range m.Columns {
		if id == 0 {
			continue
		}
		at := slices.IndexFunc(Writable(fields), func(f register.Field) bool { return f.ID == id })
		if at < 0 {
			return errs.New(errs.Invalid, "column %d goes to a field that cannot be filled", i+1)
		}
		if used[id] != "" {
			return errs.New(errs.Invalid, "two columns go to the field %s", used[id]).WithHint("Leave one of them out.")
		}
		used[id] = Writable(fields)[at].Name
	}
	if len(used) == 0 {
		return errs.New(errs.Invalid, "no column goes to a field").WithHint("Choose a field for at least one column.")
	}
	for _, f := range fields {
		if f.ID == m.By && used[m.By] == "" {
			return errs.New(errs.Invalid, "records are to be found by %s, but no column goes there", f.Name)
		}
		if f.Spec.Required && m.Mode != UpdateOnly && used[f.ID] == "" && m.By == 0 {
			return errs.New(errs.Invalid, "the field %s is required, but no column goes there", f.Name)
		}
	}
	if m.By == 0 && m.Mode == UpdateOnly {
		return errs.New(errs.Invalid, "to change records, say by which field they are found")
	}
	return nil
}
