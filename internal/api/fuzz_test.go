package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/api"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
)

// spared are operations that end the token that asks, or ask a mail server that
// the request names; the contract test calls them.
var spared = []string{"revoke-token", "save-mail-server"}

// Whatever a program sends that somehow fits the document, or nearly does, it is
// answered as the document says, and never by a fault of ours.
func TestNoRequestThatTheDocumentSuggestsIsAnsweredByAFault(t *testing.T) {
	t.Parallel()
	for round := range fuzzRounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) { fuzz(t, openOn(t, db, api.Rate{PerSecond: 1e6, Burst: 1e6})) })
		})
	}
}

// fuzzRounds is how many installations get rapid's number of requests each, which
// is 100 when nothing is said: after many there is little left that works.
const fuzzRounds = 3

func fuzz(t *testing.T, o *office) {
	o.checkedOut()
	o.attached()
	o.custom()
	o.connect()
	o.synced()
	ops, examples := operationsOf(o.document()), o.examples()
	ids := slices.DeleteFunc(sortedKeys(ops), func(id string) bool { return slices.Contains(spared, id) })
	seen := map[int]int{} // answers by hundred
	done := map[string]bool{}
	note := func(id string, status int) {
		seen[status/100]++
		if status < http.StatusMultipleChoices {
			done[id] = true
		}
	}
	rapid.Check(t, func(rt *rapid.T) { o.try(rt, ops, ids, examples, note) })
	t.Logf("answers by hundred: %v; %d of %d operations were done", seen, len(done), len(ids))
	if seen[2] == 0 || seen[4] == 0 {
		t.Error("the requests are all alike")
	}
}

// try sends one request and checks its answer.
func (o *office) try(rt *rapid.T, ops map[string]operation, ids []string, examples map[string]func() example, note func(id string, status int)) {
	op := ops[rapid.SampledFrom(ids).Draw(rt, "operation")]
	who := rapid.SampledFrom([]string{boss, boss, boss, colleague, outsider}).Draw(rt, "who")
	path, body, pairs := o.imagined(rt, op)
	if rapid.Bool().Draw(rt, "from an example") {
		if e, ok := o.attempt(examples[op.OperationID]); ok {
			path, body, pairs = o.bent(rt, op, e)
		}
	}
	got := o.ask(who, op.method, path, body, pairs...)
	note(op.OperationID, got.status)
	if got.status >= http.StatusInternalServerError {
		rt.Fatalf("%s %s %v answers %d %s", op.method, path, body, got.status, got.body)
	}
	if err := op.check(got); err != nil {
		rt.Fatalf("%s %s %v: %v", op.method, path, body, err)
	}
	if got.status == http.StatusUnauthorized {
		o.readmit(who)
	}
}

// readmit opens the login of somebody whom a request has locked out, with another
// token. Whoever cannot be readmitted goes on being refused.
func (o *office) readmit(email string) {
	o.attempt(func() example {
		l, err := o.accounts.FindLogin(o.t.Context(), account.CommandLine(), email)
		o.must(err)
		o.must(o.accounts.Reactivate(o.t.Context(), account.CommandLine(), l.ID))
		delete(o.tokens, email)
		o.tokenOf(email)
		return example{}
	})
}

