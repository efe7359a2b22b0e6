// Package audit is what an audit event is: who did what to what, when, and what
// it was before and after; and the chain that shows whether the log was changed
// afterwards.
package audit

// Kinds of actors. Their text is stored.
const (
	User    = "user"    // somebody signed in
	Token   = "token"   // a program with somebody's token
	Sync    = "sync"    // a run of a connection
	Command = "command" // a command on the machine that holds the database
	System  = "system"  // Muster by itself
	// Automation is what a module was told to do by itself.
	Automation = "automation"
	Visitor    = "visitor" // somebody who is not signed in
)

// Actor is who did something.
type Actor struct {
	Kind    string // User, Token, Sync, Command, System, Automation, Visitor
	ID      int64  // the login, token or connection; 0 for commands and the system
	Name    string // as it was at the time
	Address string // the client's network address; "" when there is none
}
