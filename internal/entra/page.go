package entra

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/rawjson"
)

// leaf is the memory of one page: the body, the objects cut out of it, and the
// documents that had to be completed. It is used again for a later page.
type leaf struct {
	buffer  []byte
	page    directory.Page
	lacking []int // objects that do not mention the relation asked for
	problem error // what makes the page worthless although it arrived whole
}

// cutter cuts the body of a collection into objects. It looks at identifiers
// and annotations only; what else an object says stays in its document.
type cutter struct {
	kind     directory.Kind // of objects that do not say what they are
	relation string         // a member whose absence is noted in lacking; "" for none
	probe    string         // a member that no readable object lacks; "" for none (F61)
	now      func() time.Time
}

// cut fills l from its buffer. It fails on text that is not a whole page; a page
// that is whole but cannot be used sets l.problem.
func (ct *cutter) cut(body []byte, l *leaf) error {
	l.page = directory.Page{Objects: l.page.Objects[:0], Total: -1, Bytes: len(body)}
	l.lacking, l.problem = l.lacking[:0], nil
	hasValue := false
	s := rawjson.Scan(body)
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		switch string(name) {
		case "value":
			hasValue = true
			s.Array()
			for s.Element() {
				ct.object(&s, body, l)
			}
		case "@odata.nextLink":
			l.page.Next = ct.cursor(s.Value())
		case "@odata.deltaLink":
			l.page.Delta = ct.cursor(s.Value())
		case "@odata.count":
			if n, err := strconv.Atoi(string(s.Value())); err == nil {
				l.page.Total = n
			}
		default:
			s.Value()
		}
	}
	s.End()
	switch {
	case s.Err() != nil:
		return fmt.Errorf("the page is cut or broken: %w", s.Err())
	case !hasValue:
		return errors.New("the page has no list of objects")
	case !l.page.Next.IsZero() && !l.page.Delta.IsZero():
		return errors.New("the page has both a next link and a delta link")
	}
	return nil
}

func (ct *cutter) cursor(raw []byte) directory.Cursor {
	if link := text(raw); link != "" {
		return directory.Cursor{Link: link, Taken: ct.now()}
	}
	return directory.Cursor{}
}

// text returns the text of a JSON string, "" for anything else.
func text(raw []byte) string {
	if rawjson.KindOf(raw) != rawjson.String {
		return ""
	}
	return rawjson.Text(raw)
}

// object reads one object of a page.
func (ct *cutter) object(s *rawjson.Scanner, body []byte, l *leaf) {
	start := s.Pos()
	o := directory.Object{Kind: ct.kind, Hollow: ct.probe != ""}
	var id, manager []byte
	lacks := ct.relation != ""
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		switch string(name) {
		case "id":
			id = s.Value()
		case "@odata.type":
			o.Kind = kindOfType(s.Value())
		case "@removed":
			o.Removed = removal(s.Value())
		case "members@delta":
			o.MembersMentioned = true
			o.Members = ct.members(s, o.Members, l)
		case "manager@delta":
			manager = s.Value()
		default:
			raw := s.Value()
			if string(name) == ct.probe && rawjson.KindOf(raw) != rawjson.Null {
				o.Hollow = false
			}
			lacks = lacks && string(name) != ct.relation
		}
	}
	if s.Err() != nil {
		return
	}
	o.Doc = body[start:s.Pos():s.Pos()]
	if manager != nil && o.Removed == directory.NotRemoved {
		o.Doc = with(o.Doc, "manager", managerOf(manager))
		lacks = false
	}
	var ok bool
	if o.ID, ok = objectID(id); !ok {
		l.refuse(id)
	}
	if o.Removed != directory.NotRemoved {
		o.Hollow = false
	} else if lacks {
		l.lacking = append(l.lacking, len(l.page.Objects))
	}
	l.page.Objects = append(l.page.Objects, o)
}

// refuse makes the page worthless: an object without a usable identifier cannot
// be kept, and leaving it out would shrink the directory (F4).
func (l *leaf) refuse(id []byte) {
	if l.problem == nil {
		l.problem = errs.New(errs.Incomplete, "the directory sent an object whose ID is not an object ID: %.60s", id).
			WithHint("Nothing was removed. If it happens again, report it with the request ID.")
	}
}

// objectID reads an identifier that is a JSON string. Hyphens beyond the usual
// four are refused here, before they are taken for digits.
func objectID(raw []byte) (directory.ObjectID, bool) {
	if len(raw) != 38 || raw[0] != '"' || bytes.Count(raw, []byte{'-'}) != 4 {
		return directory.ObjectID{}, false
	}
	return directory.ParseObjectIDBytes(raw[1:37])
}

// kindOfType reads "@odata.type".
func kindOfType(raw []byte) directory.Kind {
	switch text(raw) {
	case "#microsoft.graph.user":
		return directory.User
	case "#microsoft.graph.device":
		return directory.Device
	case "#microsoft.graph.group":
		return directory.Group
	case "#microsoft.graph.administrativeUnit":
		return directory.AdministrativeUnit
	}
	return directory.OtherKind
}

// removal reads "@removed". The words read the wrong way round: "changed" is a
// soft deletion, "deleted" is for good (F52). A reason that is new to us counts
// as the one that can be undone.
// https://learn.microsoft.com/graph/delta-query-overview
func removal(raw []byte) directory.Removal {
	reason := directory.Document(raw).Get("reason").String()
	if reason == "deleted" {
		return directory.Purged
	}
	return directory.SoftDeleted
}

// members reads the member changes of a group. Here every "@removed" means that
// the member left the group, whatever the reason.
// https://learn.microsoft.com/graph/delta-query-groups
func (ct *cutter) members(s *rawjson.Scanner, all []directory.MemberChange, l *leaf) []directory.MemberChange {
	s.Array()
	for s.Element() {
		var m directory.MemberChange
		var id []byte
		s.Object()
		for name, ok := s.Member(); ok; name, ok = s.Member() {
			raw := s.Value()
			switch string(name) {
			case "id":
				id = raw
			case "@odata.type":
				m.Kind = kindOfType(raw)
			case "@removed":
				m.Removed = true
			}
		}
		if s.Err() != nil {
			break
		}
		var ok bool
		if m.ID, ok = objectID(id); !ok {
			l.refuse(id)
		}
		all = append(all, m)
	}
	return all
}

// managerOf turns "manager@delta" into what a listing says of the manager: an
// object with an identifier, or null when the manager was taken away.
func managerOf(raw []byte) []byte {
	manager := []byte("null")
	s := rawjson.Scan(raw)
	s.Array()
	for s.Element() {
		item := directory.Document(s.Value())
		if id := item.Get("id").String(); id != "" && item.Get("@removed").State() == directory.Absent {
			manager = idObject(id)
		}
	}
	return manager
}

func idObject(id string) []byte {
	return append(rawjson.AppendString([]byte(`{"id":`), id), '}')
}

// with returns a copy of doc, a JSON object that is not empty, with one more
// member.
func with(doc directory.Document, name string, raw []byte) directory.Document {
	grown := slices.Grow([]byte(nil), len(doc)+len(name)+len(raw)+4)
	grown = append(grown, doc[:len(doc)-1]...)
	grown = append(rawjson.AppendString(append(grown, ','), name), ':')
	return append(append(grown, raw...), '}')
}