// imagined is a request that a document suggests: mostly one that fits, with
// numbers of what there is.
func (o *office) imagined(rt *rapid.T, op operation) (path string, body any, pairs []string) {
	path = op.path
	query := url.Values{}
	for _, ref := range op.Parameters {
		p := ref.Value
		switch p.In {
		case openapi3.ParameterInPath:
			value := fmt.Sprint(value(rt, p.Schema.Value, p.Name, 0))
			switch near := rapid.IntRange(0, 9).Draw(rt, "near"); {
			case p.Name == "module" && near > 0:
				value = fmt.Sprint(o.module.ID)
			case near > 1 && p.Schema.Value.Type.Is("integer"):
				value = fmt.Sprint(rapid.IntRange(1, 5).Draw(rt, p.Name))
			}
			if value == "" || value == "." || value == ".." {
				value = "x"
			}
			path = strings.Replace(path, "{"+p.Name+"}", url.PathEscape(value), 1)
		case openapi3.ParameterInQuery:
			if p.Required || rapid.IntRange(0, 3).Draw(rt, p.Name) == 0 {
				for _, text := range texts(value(rt, p.Schema.Value, p.Name, 0)) {
					query.Add(p.Name, text)
				}
			}
		case openapi3.ParameterInHeader:
			if text := fmt.Sprint(value(rt, p.Schema.Value, p.Name, 0)); p.Name == "If-Match" && !strings.ContainsAny(text, "\r\n\x00") && rapid.Bool().Draw(rt, p.Name) {
				pairs = append(pairs, p.Name, rapid.SampledFrom([]string{"*", `"1"`, `"2"`, `W/"1"`, `"`, "x"}).Draw(rt, "etag"))
			}
		}
	}
	if op.RequestBody != nil {
		for kind, content := range op.RequestBody.Value.Content {
			pairs = append(pairs, "Content-Type", kind)
			if kind != "application/json" {
				body = rapid.StringN(0, 40, 100).Draw(rt, "bytes")
				continue
			}
			data, err := json.Marshal(value(rt, content.Schema.Value, "body", 0))
			if err != nil {
				rt.Fatal(err)
			}
			body = string(data)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, body, pairs
}

// attempt makes an example, if what was done so far allows it: a form of
// check-out that was saved meanwhile may want an answer, a field a value.
func (o *office) attempt(make func() example) (e example, ok bool) {
	o.lenient = true
	defer func() {
		o.lenient = false
		if fault := recover(); fault != nil {
			if _, mine := fault.(impossible); !mine {
				panic(fault)
			}
		}
	}()
	return make(), true
}

// bent is a request that is answered well, with one thing about it changed.
func (o *office) bent(rt *rapid.T, op operation, e example) (path string, body any, pairs []string) {
	path, body, pairs = e.path, e.body, e.pairs
	for _, ref := range op.Parameters {
		if p := ref.Value; p.In == openapi3.ParameterInQuery && rapid.IntRange(0, 4).Draw(rt, p.Name+" bent") == 0 {
			at, query, _ := strings.Cut(path, "?")
			values, err := url.ParseQuery(query)
			o.must(err)
			values[p.Name] = texts(value(rt, p.Schema.Value, p.Name, 0))
			path = at + "?" + values.Encode()
		}
	}
	if _, raw := body.(string); body == nil || raw {
		return path, body, pairs
	}
	data, err := json.Marshal(body)
	o.must(err)
	var members map[string]any
	o.must(json.Unmarshal(data, &members))
	schema := op.RequestBody.Value.Content.Get("application/json").Schema.Value
	if rapid.IntRange(0, 4).Draw(rt, "body bent") > 0 {
		name := rapid.SampledFrom(sortedKeys(schema.Properties)).Draw(rt, "member")
		members[name] = value(rt, schema.Properties[name].Value, name, 0)
	}
	return path, members, pairs
}

// texts are what a value is as the values of a parameter.
func texts(v any) []string {
	if list, ok := v.([]any); ok {
		out := make([]string, len(list))
		for i := range list {
			out[i] = fmt.Sprint(list[i])
		}
		return out
	}
	return []string{fmt.Sprint(v)}
}

// known are texts that mean something somewhere.
var known = []string{
	"", " ", "Laptop", "Name", "Price", "Notes", "Condition", "Good", "Condition.is.Good", "Price.at-least.1", "Name.has.lap", "added", "-Price", "0", "-1", "true",
	"2026-05-18", "2026-05-18T10:00:00Z", "view", "edit", "manage_users", "boss@contoso.example", "login.name", "displayName", "department", "equals", "trim",
	"constant", "expression", "object_id", "All Staff", "UTC", "Europe/Berlin", "hourly", "daily at 02:30", "=cmd()", "ü\u0308", "\u0000", "\U0001F600", "%", "'; --", "../..", strings.Repeat("x", 300),
	string(register.Main), ".10.", "1.1.x", "added.1.", "-.1.YWJj",
}

// value is a value of a schema: mostly one that fits.
func value(rt *rapid.T, s *openapi3.Schema, name string, depth int) any {
	odd := rapid.IntRange(0, 79).Draw(rt, name+" odd")
	switch odd {
	case 0:
		return nil
	case 1:
		return rapid.SampledFrom([]any{true, 1.5, "x", []any{"x"}, map[string]any{"x": 1}, -7}).Draw(rt, name+" other")
	}
	if len(s.Enum) > 0 {
		return rapid.SampledFrom(s.Enum).Draw(rt, name)
	}
	switch {
	case s.Type == nil || s.Type.Is(""):
		return rapid.SampledFrom([]any{nil, true, 12.5, "Good", "x", []any{"a"}, 3}).Draw(rt, name)
	case s.Type.Includes("integer"):
		return rapid.OneOf(rapid.Int64Range(0, 6), rapid.Int64Range(0, 30), rapid.SampledFrom([]int64{-1, 1 << 40, 9223372036854775807})).Draw(rt, name)
	case s.Type.Includes("number"):
		return rapid.Float64Range(-1e6, 1e6).Draw(rt, name)
	case s.Type.Includes("boolean"):
		return rapid.Bool().Draw(rt, name)
	case s.Type.Includes("array"):
		return list(rt, s, name, depth)
	case s.Type.Includes("object"):
		return object(rt, s, name, depth)
	}
	if s.Format == "date-time" {
		return rapid.SampledFrom([]any{"2026-05-18T10:00:00Z", "2099-01-01T00:00:00+02:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday"}).Draw(rt, name)
	}
	return rapid.OneOf(rapid.SampledFrom(known), rapid.StringN(0, 12, 40)).Draw(rt, name)
}

func list(rt *rapid.T, s *openapi3.Schema, name string, depth int) any {
	out := []any{}
	for i := range rapid.IntRange(0, 3).Draw(rt, name+" length") {
		out = append(out, value(rt, s.Items.Value, fmt.Sprint(name, i), depth+1))
	}
	return out
}

func object(rt *rapid.T, s *openapi3.Schema, name string, depth int) any {
	out := map[string]any{}
	for _, member := range sortedKeys(s.Properties) {
		if slices.Contains(s.Required, member) || rapid.IntRange(0, 2).Draw(rt, name+" "+member) == 0 {
			out[member] = value(rt, s.Properties[member].Value, member, depth+1)
		}
	}
	if extra := s.AdditionalProperties.Schema; extra != nil {
		for range rapid.IntRange(0, 3).Draw(rt, name+" more") {
			key := rapid.SampledFrom([]string{"Name", "name", "Price", "Notes", "Purchased", "Location", "Asset tag", "Condition", "Colour", ""}).Draw(rt, "key")
			out[key] = value(rt, extra.Value, key, depth+1)
		}
	}
	return out
}
