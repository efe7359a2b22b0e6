package datatype

import (
	"encoding/json"
	"slices"
	"strings"
)

// parseYesNo reads yes and no in the spellings that files and services use, in
// any letter case (F40).
func parseYesNo(text string) (Value, error) {
	b, ok := ParseBool(text)
	if !ok {
		return Value{}, invalid("%s is neither yes nor no", clip(text))
	}
	return OfBool(b), nil
}

// ParseBool reads true, yes, on and 1, or false, no, off and 0, in any letter
// case; ok is false for anything else.
func ParseBool(text string) (b, ok bool) {
	if len(text) > 5 {
		return false, false
	}
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0":
		return false, true
	}
	return false, false
}

// Truth returns a yes/no value and whether v is one.
func (v Value) Truth() (b, ok bool) {
	return v.json == "true", v.json == "true" || v.json == "false"
}

// chosen returns the listed spelling of a choice, found without regard to
// letter case. A field without a list takes any text.
func chosen(spec *Spec, text string) (string, error) {
	if len(spec.Choices) == 0 {
		return text, nil
	}
	for _, c := range spec.Choices {
		if c == text {
			return c, nil
		}
	}
	key := KeyOfText(text)
	for _, c := range spec.Choices {
		if KeyOfText(c) == key {
			return c, nil
		}
	}
	return "", invalid("%s is not one of the choices: %s", clip(text), listChoices(spec.Choices))
}

func listChoices(choices []string) string {
	const most = 10
	if len(choices) > most {
		return strings.Join(choices[:most], ", ") + ", …"
	}
	return strings.Join(choices, ", ")
}

// splitChoices cuts a text at commas, semicolons and line breaks, unless all
// of it is one of the choices.
func splitChoices(spec *Spec, text string) []string {
	if len(spec.Choices) > 0 {
		if _, err := chosen(spec, text); err == nil {
			return []string{text}
		}
	}
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' })
}

// parseChoices returns the list in canonical form: the listed spellings,
// sorted, each once.
func parseChoices(spec *Spec, items []string) (Value, error) {
	out := make([]string, 0, len(items))
	for _, item := range items {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		c, err := chosen(spec, item)
		if err != nil {
			return Value{}, err
		}
		if _, err := new(Arena).plain(spec, c); err != nil {
			return Value{}, err
		}
		out = append(out, c)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > choicesLimit {
		return Value{}, invalid("%d choices; at most %d fit", len(out), choicesLimit)
	}
	return ofList(out), nil
}

func ofList(items []string) Value {
	if len(items) == 0 {
		return Value{}
	}
	var b strings.Builder
	b.WriteByte('[')
	for i, s := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(s))
	}
	b.WriteByte(']')
	return Value{b.String()}
}

// unlist reads the members of a list value.
func unlist(s string) []string {
	var items []string
	if json.Unmarshal([]byte(s), &items) != nil {
		return nil
	}
	return items
}
