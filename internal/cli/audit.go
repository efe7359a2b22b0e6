package cli

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/audit"
	"github.com/musterhq/muster/internal/errs"
)

// auditCmd groups the commands about the audit log.
type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"List who did what, the newest first."`
	Verify auditVerifyCmd `cmd:"" help:"Check the log's chain for tampering."`
}

// auditListCmd lists the log.
type auditListCmd struct {
	Actor   string `help:"Only what somebody did: their name or its beginning." placeholder:"NAME"`
	Action  string `help:"Only one kind of action, as listed: 'sign-in failed', say." placeholder:"ACTION"`
	Subject string `help:"Only what was done to something: its name or its beginning." placeholder:"NAME"`
	Limit   int    `help:"How many, 1,000 at most." default:"50"`
	JSON    bool   `name:"json" help:"Print a list with stable keys."`
}

// auditRow is an entry of the log in JSON.
type auditRow struct {
	ID          int64         `json:"id"`
	At          time.Time     `json:"at"`
	Actor       string        `json:"actor"`
	Address     string        `json:"address"`
	Action      audit.Action  `json:"action"`
	SubjectKind string        `json:"subject_kind"`
	Subject     string        `json:"subject"`
	Details     []auditDetail `json:"details"`
}

type auditDetail struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Run prints the list.
func (cmd *auditListCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	list, err := h.accounts.Events(ctx, h.me, account.EventQuery{
		Everything: true, Actor: cmd.Actor, Action: audit.Action(cmd.Action), Subject: cmd.Subject, Limit: cmd.Limit,
	})
	if err != nil {
		return err
	}
	rows := make([]auditRow, len(list))
	for i, e := range list {
		rows[i] = auditRow{
			ID: e.ID, At: e.At, Actor: e.Actor.Name, Address: e.Actor.Address, Action: e.Action,
			SubjectKind: e.SubjectKind, Subject: e.SubjectName, Details: []auditDetail{},
		}
		for _, d := range e.Details {
			rows[i].Details = append(rows[i].Details, auditDetail(d))
		}
	}
	if cmd.JSON {
		return c.json(rows)
	}
	for _, r := range rows {
		c.line("%s  %s  %s: %s %s", r.At.Format(time.RFC3339), r.Actor, r.Action, r.SubjectKind, r.Subject)
	}
	return nil
}

// auditVerifyCmd checks the log.
type auditVerifyCmd struct {
	JSON bool `name:"json" help:"Print what was found with stable keys."`
}

// finding is what a check of the log found, in JSON.
type finding struct {
	Intact bool   `json:"intact"`
	Events int64  `json:"events"`
	Broken int64  `json:"broken"` // the first entry that does not follow; 0 when all do
	Last   string `json:"last"`   // hash of the last right one
}

// Run reads the whole log and fails where it was tampered with.
func (cmd *auditVerifyCmd) Run(ctx context.Context, c *console, p *program) error {
	h, err := p.open(ctx, c)
	if err != nil {
		return err
	}
	defer h.close()
	f, err := h.accounts.VerifyAudit(ctx, h.me)
	if err != nil {
		return err
	}
	if cmd.JSON {
		if err := c.json(finding{f.Intact(), f.Events, f.Broken, hex.EncodeToString(f.Last[:])}); err != nil {
			return err
		}
	}
	if !f.Intact() {
		return errs.New(errs.Conflict, "the audit log was tampered with: entry %d does not follow from those before it", f.Broken).
			WithHint("The %d entries before it are as they were written. Compare with a backup.", f.Events)
	}
	if !cmd.JSON {
		c.line("The audit log is as it was written: %d entries, the last with the hash %x.", f.Events, f.Last[:8])
		c.line("Entries cut off at its end would not show: keep the number and the hash elsewhere, and compare.")
	}
	return nil
}
