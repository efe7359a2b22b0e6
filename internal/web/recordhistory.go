package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/syncer"
	"github.com/musterhq/muster/internal/web/view"
)

// deedsShown is the length of a page of a record's history.
const deedsShown = 20

// historyView adds what people and runs did to the record, the latest first.
func (v *visit) historyView(r register.Record, fields []register.Field, page *view.Record) error {
	before, err := integration.ParsePlace(v.text("before"))
	if err != nil {
		return err
	}
	list, next, err := v.site.Integrations.RecordHistory(v.ctx(), v.who, v.module.Account, r.ID, before, deedsShown)
	if err != nil {
		return err
	}
	words, err := v.wordsOf(list, fields)
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.Hand != nil {
			page.History = append(page.History, handRow(e, fields, words))
		} else {
			page.History = append(page.History, v.runRowOf(e, fields, words))
		}
	}
	if place := next.String(); place != "" {
		page.Older = page.Path + "?before=" + place + "#history"
	}
	if before != (integration.Place{}) {
		page.Newest = page.Path + "#history"
	}
	return nil
}

// wordsOf says values as people do: links by the titles of their records.
func (v *visit) wordsOf(list []integration.Event, fields []register.Field) (func(field int64, value datatype.Value) string, error) {
	links := map[int64]bool{}
	for _, f := range fields {
		links[f.ID] = f.Spec.Type == datatype.Link
	}
	var ids []int64
	add := func(field int64, values ...datatype.Value) {
		for _, value := range values {
			if links[field] && !value.IsEmpty() {
				ids = append(ids, value.Record())
			}
		}
	}
	for _, e := range list {
		if e.Hand != nil {
			for _, d := range e.Hand.Changes {
				add(d.Field, d.Before, d.After)
			}
			continue
		}
		for _, f := range e.Run.Fields {
			add(f.Field, f.Before, f.After)
		}
	}
	slices.Sort(ids)
	found, err := v.site.Records.Load(v.ctx(), slices.Compact(ids))
	titles := map[int64]string{}
	for _, r := range found {
		titles[r.ID] = r.Title
	}
	return func(field int64, value datatype.Value) string {
		if !links[field] || value.IsEmpty() {
			return value.String()
		}
		return cmp.Or(titles[value.Record()], "a record that is gone")
	}, err
}

// actWords are a history's acts as people say them.
var actWords = map[string]string{
	register.ActionCreate: "Added", register.ActionUpdate: "Changed", register.ActionArchive: "Put away",
	register.ActionUnarchive: "Brought back", register.ActionPin: "Pinned", register.ActionUnpin: "Unpinned",
}

func handRow(e integration.Event, fields []register.Field, words func(int64, datatype.Value) string) view.HistoryRow {
	h := e.Hand
	row := view.HistoryRow{At: e.At, Who: h.Actor.Name, What: h.Action, Note: h.Note, Icon: "user"}
	if word, ok := actWords[h.Action]; ok {
		row.What = word
	}
	for _, d := range h.Changes {
		l := view.EventLine{Label: fieldName(fields, d.Field), Before: words(d.Field, d.Before), After: words(d.Field, d.After)}
		l.Bare = h.Action == register.ActionPin || h.Action == register.ActionUnpin
		row.Lines = append(row.Lines, l)
	}
	return row
}

// runRowOf is what a run did. Whoever may not see runs reads their number only.
func (v *visit) runRowOf(e integration.Event, fields []register.Field, words func(int64, datatype.Value) string) view.HistoryRow {
	ch := e.Run
	row := view.HistoryRow{At: e.At, Run: ch.Run, Who: ch.Actor, What: verbBadge(ch.Verb).Word, Note: ch.Reason.Sentence(), Icon: "refresh"}
	switch ch.State {
	case syncer.HeldBack:
		row.What += ", held for approval"
	case syncer.Dismissed, syncer.Stale:
		row.What += ", not done"
	}
	if v.who.May(account.ManageIntegrations, v.module.Account, v.module.ID, 0) == nil {
		if links, err := v.site.Integrations.Run(v.ctx(), v.who, ch.Run); err == nil {
			row.RunPath = runPath(v.module.ID, links.Connection, ch.Run)
		}
	}
	for _, f := range ch.Fields {
		after := words(f.Field, f.After)
		if f.Ref != nil && after == "" {
			after = f.Ref.Label
		}
		row.Lines = append(row.Lines, view.EventLine{Label: fieldName(fields, f.Field), Before: words(f.Field, f.Before), After: after})
	}
	if ch.StatusBefore != ch.Status && ch.Status.String() != "" {
		row.Lines = append(row.Lines, view.EventLine{Label: register.StatusFieldName, Before: ch.StatusBefore.String(), After: ch.Status.String()})
	}
	for _, issue := range ch.Issues {
		row.Lines = append(row.Lines, view.EventLine{Label: fieldName(fields, issue.Field), After: issue.Reason.Sentence() + ": " + issue.Detail, Bare: true})
	}
	return row
}

// syncWait is how long a page waits for the sync of one person. Most take a second.
const syncWait = 8 * time.Second

// syncRecord asks the directory for the one object that the record of the path
// stands for, and says what came of it.
func (s *Site) syncRecord(v *visit) error {
	r, c, fields, err := v.recordHere()
	if err != nil {
		return err
	}
	to := recordPath(v.module.ID, c.ID, r.ID)
	connection, id, err := s.Integrations.SyncRecord(v.ctx(), v.who, v.module.Account, r.ID)
	if err != nil {
		return v.refused(err, to)
	}
	ctx, stop := context.WithTimeout(v.ctx(), syncWait)
	defer stop()
	progress, err := s.Integrations.Watch(ctx, v.who, id)
	if err != nil {
		return err
	}
	for range progress {
	}
	run, err := s.Integrations.Run(v.ctx(), v.who, id)
	if err != nil {
		return err
	}
	if run.State == syncer.Running {
		v.flash(true, "The sync goes on. This is its report.")
		return v.goTo(runPath(v.module.ID, connection, id))
	}
	changes, err := s.Integrations.Changes(v.ctx(), v.who, id, syncer.ChangeFilter{})
	if err != nil {
		return err
	}
	good, text := syncSentence(run, changes, r.ID, fields)
	v.flash(good, text)
	return v.goTo(to)
}

// syncSentence says what the sync of one record came to.
func syncSentence(run syncer.Run, changes []syncer.PlannedChange, record int64, fields []register.Field) (good bool, text string) {
	if run.State != syncer.Succeeded {
		return false, strings.TrimSpace(fmt.Sprintf("Run %d ended as %s. %s %s", run.ID, run.State, run.Error, run.Hint))
	}
	var parts []string
	for _, ch := range changes {
		if !ch.Verb.Acts() || ch.TargetID != record {
			continue
		}
		for _, f := range ch.Fields {
			parts = append(parts, fieldName(fields, f.Field))
		}
		if ch.Status != ch.StatusBefore && ch.Status.String() != "" {
			parts = append(parts, "the status: "+ch.Status.String())
		}
	}
	if len(parts) == 0 {
		return true, fmt.Sprintf("Synced with Microsoft Entra ID: nothing to change here. (Run %d)", run.ID)
	}
	return true, fmt.Sprintf("Synced with Microsoft Entra ID. Changed: %s. (Run %d)", strings.Join(parts, ", "), run.ID)
}
