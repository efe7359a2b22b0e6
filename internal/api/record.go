package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/errs"
	"github.com/musterhq/muster/internal/register"
)

// oneRecord is the answer with a record. Its ETag is the record's version.
type oneRecord struct {
	ETag string `header:"ETag" doc:"The record's version, for If-Match."`
	Body client.Record
}

// Matching is the input of an operation that needs the version that was seen.
type Matching struct {
	IfMatch string `header:"If-Match" doc:"The ETag of the record as it was read; * for whatever it is now."`
}

const (
	recordsPath = "/modules/{module}/collections/{collection}/records"
	recordPath  = "/modules/{module}/records/{record}"
	recordsTag  = "Records"
)

func (s *Server) recordOperations() {
	add(s, op{method: http.MethodPost, path: recordsPath, id: "create-record", tag: recordsTag, summary: "Add a record", status: http.StatusCreated},
		func(v *visit, in *struct {
			InCollection
			Body client.RecordInput
		}) (*oneRecord, error) {
			return v.createRecord(in.InCollection, in.Body)
		})
	add(s, op{method: http.MethodPost, path: recordsPath + "/bulk", id: "bulk-records", tag: recordsTag, summary: "Do one act to many records", text: "A record that cannot be changed is reported and the others are. It is an import when it makes records: for that, create them."},
		func(v *visit, in *struct {
			InCollection
			Body client.Bulk
		}) (*body[client.BulkDone], error) {
			return v.bulk(in.InCollection, in.Body)
		})
	add(s, op{method: http.MethodGet, path: recordPath, id: "get-record", tag: recordsTag, summary: "Get a record"},
		func(v *visit, in *OnRecord) (*oneRecord, error) {
			r, fields, err := v.record(*in)
			if err != nil {
				return nil, err
			}
			return v.shown(fields, r)
		})
	add(s, op{method: http.MethodPatch, path: recordPath, id: "change-record", tag: recordsTag, summary: "Change a record", text: "If-Match is required, so that nobody overwrites what somebody else has just written: 412 says that the record has moved on, 428 that the header is missing."},
		func(v *visit, in *struct {
			OnRecord
			Matching
			Body client.RecordInput
		}) (*oneRecord, error) {
			return v.changeRecord(in.OnRecord, in.IfMatch, in.Body)
		})
	for _, away := range []bool{true, false} {
		id, path, summary, do := "archive-record", "/archive", "Put a record away", s.Records.Archive
		if !away {
			id, path, summary, do = "restore-record", "/restore", "Bring a record back that was put away", s.Records.Unarchive
		}
		add(s, op{method: http.MethodPost, path: recordPath + path, id: id, tag: recordsTag, summary: summary},
			func(v *visit, in *struct {
				OnRecord
				Matching
				Body client.Act
			}) (*oneRecord, error) {
				r, fields, err := v.record(in.OnRecord)
				if err != nil {
					return nil, err
				}
				version, err := matched(in.IfMatch, r.Version, false)
				if err == nil {
					r, err = do(v.ctx, v.who, r.Account, r.ID, version, in.Body.Note)
				}
				if err != nil {
					return nil, moved(err)
				}
				return v.shown(fields, r)
			})
	}
	s.listOperations()
	s.trailOperations()
}

