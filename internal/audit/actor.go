// Package audit is what an audit event is: who did what to what, when, and what
// it was before and after.
package audit

// Actor is who did something.
type Actor struct {
	Kind    string // user, token, sync, system
	ID      int64  // the login, token or connection; 0 for the system
	Name    string // as it was at the time
	Address string // the client's network address; "" when there is none
}
