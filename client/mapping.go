package client

// Mapping says which people, devices or groups become records or users, and
// what is written where. The words are those of muster.yaml.
type Mapping struct {
	ID               int64       `json:"id,omitempty" minimum:"0" doc:"0 for a new one."`
	Name             string      `json:"name" minLength:"1" maxLength:"200"`
	Kind             string      `json:"kind" enum:"login,records"`
	ExternalEntity   string      `json:"external_entity" enum:"users,devices,groups"`
	Collection       int64       `json:"collection,omitempty" minimum:"0" doc:"Where records are kept; 0 for a login mapping that keeps none."`
	Units            []Unit      `json:"units,omitempty" maxItems:"200" doc:"Only members of any of these. Required for login."`
	UserRole         int64       `json:"user_role,omitempty" minimum:"0" doc:"Login only: the number of the role that it gives in this module."`
	UniqueIdentifier string      `json:"unique_identifier" maxLength:"200" doc:"user_principal_name, object_id, email, or an attribute."`
	Conditions       []Condition `json:"conditions,omitempty" maxItems:"200" doc:"Who may enter; all have to hold."`
	Fields           []FieldRow  `json:"fields,omitempty" maxItems:"500"`
	WhenNotFound     string      `json:"when_not_found,omitempty" enum:"deactivate,leave" doc:"Login only: what happens to somebody whom nobody finds any more; deactivate when nothing is given."`
	WhenOutside      string      `json:"when_outside,omitempty" enum:"deactivate,keep_as_collaborator" doc:"Login only: what happens to somebody who leaves the units; deactivate when nothing is given."`
	Guests           string      `json:"guests,omitempty" enum:"include,exclude,people_only" doc:"include when nothing is given."`
	TimeZone         string      `json:"time_zone,omitempty" maxLength:"100" doc:"In which a moment becomes a day; UTC when nothing is given."`
}

// Unit is a group or an administrative unit.
type Unit struct {
	Kind   string `json:"kind" enum:"group,administrative_unit"`
	Name   string `json:"name" minLength:"1" maxLength:"400" doc:"Its display name or object ID."`
	Nested *bool  `json:"nested,omitempty" doc:"Members of groups in the group, too; so when nothing is given."`
}

// Condition limits who enters a mapping.
type Condition struct {
	Attribute string   `json:"attribute" minLength:"1" maxLength:"200"`
	Operator  string   `json:"operator" maxLength:"50" doc:"equals, not_equals, contains, not_contains, starts_with, ends_with, in, not_in, is_empty, is_not_empty, is_true, is_false, matches."`
	Value     string   `json:"value,omitempty" maxLength:"1000"`
	Values    []string `json:"values,omitempty" maxItems:"500" doc:"Of in and not_in."`
}

// FieldRow fills one field.
type FieldRow struct {
	From          string      `json:"from,omitempty" maxLength:"200" doc:"An attribute; may be missing when a constant or an expression comes first."`
	To            string      `json:"to" minLength:"1" maxLength:"200" doc:"The name or number of a field of the collection, or login.name or login.email."`
	Fallback      []string    `json:"fallback,omitempty" maxItems:"20" doc:"Attributes that step in when those before are empty."`
	Owner         string      `json:"owner,omitempty" enum:"directory,fill_if_empty,on_create" doc:"directory when nothing is given."`
	WhenEmpty     string      `json:"when_empty,omitempty" enum:"keep,clear" doc:"What an empty attribute does; the usual for the field when nothing is given."`
	Transforms    []Transform `json:"transforms,omitempty" maxItems:"20"`
	CreateMissing bool        `json:"create_missing,omitempty" doc:"Make the linked record when there is none of that name."`
}

// Transform changes a value on its way into a field.
type Transform struct {
	Kind string `json:"kind" maxLength:"50" doc:"trim, upper, lower, title, first, last, split, join, default, constant, replace, date, e164, expression."`
	Text string `json:"text,omitempty" maxLength:"1000"`
	With string `json:"with,omitempty" maxLength:"1000" doc:"Of replace: by what."`
}

// MappingSet is all mappings of a connection, in their order.
type MappingSet struct {
	Items []Mapping `json:"items" maxItems:"200" doc:"The order counts: the first login mapping that somebody is in decides the role."`
}

// MappingsSaved says what saving mappings did.
type MappingsSaved struct {
	Items []Mapping `json:"items"`
	Done  []string  `json:"done" doc:"What was done, a line each."`
}

// Trial is what a mapping makes of one real object of the directory.
type Trial struct {
	Name   string     `json:"name"`
	UPN    string     `json:"user_principal_name"`
	At     int        `json:"at" doc:"Its place among those that can be tried, from 0."`
	Of     int        `json:"of"`
	Enters bool       `json:"enters"`
	Why    string     `json:"why,omitempty" doc:"Why it does not enter."`
	Fields []TrialRow `json:"fields"`
}

// TrialRow is what a row of a mapping makes of an attribute.
type TrialRow struct {
	Field   string `json:"field"`
	Source  string `json:"source"`
	Raw     string `json:"raw"`
	Value   string `json:"value"`
	Problem string `json:"problem,omitempty"`
}
