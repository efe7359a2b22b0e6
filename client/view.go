package client

import (
	"context"
	"time"
)

// View is a question to a collection that somebody keeps under a name.
type View struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name" doc:"Empty for how somebody always wants the collection."`
	Everybody bool      `json:"everybody" doc:"Everybody who sees the collection has it."`
	Query     string    `json:"query" doc:"As the address of the collection's page has it: words, conditions, columns and order."`
	CreatedAt time.Time `json:"created_at"`
}

// ViewInput is a view to be kept.
type ViewInput struct {
	Name      string `json:"name" maxLength:"60"`
	Everybody bool   `json:"everybody,omitempty"`
	Query     string `json:"query" maxLength:"4000"`
}

// Standing is how a module stands, in the numbers of the dashboard.
type Standing struct {
	Collections []Tally `json:"collections" doc:"Those that the token sees."`
	Held        int     `json:"held" doc:"Things that somebody has."`
	Overdue     int     `json:"overdue" doc:"Things that should be back by now."`
	Leavers     int     `json:"leavers" doc:"People who have left and hold something."`
}

// Tally is how many records a collection has.
type Tally struct {
	Collection int64  `json:"collection"`
	Name       string `json:"name"`
	Records    int    `json:"records"`
}

// Told notes that somebody was told what a person holds.
type Told struct {
	About string `json:"about" enum:"leaver,overdue"`
	To    string `json:"to" minLength:"1" maxLength:"500" doc:"Whom, by name or address."`
}

// Notice is a letter about what a person holds.
type Notice struct {
	About   string `json:"about" enum:"leaver,overdue" doc:"Of a leaver it goes to the manager, of what is overdue to the person and the manager, at the addresses in the register."`
	Subject string `json:"subject" minLength:"1" maxLength:"200"`
	Text    string `json:"text" minLength:"1" maxLength:"20000"`
}

// Notified says who is written to.
type Notified struct {
	To string `json:"to"`
}

// Session is somebody signed in on one device.
type Session struct {
	ID        int64     `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at" doc:"To about a minute."`
	Address   string    `json:"address"`
	Agent     string    `json:"agent" doc:"What the browser says it is."`
}

// Offer is an integration of the Integrations Store.
type Offer struct {
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Text       string `json:"text"`
	Connection int64  `json:"connection" doc:"The module's connection of this kind; 0 when it has none."`
}

// Standing returns how a module stands, in the numbers of the dashboard.
func (c *Client) Standing(ctx context.Context, module int64) (Standing, error) {
	return get[Standing](ctx, c, in(module, "/standing"))
}
