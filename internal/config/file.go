// Package config is what Muster is told before it starts: the settings of the
// process, and the declarative set-up file that muster apply reads.
package config

import "github.com/musterhq/muster/internal/secret"

// File is a set-up file. Its keys are documented in docs/reference/muster-yaml.md.
type File struct {
	Organization Organization `yaml:"organization"`
	Accounts     []Account    `yaml:"accounts"`
}

// Organization names the installation and its first administrator, who is made
// only when there is none yet.
type Organization struct {
	Name          string `yaml:"name"`
	Administrator struct {
		Email    string `yaml:"email"`
		Password string `yaml:"password"`
	} `yaml:"administrator"`
}

// Account is one account with its modules.
type Account struct {
	Name    string   `yaml:"name"`
	Modules []Module `yaml:"modules"`
}

// Module is one module with its collections and integrations.
type Module struct {
	Name           string        `yaml:"name"`
	MainCollection string        `yaml:"main_collection"`
	Collections    []Collection  `yaml:"collections"`
	Integrations   []Integration `yaml:"integrations"`
}

// Collection is a collection; one that exists by default has fields added to it.
type Collection struct {
	Name   string  `yaml:"name"`
	Fields []Field `yaml:"fields"`
}

// Field is a field of a collection.
type Field struct {
	Name       string   `yaml:"name"`
	Type       string   `yaml:"type"`
	Title      bool     `yaml:"title"`
	Required   bool     `yaml:"required"`
	Unique     bool     `yaml:"unique"`
	Hidden     bool     `yaml:"hidden"`
	Choices    []string `yaml:"choices"`
	MaxLength  int      `yaml:"max_length"`
	Collection string   `yaml:"collection"` // of type link
	Currency   string   `yaml:"currency"`
}

// Integration is an integration of a module with its mappings in order.
type Integration struct {
	Kind       string           `yaml:"kind"`
	Connection Connection       `yaml:"connection"`
	Mappings   []Mapping        `yaml:"mappings"`
	Limits     map[string]Limit `yaml:"limits"`
	Schedule   Schedule         `yaml:"schedule"`
}

// Connection is how the directory is reached.
type Connection struct {
	TenantID            string       `yaml:"tenant_id"`
	ClientID            string       `yaml:"client_id"`
	ApplicationObjectID string       `yaml:"application_object_id"`
	ClientSecret        string       `yaml:"client_secret"`
	ClientCertificate   *Certificate `yaml:"client_certificate"`
	Cloud               string       `yaml:"cloud"`
	LoginURL            string       `yaml:"login_url"`
	GraphURL            string       `yaml:"graph_url"`
	CAFile              string       `yaml:"ca_file"`
	Readers             int          `yaml:"readers"`

	Secret  secret.Text `yaml:"-"` // the client secret, or the certificate's key
	CertPEM string      `yaml:"-"`
	CAPEM   string      `yaml:"-"`
}

// Certificate names the files of a client certificate.
type Certificate struct {
	File string `yaml:"file"`
	Key  string `yaml:"key"`
}

// Mapping is one mapping option.
type Mapping struct {
	Name             string      `yaml:"name"`
	Kind             string      `yaml:"kind"`
	ExternalEntity   string      `yaml:"external_entity"`
	Collection       string      `yaml:"collection"`
	Units            []Unit      `yaml:"units"`
	UserRole         string      `yaml:"user_role"`
	UniqueIdentifier string      `yaml:"unique_identifier"`
	Conditions       []Condition `yaml:"conditions"`
	Fields           []Row       `yaml:"fields"`
	WhenNotFound     string      `yaml:"when_not_found"`
	WhenOutside      string      `yaml:"when_outside"`
	Guests           string      `yaml:"guests"`
	TimeZone         string      `yaml:"time_zone"`
}

// Unit is a group or an administrative unit, by name or object ID.
type Unit struct {
	Group              string `yaml:"group"`
	AdministrativeUnit string `yaml:"administrative_unit"`
	Nested             *bool  `yaml:"nested"` // of groups; true when not said
}

// Condition limits who enters.
type Condition struct {
	Field    string   `yaml:"field"`
	Operator string   `yaml:"operator"`
	Value    string   `yaml:"value"`
	Values   []string `yaml:"values"`
}

// Row fills one field.
type Row struct {
	From          string      `yaml:"from"`
	To            string      `yaml:"to"`
	Fallback      Strings     `yaml:"fallback"`
	WhenEmpty     string      `yaml:"when_empty"`
	Owner         string      `yaml:"owner"`
	CreateMissing bool        `yaml:"create_missing"`
	Transforms    []Transform `yaml:"transforms"`
}

// Limit is how many changes of a class a run may make unasked.
type Limit struct {
	Count   *int `yaml:"count"`
	Percent *int `yaml:"percent"`
	Floor   *int `yaml:"floor"`
}

// Schedule is when a connection syncs by itself.
type Schedule struct {
	Incremental string `yaml:"incremental"`
	Full        string `yaml:"full"`
	TimeZone    string `yaml:"time_zone"`
}

// Strings is one text or a list of them.
type Strings []string

// Transform is a transform by name, or a name with what it needs.
type Transform struct {
	Kind, Text, With string
}
