package api

import (
	"net/http"
	"time"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/register"
)

const custodyTag = "Custody"

// peopleShown is how many custodies are read at once for lists of people.
const peopleShown = 500

func (s *Server) custodyOperations() {
	add(s, op{method: http.MethodPost, path: "/modules/{module}/check-out", id: "check-out", tag: custodyTag, summary: "Give an asset to somebody", status: http.StatusCreated},
		func(v *visit, in *struct {
			InModule
			Body client.CheckOut
		}) (*body[client.Custody], error) {
			return v.checkOut(in.InModule, in.Body)
		})
	add(s, op{method: http.MethodPost, path: "/modules/{module}/check-in", id: "check-in", tag: custodyTag, summary: "Take an asset back"},
		func(v *visit, in *struct {
			InModule
			Body client.CheckIn
		}) (*body[client.Custody], error) {
			r, _, err := v.record(OnRecord{in.InModule, in.Body.Asset})
			if err != nil {
				return nil, err
			}
			c, err := v.Records.CheckIn(v.ctx, v.who, backOf(r, in.Body.Note, in.Body.Condition, in.Body.Answers))
			return &body[client.Custody]{custodyOf(c)}, err
		})
	add(s, op{method: http.MethodPost, path: recordPath + "/check-in-all", id: "check-in-all", tag: custodyTag, summary: "Take everything back that a person holds, or nothing"},
		func(v *visit, in *struct {
			OnRecord
			Body client.CheckInAll
		}) (*body[client.List[client.Custody]], error) {
			r, _, err := v.record(in.OnRecord)
			if err != nil {
				return nil, err
			}
			list, err := v.Records.CheckInAll(v.ctx, v.who, r.ID, backOf(r, in.Body.Note, in.Body.Condition, in.Body.Answers))
			return whole(each(list, custodyOf)), err
		})
	add(s, op{method: http.MethodPost, path: recordPath + "/write-off", id: "write-off", tag: custodyTag, summary: "Give up an asset that somebody holds"},
		func(v *visit, in *struct {
			OnRecord
			Body client.WriteOff
		}) (*oneRecord, error) {
			r, fields, err := v.record(in.OnRecord)
			if err != nil {
				return nil, err
			}
			if r, err = v.Records.WriteOff(v.ctx, v.who, r.Account, r.ID, in.Body.Reason); err != nil {
				return nil, err
			}
			return v.shown(fields, r)
		})
	add(s, op{method: http.MethodPost, path: recordPath + "/write-off/undo", id: "undo-write-off", tag: custodyTag, summary: "Bring an asset back that was given up"},
		func(v *visit, in *OnRecord) (*oneRecord, error) {
			r, fields, err := v.record(*in)
			if err != nil {
				return nil, err
			}
			if r, err = v.Records.UndoWriteOff(v.ctx, v.who, r.Account, r.ID); err != nil {
				return nil, err
			}
			return v.shown(fields, r)
		})
	s.holdingOperations()
}

// holdingOperations are about who holds what.
func (s *Server) holdingOperations() {
	type look func(v *visit, r register.Record) ([]register.Custody, error)
	for _, is := range []struct {
		id, path, summary string
		do                look
	}{
		{"list-holdings", "/holdings", "List what a person holds now", func(v *visit, r register.Record) ([]register.Custody, error) {
			return v.Records.Holdings(v.ctx, v.who, r.Account, r.ID)
		}},
		{"list-custody", "/custody", "List who held an asset, or what a person held, the latest first", func(v *visit, r register.Record) ([]register.Custody, error) {
			return v.Records.CustodyHistory(v.ctx, v.who, r.Account, r.ID)
		}},
	} {
		add(s, op{method: http.MethodGet, path: recordPath + is.path, id: is.id, tag: custodyTag, summary: is.summary},
			func(v *visit, in *OnRecord) (*body[client.List[client.Custody]], error) {
				r, _, err := v.record(*in)
				if err != nil {
					return nil, err
				}
				list, err := is.do(v, r)
				return whole(each(list, custodyOf)), err
			})
	}
	add(s, op{method: http.MethodGet, path: "/modules/{module}/leavers", id: "list-leavers", tag: custodyTag, summary: "List who has left and still holds something"},
		func(v *visit, in *struct {
			InModule
			Paging
			All bool `query:"all" doc:"Everybody who has left, in pages; without it, those who hold something, up to 500 and whole."`
		}) (*body[client.Page[client.Leaver]], error) {
			return v.leavers(in.InModule, in.Paging, in.All)
		})
	add(s, op{method: http.MethodGet, path: "/modules/{module}/overdue", id: "list-overdue", tag: custodyTag, summary: "List who should have brought something back by now"},
		func(v *visit, in *InModule) (*body[client.List[client.Leaver]], error) {
			m, err := v.module(*in)
			if err != nil {
				return nil, err
			}
			list, err := v.Integrations.Overdue(v.ctx, v.who, m, peopleShown)
			return whole(each(list, leaverOf)), err
		})
}

