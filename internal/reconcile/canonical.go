package reconcile

import (
	"encoding/binary"

	"github.com/musterhq/muster/internal/datatype"
)

// AppendCanonical appends the one encoding of a change, for hashing a plan:
// equal changes have equal bytes and different changes different ones, and no
// encoding is the beginning of another. It is not meant to be read back.
//
// Left out is what the register assigns when the change is carried out, since
// it differs between equal plans: the number and the version of what an Add
// makes, and the value that a reference becomes. All else counts, the versions
// of what the change was planned against included.
//
//	number     variable length, zigzag
//	text       length, bytes
//	list       length, items
//	reference  0 when there is none; else 1 and its parts
func AppendCanonical(dst []byte, c *Change) []byte {
	e := encoder{dst}
	e.numbers(c.Entry, c.EntryVersion, c.EntryBefore, int64(c.Target), c.Collection)
	if c.Verb == Add {
		e.numbers(0, 0)
	} else {
		e.numbers(c.TargetID, c.TargetVersion)
	}
	e.numbers(c.Mapping, int64(c.Verb), int64(c.Class), int64(c.Status), int64(c.StatusBefore))
	e.numbers(c.PurgeAt.Unix(), int64(c.PurgeAt.Nanosecond()))
	e.texts(string(c.Reason), c.Name, c.LoginName, c.LoginEmail, c.NameBefore, c.EmailBefore, c.Detail)
	e.numbers(int64(len(c.Fields)))
	for i := range c.Fields {
		e.field(&c.Fields[i])
	}
	e.numbers(int64(len(c.Roles)))
	for i := range c.Roles {
		e.role(&c.Roles[i])
	}
	e.numbers(int64(len(c.Issues)))
	for _, issue := range c.Issues {
		e.numbers(issue.Field)
		e.texts(string(issue.Reason), issue.Detail)
	}
	return e.dst
}

type encoder struct{ dst []byte }

func (e *encoder) numbers(all ...int64) {
	for _, n := range all {
		e.dst = binary.AppendVarint(e.dst, n)
	}
}

func (e *encoder) texts(all ...string) {
	for _, s := range all {
		e.dst = binary.AppendVarint(e.dst, int64(len(s)))
		e.dst = append(e.dst, s...)
	}
}

func (e *encoder) flag(set bool) {
	if set {
		e.dst = append(e.dst, 1)
	} else {
		e.dst = append(e.dst, 0)
	}
}

func (e *encoder) field(f *FieldChange) {
	after := f.After
	if f.Ref != nil {
		after = datatype.Value{}
	}
	e.numbers(f.Field)
	e.texts(f.Before.JSON(), after.JSON(), f.Source)
	e.flag(f.Ref != nil)
	if f.Ref == nil {
		return
	}
	e.numbers(f.Ref.Collection)
	e.dst = append(e.dst, f.Ref.Object[:]...)
	e.texts(f.Ref.Text, f.Ref.Label)
	e.flag(f.Ref.Create)
	e.flag(f.Ref.IfEmpty)
}

func (e *encoder) role(r *RoleChange) {
	e.numbers(r.Module, r.Mapping, r.Before, r.After)
	e.flag(r.Administrator)
}
