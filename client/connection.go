package client

import "time"

// Connection is an integration of a module with a directory. Its secret goes in
// and never comes out.
type Connection struct {
	ID                  int64      `json:"id"`
	Module              int64      `json:"module"`
	Kind                string     `json:"kind"`
	TenantID            string     `json:"tenant_id"`
	ClientID            string     `json:"client_id"`
	ApplicationObjectID string     `json:"application_object_id"`
	Cloud               string     `json:"cloud" doc:"global, us-government, us-dod, china or custom."`
	LoginURL            string     `json:"login_url" doc:"Of the cloud custom."`
	GraphURL            string     `json:"graph_url" doc:"Of the cloud custom."`
	Credential          string     `json:"credential" doc:"secret or certificate."`
	HasSecret           bool       `json:"has_secret"`
	Schedule            Schedule   `json:"schedule"`
	Configured          bool       `json:"configured"`
	CheckedAt           *time.Time `json:"checked_at" doc:"When it was last tested; null when it never was."`
	Passed              bool       `json:"passed" doc:"Nothing stood in the way of a sync then."`
	CredentialEnds      *time.Time `json:"credential_ends" doc:"When the secret or certificate expires; null when that could not be seen."`
}

// Schedule is when a connection syncs by itself.
type Schedule struct {
	Incremental string `json:"incremental" maxLength:"200" doc:"As in muster.yaml: hourly, every 15 minutes; empty for never."`
	Full        string `json:"full" maxLength:"200" doc:"As in muster.yaml: daily at 02:30; empty for never."`
	TimeZone    string `json:"time_zone" maxLength:"100" doc:"Europe/Berlin."`
}

// ConnectionInput is what to change about a connection; what is left out stays.
type ConnectionInput struct {
	TenantID            *string   `json:"tenant_id,omitempty" maxLength:"200"`
	ClientID            *string   `json:"client_id,omitempty" maxLength:"200"`
	ApplicationObjectID *string   `json:"application_object_id,omitempty" maxLength:"200"`
	Cloud               *string   `json:"cloud,omitempty" enum:"global,us-government,us-dod,china,custom"`
	LoginURL            *string   `json:"login_url,omitempty" maxLength:"500"`
	GraphURL            *string   `json:"graph_url,omitempty" maxLength:"500"`
	ClientSecret        string    `json:"client_secret,omitempty" maxLength:"500" doc:"Left out, the stored one stays."`
	Certificate         string    `json:"certificate,omitempty" maxLength:"100000" doc:"PEM, instead of a client secret."`
	PrivateKey          string    `json:"private_key,omitempty" maxLength:"100000" doc:"PEM, of the certificate; left out, the stored one stays."`
	CA                  *string   `json:"ca,omitempty" maxLength:"100000" doc:"PEM, of the custom cloud's hosts."`
	Schedule            *Schedule `json:"schedule,omitempty"`
	Anyway              bool      `json:"anyway,omitempty" doc:"Save it although its test fails."`
}

// Tested is what the test of a connection found.
type Tested struct {
	Passed bool   `json:"passed" doc:"Nothing stands in the way of a sync."`
	Saved  bool   `json:"saved"`
	Spared bool   `json:"spared" doc:"The directory did not take the new credential, so the stored one stays."`
	Facts  []Fact `json:"facts"`
}

// Fact is one line of the checklist of a connection.
type Fact struct {
	ID      string     `json:"id" doc:"Stays the same between versions."`
	Outcome string     `json:"outcome" enum:"pass,warn,fail,skip"`
	Text    string     `json:"text"`
	Remedy  string     `json:"remedy,omitempty"`
	Detail  string     `json:"detail,omitempty" doc:"For a support case: codes, trace and request IDs."`
	Ends    *time.Time `json:"ends,omitempty" doc:"When the credential expires, on the fact about it."`
}

// NewConnection puts an integration of the Integrations Store into a module.
type NewConnection struct {
	Kind string `json:"kind" enum:"microsoft-entra-id"`
}

// UnitFound is a group or an administrative unit of the directory.
type UnitFound struct {
	Kind     string `json:"kind" enum:"group,administrative_unit"`
	Name     string `json:"name"`
	ObjectID string `json:"object_id"`
}
