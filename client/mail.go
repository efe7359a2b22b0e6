package client

import "time"

// MailServer is the server that takes letters, without its password.
type MailServer struct {
	Host        string `json:"host"`
	Port        int    `json:"port"`
	Security    string `json:"security" enum:"tls,starttls,none"`
	User        string `json:"user" doc:"Empty to send without signing in."`
	HasPassword bool   `json:"has_password"`
	Sender      string `json:"sender" doc:"The address that letters come from."`
	SenderName  string `json:"sender_name"`
	CA          string `json:"ca" doc:"PEM; empty for the certificates that the machine trusts."`
}

// MailServerInput is a mail server to be set up.
type MailServerInput struct {
	Host       string `json:"host" minLength:"1" maxLength:"253"`
	Port       int    `json:"port" minimum:"1" maximum:"65535"`
	Security   string `json:"security" enum:"tls,starttls,none"`
	User       string `json:"user,omitempty" maxLength:"300"`
	Password   string `json:"password,omitempty" maxLength:"500" doc:"Left out, the stored one stays, for the same user of the same server."`
	Sender     string `json:"sender" maxLength:"300"`
	SenderName string `json:"sender_name,omitempty" maxLength:"200"`
	CA         string `json:"ca,omitempty" maxLength:"100000"`
	Test       string `json:"test,omitempty" maxLength:"300" doc:"An address: the server is saved once it has taken a letter to it. Left out, it is saved without a test."`
}

// Letter is a letter to one person, without its text.
type Letter struct {
	ID        int64      `json:"id"`
	Account   int64      `json:"account" doc:"What it is about; 0 for the organization."`
	Module    int64      `json:"module"`
	To        string     `json:"to"`
	Subject   string     `json:"subject"`
	State     string     `json:"state" enum:"queued,sent,failed"`
	Attempts  int        `json:"attempts"`
	NextAt    *time.Time `json:"next_at" doc:"When it is tried next; null when it is over."`
	Error     string     `json:"error" doc:"Of the last attempt."`
	CreatedAt time.Time  `json:"created_at"`
	DoneAt    *time.Time `json:"done_at" doc:"When it was sent or given up."`
}
