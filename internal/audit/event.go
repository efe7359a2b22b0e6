package audit

import "time"

// Action is what was done, in plain words that stand on screen. Its text is
// stored and part of the chain: a word once used is never changed.
type Action string

// The actions.
const (
	OrganizationCreated Action = "organization created"
	AccountCreated      Action = "account created"
	ModuleCreated       Action = "module created"
	AccountRenamed      Action = "account renamed"
	ModuleRenamed       Action = "module renamed"
	RoleCreated         Action = "role created"
	RoleChanged         Action = "role changed"
	RoleRemoved         Action = "role removed"
	LoginCreated        Action = "login created"
	LoginInvited        Action = "login invited"
	LoginDeactivated    Action = "login deactivated"
	LoginReactivated    Action = "login reactivated"
	LoginProtected      Action = "login marked break-glass"
	LoginUnprotected    Action = "login no longer break-glass"
	AdministratorKept   Action = "locking out refused" // of the last administrator or a break-glass user
	RoleGranted         Action = "role granted"
	RoleRevoked         Action = "role revoked"
	PasswordReset       Action = "password reset"
	PasswordChanged     Action = "password changed" // by the user
	IntegrationAdded    Action = "integration added"
	ConnectionSaved     Action = "connection saved"
	MappingSaved        Action = "mapping saved"
	RunApproved         Action = "run approved"
	RunUndone           Action = "run undone"
	RunCancelled        Action = "run cancelled"
	RecordsExported     Action = "records exported"
	LogExported         Action = "audit log exported"
	SignedIn            Action = "signed in"
	SignInRefused       Action = "sign-in refused"
	SecondStepOn        Action = "second step switched on"
	SecondStepOff       Action = "second step switched off"
	LoginLinked         Action = "Microsoft account linked"
	LoginUnlinked       Action = "Microsoft account unlinked"
	ResetLinkMade       Action = "password link made"
	MailServerSaved     Action = "mail server saved"
	MailServerRemoved   Action = "mail server removed"
	JobStarted          Action = "job started"
	JobStopped          Action = "job stopped"
	TokenIssued         Action = "API token made"
	TokenRevoked        Action = "API token revoked"
	FileAttached        Action = "file attached"
	FileDetached        Action = "file removed"
	AutomationSaved     Action = "automation saved"
	AutomationRemoved   Action = "automation removed"
	AutomationOn        Action = "automation switched on"
	AutomationOff       Action = "automation switched off"
	AutomationRun       Action = "automation run by hand"
)

// Detail is one thing that an event changed, as people read it. Secrets are
// named and never given.
type Detail struct{ Name, Before, After string }

// Event is one act, as it is kept for ever.
type Event struct {
	At          time.Time
	Account     int64 // 0 for the organization as a whole
	Module      int64 // 0 for the account as a whole
	Actor       Actor
	Action      Action
	SubjectKind string // a noun: login, module, connection
	SubjectID   int64
	SubjectName string // as it was at the time
	Details     []Detail
}
