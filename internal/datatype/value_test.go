package datatype

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestValueForPeople(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v            Value
		json, people string
	}{
		{Value{}, "null", ""},
		{OfText(""), "null", ""},
		{FromJSON("null"), "null", ""},
		{OfText("a \"b\"\n\\"), `"a \"b\"\n\\"`, "a \"b\"\n\\"},
		{OfBool(true), "true", "yes"},
		{OfBool(false), "false", "no"},
		{OfRecord(0), "null", ""},
		{OfRecord(7), "7", "7"},
		{FromJSON(`["a","b, c"]`), `["a","b, c"]`, "a, b, c"},
		{FromJSON("12.5"), "12.5", "12.5"},
		{OfDate(time.Date(2026, 5, 18, 23, 0, 0, 0, time.FixedZone("", -7200))), `"2026-05-18"`, "2026-05-18"},
		{OfInstant(time.Date(2026, 5, 18, 23, 0, 0, 0, time.FixedZone("", -7200))), `"2026-05-19T01:00:00Z"`, "2026-05-19T01:00:00Z"},
	} {
		if tt.v.JSON() != tt.json || tt.v.String() != tt.people {
			t.Errorf("got %s and %q, want %s and %q", tt.v.JSON(), tt.v.String(), tt.json, tt.people)
		}
	}
}

// Every text is valid JSON, comes back as it was, and is the same value
// whether or not an arena held it.
func TestTextRoundTrip(t *testing.T) {
	t.Parallel()
	arena := new(Arena).Batch()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		v := OfText(s)
		if !json.Valid([]byte(v.JSON())) || v.String() != s {
			t.Fatalf("%q became %s and then %q", s, v.JSON(), v.String())
		}
		if held := arena.OfText(s); held != v {
			t.Fatalf("an arena makes %s of %s", held.JSON(), v.JSON())
		}
	})
}

// Values keep their text when the arena moves on to its next piece.
func TestArenaKeepsValues(t *testing.T) {
	t.Parallel()
	arena := new(Arena).Batch()
	var values []Value
	for range 20_000 {
		values = append(values, arena.OfText("value of some length"))
	}
	for i, v := range values {
		if v.String() != "value of some length" {
			t.Fatalf("value %d became %q", i, v)
		}
	}
}

func TestTimeAndTruth(t *testing.T) {
	t.Parallel()
	if got, ok := OfText("2026-05-18").Time(); !ok || !got.Equal(time.Date(2026, 5, 18, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("date = %v, %v", got, ok)
	}
	if _, ok := OfText("x").Time(); ok {
		t.Error("a text is a time")
	}
	if b, ok := OfBool(true).Truth(); !b || !ok {
		t.Error("true is not true")
	}
	if _, ok := OfText("true").Truth(); ok {
		t.Error("a text is a yes or no")
	}
}
