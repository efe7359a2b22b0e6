package store

import (
	"strconv"

	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/rawjson"
	"github.com/musterhq/muster/internal/register"
)

// appendFields appends a record's fields as the column keeps them: a JSON object
// from field number to canonical value, by number.
func appendFields(dst []byte, fields []register.FieldValue) []byte {
	dst = append(dst, '{')
	for i, f := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = strconv.AppendInt(dst, f.Field, 10)
		dst = append(dst, '"', ':')
		dst = append(dst, f.Value.JSON()...)
	}
	return append(dst, '}')
}

// parseFields reads what appendFields wrote. The values share doc's memory.
func parseFields(doc string) ([]register.FieldValue, error) {
	s := rawjson.Scan([]byte(doc))
	var out []register.FieldValue
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		field, fits := parseNumber(name)
		raw := s.Value()
		if !fits || raw == nil {
			break
		}
		if out == nil {
			out = make([]register.FieldValue, 0, 8+len(doc)/64)
		}
		end := s.Pos()
		out = append(out, register.FieldValue{Field: field, Value: datatype.FromJSON(doc[end-len(raw) : end])})
	}
	if s.End(); s.Err() != nil {
		return nil, damaged("a record's fields", s.Err())
	}
	return out, nil
}

// parseNumber reads a field's number.
func parseNumber(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// appendNumbers appends a JSON list of numbers.
func appendNumbers(dst []byte, list []int64) []byte {
	dst = append(dst, '[')
	for i, n := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, n, 10)
	}
	return append(dst, ']')
}

// parseNumbers reads what appendNumbers wrote.
func parseNumbers(doc string) ([]int64, error) {
	if doc == "[]" {
		return nil, nil
	}
	s := rawjson.Scan([]byte(doc))
	var out []int64
	s.Array()
	for s.Element() {
		n, ok := parseNumber(s.Value())
		if !ok {
			break
		}
		out = append(out, n)
	}
	if s.End(); s.Err() != nil {
		return nil, damaged("a list of numbers", s.Err())
	}
	return out, nil
}

// appendDiffs appends a history entry's changes.
func appendDiffs(dst []byte, diffs []register.FieldDiff) []byte {
	dst = append(dst, '[')
	for i, d := range diffs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"field":`...)
		dst = strconv.AppendInt(dst, d.Field, 10)
		dst = append(append(dst, `,"before":`...), d.Before.JSON()...)
		dst = append(append(dst, `,"after":`...), d.After.JSON()...)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// parseDiffs reads what appendDiffs wrote.
func parseDiffs(doc string) ([]register.FieldDiff, error) {
	s := rawjson.Scan([]byte(doc))
	var out []register.FieldDiff
	s.Array()
	for s.Element() {
		var d register.FieldDiff
		s.Object()
		for name, ok := s.Member(); ok; name, ok = s.Member() {
			switch string(name) {
			case "field":
				d.Field, _ = parseNumber(s.Value())
			case "before":
				d.Before = datatype.FromJSON(string(s.Value()))
			case "after":
				d.After = datatype.FromJSON(string(s.Value()))
			default:
				s.Value()
			}
		}
		out = append(out, d)
	}
	if s.End(); s.Err() != nil {
		return nil, damaged("a history entry", s.Err())
	}
	return out, nil
}

func damaged(what string, err error) error {
	return errs.New(errs.Internal, "%s cannot be read from the database", what).
		WithHint("Restore the last backup; if it happens again, report it.").Because(err)
}