// shown is the answer with a record.
func (v *visit) shown(fields []register.Field, r register.Record) (*oneRecord, error) {
	list, err := v.recordsOf(fields, []register.Record{r})
	if err != nil {
		return nil, err
	}
	return &oneRecord{ETag: etag(r.Version), Body: list[0]}, nil
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// matched is the version that a caller saw, by the header If-Match.
//
//	If-Match   needed   version
//	none       yes      428
//	none       no       the one there is
//	*          -        the one there is
//	"n"        -        n, which the use case compares
//	any other  -        412
func matched(header string, now int64, needed bool) (int64, error) {
	header = strings.TrimPrefix(strings.TrimSpace(header), "W/")
	switch {
	case header == "" && needed:
		return 0, refusal(http.StatusPreconditionRequired, "say which version of the record is to be changed", "Send the record's ETag as If-Match.")
	case header == "" || header == "*":
		return now, nil
	}
	text, quoted := strings.CutPrefix(header, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	version, err := strconv.ParseInt(text, 10, 64)
	if !quoted || !closed || err != nil || version <= 0 {
		return 0, refusal(http.StatusPreconditionFailed, "If-Match is no ETag of a record", "Read the record again and send its ETag.")
	}
	return version, nil
}

// moved tells that a record has moved on as HTTP does.
func moved(err error) error {
	if register.IsStale(err) {
		return refusal(http.StatusPreconditionFailed, err.Error(), "Read the record again, and send the new ETag if the change still holds.")
	}
	return err
}

func (v *visit) createRecord(in InCollection, b client.RecordInput) (*oneRecord, error) {
	c, fields, err := v.collection(in)
	if err != nil {
		return nil, err
	}
	if err := v.who.May(account.Create, c.Account, c.Module, c.ID); err != nil {
		return nil, err // before anything is said of its values
	}
	values, err := valuesOf(fields, b.Fields)
	if err != nil {
		return nil, err
	}
	r, err := v.Records.Create(v.ctx, v.who, register.Input{Account: c.Account, Collection: c.ID, Set: values, Note: b.Note})
	if err != nil {
		return nil, err
	}
	return v.shown(fields, r)
}

func (v *visit) changeRecord(in OnRecord, ifMatch string, b client.RecordInput) (*oneRecord, error) {
	r, fields, err := v.record(in)
	if err != nil {
		return nil, err
	}
	version, err := matched(ifMatch, r.Version, true)
	if err != nil {
		return nil, err
	}
	values, err := valuesOf(fields, b.Fields)
	if err != nil {
		return nil, err
	}
	r, err = v.Records.Update(v.ctx, v.who, r.ID, version, register.Input{Account: r.Account, Set: values, Note: b.Note})
	if err != nil {
		return nil, moved(err)
	}
	return v.shown(fields, r)
}

// bulk does one act to many records.
func (v *visit) bulk(in InCollection, b client.Bulk) (*body[client.BulkDone], error) {
	c, fields, err := v.collection(in)
	if err != nil {
		return nil, err
	}
	m := register.Many{Account: c.Account, Collection: c.ID, Records: b.Records, Note: b.Note, Archive: b.Act == "archive", Unarchive: b.Act == "restore"}
	if b.Act == "set" {
		if m.Set, err = valuesOf(fields, b.Fields); err != nil {
			return nil, err
		}
	} else if len(b.Fields) > 0 {
		return nil, &partFault{"body.fields", errs.New(errs.Invalid, "only the act set takes values")}
	}
	missing, err := v.missing(c, b.Records)
	if err != nil {
		return nil, err
	}
	done, err := v.Records.ChangeMany(v.ctx, v.who, m)
	if err != nil {
		return nil, err
	}
	return &body[client.BulkDone]{client.BulkDone{
		Changed: done.Changed, Unchanged: done.Unchanged,
		Failed: append(missing, each(done.Failed, func(f register.ManyFault) client.BulkFault {
			return client.BulkFault{Record: f.Record, Title: f.Title, Detail: v.told(f.Err), Hint: errs.HintOf(f.Err)}
		})...),
	}}, nil
}

// missing are those of the numbers that are no record of a collection, which an
// act on many passes over.
func (v *visit) missing(c register.Collection, ids []int64) ([]client.BulkFault, error) {
	there := map[int64]bool{}
	for part := range slices.Chunk(ids, peopleShown) {
		list, err := v.Records.Load(v.ctx, part)
		if err != nil {
			return nil, err
		}
		for i := range list {
			there[list[i].ID] = list[i].Collection == c.ID
		}
	}
	out := []client.BulkFault{}
	for _, id := range ids {
		if !there[id] {
			out = append(out, client.BulkFault{Record: id, Detail: "there is no such record in " + c.Name})
		}
	}
	return out, nil
}

// told is what a caller reads of an error that is one among several.
func (v *visit) told(err error) string {
	if errs.KindOf(err) == errs.Internal {
		v.Log.Error("a part of a request failed", "error", err)
		return "something went wrong inside Muster"
	}
	return err.Error()
}
