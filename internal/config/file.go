// Package config is what Muster is told before it starts: the settings of the
// process, and the declarative set-up file that muster apply reads.
//
// A set-up file is refused as a whole, with everything that is wrong with it
// and where, before anything is changed.
package config

import (
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/secret"
)

// File is a set-up file. Its keys are documented in docs/reference/muster-yaml.md.
// Every part embeds its Place, for problems that only show when it is applied.
type File struct {
	Place
	Organization Organization `yaml:"organization"`
	Users        []User       `yaml:"users"`
	Accounts     []Account    `yaml:"accounts"`
}

// Organization names the installation and its first administrator, who is made
// only when there is none yet.
type Organization struct {
	Place
	Name          string        `yaml:"name"`
	Administrator Administrator `yaml:"administrator"`
}

// Administrator is the first Organization Admin.
type Administrator struct {
	Place
	Email    string      `yaml:"email"`
	Password secret.Text `yaml:"password"`
}

// User is a login given by hand, besides those that mappings bring.
type User struct {
	Place
	Email      string      `yaml:"email"`
	Name       string      `yaml:"name"`
	Password   secret.Text `yaml:"password"` // empty: the user is invited
	Roles      []Grant     `yaml:"roles"`
	BreakGlass bool        `yaml:"break_glass"` // the sync never touches this login
}

// Grant is a role in a module, in an account, or with neither in the organization.
type Grant struct {
	Place
	Role    string `yaml:"role"`
	Account string `yaml:"account"`
	Module  string `yaml:"module"`
}

// Account is one account with its modules.
type Account struct {
	Place
	Name    string   `yaml:"name"`
	Modules []Module `yaml:"modules"`
}

// Module is one module with its collections, its own roles and its integrations.
type Module struct {
	Place
	Name           string        `yaml:"name"`
	MainCollection string        `yaml:"main_collection"` // "Assets" when not given
	Collections    []Collection  `yaml:"collections"`
	Roles          []Role        `yaml:"roles"`
	Integrations   []Integration `yaml:"integrations"`
	Automations    []Automation  `yaml:"automations"`
}

// Role is a custom role of a module.
type Role struct {
	Place
	Name        string       `yaml:"name"`
	Permissions []Permission `yaml:"permissions"`
}

// Permission allows an action on the named collections, on all when there are none.
type Permission struct {
	Action      string
	Collections []string
}

// Collection is a collection; one that exists by default has fields added to it.
type Collection struct {
	Place
	Name   string  `yaml:"name"`
	Fields []Field `yaml:"fields"`
}

// Field is a field of a collection.
type Field struct {
	Place
	Name       string        `yaml:"name"`
	Type       datatype.Type `yaml:"type"`
	Title      bool          `yaml:"title"`
	Required   bool          `yaml:"required"`
	Unique     bool          `yaml:"unique"`
	Hidden     bool          `yaml:"hidden"`
	Choices    []string      `yaml:"choices"`
	MaxLength  int           `yaml:"max_length"` // in characters; 0 for the type's own limit
	Collection string        `yaml:"collection"` // of type link
	Currency   string        `yaml:"currency"`   // ISO 4217, of type currency
}

// Integration is an integration of a module with its mappings in order: the
// first login mapping that somebody is in decides the role.
type Integration struct {
	Place
	Kind       string     `yaml:"kind"`
	Connection Connection `yaml:"connection"`
	Mappings   []Mapping  `yaml:"mappings"`
	Limits     Limits     `yaml:"limits"`
	Schedule   Schedule   `yaml:"schedule"`
}

// Connection is how the directory is reached.
type Connection struct {
	Place
	TenantID            string       `yaml:"tenant_id"`
	ClientID            string       `yaml:"client_id"`
	ApplicationObjectID string       `yaml:"application_object_id"`
	ClientSecret        secret.Text  `yaml:"client_secret"`
	ClientCertificate   *Certificate `yaml:"client_certificate"`
	Cloud               string       `yaml:"cloud"`
	LoginURL            string       `yaml:"login_url"`
	GraphURL            string       `yaml:"graph_url"`
	CAFile              string       `yaml:"ca_file"`
	Readers             int          `yaml:"readers"` // 1 when not given

	// Secret is the client secret, or the private key of the certificate in
	// PEM. Empty means: keep the one that is stored.
	Secret  secret.Text `yaml:"-"`
	CertPEM string      `yaml:"-"` // the certificates without the key; empty with a client secret
	CAPEM   string      `yaml:"-"` // what ca_file holds
}

// Certificate names the files of a client certificate, from the folder of the
// set-up file. Without Key, File holds both.
type Certificate struct {
	Place
	File string `yaml:"file"`
	Key  string `yaml:"key"`
}

// Mapping is one mapping option.
type Mapping struct {
	Place
	Name             string      `yaml:"name"`
	Kind             string      `yaml:"kind"`            // records, login
	ExternalEntity   string      `yaml:"external_entity"` // users, devices, groups; users when not given
	Collection       string      `yaml:"collection"`
	Units            []Unit      `yaml:"units"`
	UserRole         string      `yaml:"user_role"`
	UniqueIdentifier string      `yaml:"unique_identifier"`
	Conditions       []Condition `yaml:"conditions"`
	Fields           []Row       `yaml:"fields"`
	WhenNotFound     string      `yaml:"when_not_found"` // deactivate, leave; deactivate when not given
	WhenOutside      string      `yaml:"when_outside"`   // deactivate, keep_as_collaborator; deactivate when not given
	Guests           string      `yaml:"guests"`         // include, exclude, people_only; include when not given
	TimeZone         string      `yaml:"time_zone"`      // in which a moment becomes a day; empty is UTC
}

// Unit is a group or an administrative unit, by name or object ID.
type Unit struct {
	Place
	Group              string `yaml:"group"`
	AdministrativeUnit string `yaml:"administrative_unit"`
	Nested             bool   `yaml:"nested"` // of groups; true when not given
}

// Condition limits who enters.
type Condition struct {
	Place
	Field    string   `yaml:"field"`
	Operator string   `yaml:"operator"`
	Value    string   `yaml:"value"`
	Values   []string `yaml:"values"` // of in and not_in
}

// Row fills one field.
type Row struct {
	Place
	From          string      `yaml:"from"`
	To            string      `yaml:"to"`
	Fallback      Strings     `yaml:"fallback"`
	WhenEmpty     string      `yaml:"when_empty"` // keep, clear; empty: by the field
	Owner         string      `yaml:"owner"`      // directory, fill_if_empty, on_create; directory when not given
	CreateMissing bool        `yaml:"create_missing"`
	Transforms    []Transform `yaml:"transforms"`
}

// Transform is a transform by name with what it needs. With is what replace
// puts in place of Text.
type Transform struct {
	Kind, Text, With string
}

// Limits are limits by the class of change they guard.
type Limits map[string]Limit

// Limit is how many changes of a class a run may make unasked. What is nil
// keeps its default.
type Limit struct {
	Place
	Count   *int `yaml:"count"`
	Percent *int `yaml:"percent"`
	Floor   *int `yaml:"floor"`
}

// Schedule is when a connection syncs by itself.
type Schedule struct {
	Place
	Incremental Timing `yaml:"incremental"`
	Full        Timing `yaml:"full"`
	TimeZone    string `yaml:"time_zone"` // UTC when not given
}

// Strings is one text or a list of them.
type Strings []string