// checkOut gives an asset of the module to a person of it: both are looked up,
// so that nobody is named who is not the caller's to see.
func (v *visit) checkOut(in InModule, b client.CheckOut) (*body[client.Custody], error) {
	m, err := v.module(in)
	if err != nil {
		return nil, err
	}
	for _, id := range []int64{b.Asset, b.Holder} {
		if _, _, err := v.recordOf(m, id); err != nil {
			return nil, err
		}
	}
	out := register.CheckOut{Account: m.Account, Asset: b.Asset, Holder: b.Holder, Note: b.Note, Override: b.Override, Answers: b.Answers, Accepted: b.Accepted}
	if b.Due != nil {
		out.Due = *b.Due
	}
	c, err := v.Records.CheckOut(v.ctx, v.who, out)
	return &body[client.Custody]{custodyOf(c)}, err
}

func backOf(r register.Record, note, condition string, answers map[string]string) register.CheckIn {
	return register.CheckIn{Account: r.Account, Asset: r.ID, Note: note, Condition: condition, Answers: answers}
}

func (v *visit) leavers(in InModule, p Paging, all bool) (*body[client.Page[client.Leaver]], error) {
	m, err := v.module(in)
	if err != nil {
		return nil, err
	}
	q := integration.LeaverQuery{All: all, Limit: peopleShown}
	if all {
		q.Limit = p.Limit
	}
	if q.Before, err = integration.ParseLeaverPlace(p.Cursor); err != nil {
		return nil, &partFault{"query.cursor", err}
	}
	list, next, err := v.Integrations.Leavers(v.ctx, v.who, m, q)
	return page(each(list, leaverOf), integration.LeaverPlace(next)), err
}

func leaverOf(l integration.Leaver) client.Leaver {
	out := client.Leaver{
		Person: client.Link{ID: l.Person.ID, Title: l.Person.Title}, Status: l.Status, Since: moment(l.Since), Run: l.Run, Mapping: l.Mapping,
		Holds: each(l.Holds, custodyOf),
	}
	if l.Manager != nil {
		out.Manager = &client.Link{ID: l.Manager.ID, Title: l.Manager.Title}
	}
	return out
}

func custodyOf(c register.Custody) client.Custody {
	answers := func(list []register.Answer) []client.Answer {
		return each(list, func(a register.Answer) client.Answer { return client.Answer(a) })
	}
	return client.Custody{
		ID: c.ID, Asset: client.Link{ID: c.Asset, Title: c.AssetTitle}, Holder: client.Link{ID: c.Holder, Title: c.HolderTitle},
		CheckedOutAt: utc(c.CheckedOutAt), CheckedOutBy: c.CheckedOutBy, Due: moment(c.Due), Note: c.Note, Override: c.OverrideReason,
		Answers: answers(c.Answers), CheckedInAt: moment(c.CheckedInAt), CheckedInBy: c.CheckedInBy, CheckInNote: c.CheckInNote,
		Condition: c.Condition, InAnswers: answers(c.InAnswers), WrittenOff: c.WrittenOff,
	}
}

func utc(t time.Time) time.Time { return t.UTC() }
