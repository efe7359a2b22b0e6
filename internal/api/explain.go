package api

import (
	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/syncer"
)

// explained says why somebody is as they are.
func (v *visit) explained(connection int64, why syncer.Explanation) (*body[client.Explanation], error) {
	next := make([]syncer.PlannedChange, len(why.Next))
	for i := range why.Next {
		next[i].Change = why.Next[i]
	}
	out := client.Explanation{
		Connection: connection, ObjectID: why.Subject.Object.String(), Name: why.Subject.Name, UPN: why.Subject.Principal,
		Standing: int(why.Subject.Standing), Mappings: each(why.Mappings, viewOf),
	}
	var err error
	if out.Next, err = v.changesOf(connection, next); err != nil {
		return nil, err
	}
	out.History, err = v.changesOf(connection, why.History)
	return &body[client.Explanation]{out}, err
}

func viewOf(m syncer.MappingView) client.MappingView {
	out := client.MappingView{Name: m.Mapping.Name, Units: each(m.Units, func(u syncer.UnitView) client.UnitView {
		return client.UnitView{Name: u.Name, Known: u.Known, Member: u.Member}
	})}
	for _, d := range m.Desired {
		out.Enters = out.Enters || d.Enters
		out.Reason, out.Detail = string(d.Why), d.Detail
	}
	return out
}
