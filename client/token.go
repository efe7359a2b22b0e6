package client

import "time"

// Token is an API token, without its secret.
type Token struct {
	ID        int64      `json:"id"`
	Name      string     `json:"name"`
	Scope     string     `json:"scope" enum:"read,write,everything" doc:"What it may do at most, of what its user or role may."`
	Login     int64      `json:"login" doc:"The user that it acts for; 0 for a service."`
	Module    int64      `json:"module" doc:"Of a service; else 0."`
	Role      int64      `json:"role" doc:"Of a service; else 0."`
	CreatedBy string     `json:"created_by"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	SeenAt    *time.Time `json:"seen_at" doc:"When it was last used, to about a minute; null when it never was."`
	Address   string     `json:"address" doc:"The network address that it was last used from."`
}
