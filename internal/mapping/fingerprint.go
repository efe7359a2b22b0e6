package mapping

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// revision is raised when the same definition comes to mean something else in
// a new version of the program. Every object is then evaluated anew (F44).
const revision = 1

// Fingerprint identifies what the definition asks for. It does not change with
// the mapping's name, or with the order of units, conditions, rows and values
// of a list, none of which means anything; it changes with all the rest, and
// with a version of the program that reads definitions otherwise.
func (d Definition) Fingerprint() [16]byte {
	return digest(d.text())
}

// Fingerprint identifies what the rule does: its definition, and what its
// target fields accept.
func (r *Rule) Fingerprint() [16]byte {
	text := r.def.text()
	for i := range r.rows {
		text += fmt.Sprintf("field %d %+q %v\n", r.rows[i].field.ID, fmt.Sprint(r.rows[i].field.Spec), r.rows[i].field.Title)
	}
	return digest(text)
}

// Signature is the fingerprint of several rules in their order, as text: what a
// plan was made with.
func Signature(rules ...*Rule) string {
	var b strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&b, "%d %x\n", r.def.ID, r.Fingerprint())
	}
	sum := digest(b.String())
	return hex.EncodeToString(sum[:])
}

func digest(text string) [16]byte {
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
}

// text spells the definition out, one line a part, with every text quoted.
func (d *Definition) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "revision %d\nmapping %d %q entity %d collection %d module %d role %d administrator %v\n",
		revision, d.ID, d.Kind, d.Entity, d.Collection, d.Module, d.Role, d.Administrator)
	fmt.Fprintf(&b, "identifier %q leave %v outside %+v guests %q zone %q\n",
		d.identifierPath(), d.LeaveWhenNotFound, d.Outside, d.Guests, d.Zone)
	var lines []string
	for _, u := range d.Units {
		lines = append(lines, fmt.Sprintf("unit %d %q %v\n", u.Kind, u.Name, u.Nested))
	}
	for _, c := range d.Conditions {
		values := slices.Clone(c.Values)
		slices.Sort(values)
		lines = append(lines, fmt.Sprintf("condition %q %q %q %q\n", c.Path, c.Operator, c.Value, values))
	}
	rows := slices.Clone(d.Rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.To, b.To) })
	for _, r := range rows {
		empty := -1
		if r.Empty != nil {
			empty = int(*r.Empty)
		}
		lines = append(lines, fmt.Sprintf("row %d %q %q owner %d empty %d create %v %q\n",
			r.To, r.From, r.Fallback, r.Owner, empty, r.CreateMissing, transformTexts(r.Transforms)))
	}
	slices.Sort(lines)
	b.WriteString(strings.Join(lines, ""))
	return b.String()
}

func transformTexts(all []Transform) []string {
	out := make([]string, len(all))
	for i, t := range all {
		out[i] = fmt.Sprintf("%q %q %q", t.Kind, t.Text, t.With)
	}
	return out
}
