package simcheck

import (
	"strings"
	"testing"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/directoryobjects"
	"github.com/microsoftgraph/msgraph-sdk-go/models"

	"github.com/musterhq/muster/internal/entrasim"
)

func TestABatchAnswersEachOfItsCalls(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 200})
	batch := core.NewBatchRequest(l.graph.adapter)
	var steps []core.BatchItem
	add := func(id string) {
		info := must(l.graph.users().ByUserId(id).ToGetRequestInformation(t.Context(), nil))(l)
		steps = append(steps, must(batch.AddBatchRequestStep(*info))(l))
	}
	for i := range 3 {
		add(l.PersonAt(i).ID)
	}
	add("00000000-0000-0000-0000-00000000dead")
	group := must(l.Group("IT Admins"))(l)
	info := must(l.graph.groups().ByGroupId(group.ID).ToGetRequestInformation(t.Context(), nil))(l)
	steps = append(steps, must(batch.AddBatchRequestStep(*info))(l))

	answers := must(batch.Send(t.Context(), l.graph.adapter))(l)
	for i := range 3 {
		u := must(core.GetBatchResponseById[models.Userable](answers, *steps[i].GetId(), models.CreateUserFromDiscriminatorValue))(l)
		if want := l.PersonAt(i); text(u.GetId()) != want.ID || text(u.GetDisplayName()) != want.DisplayName {
			t.Errorf("step %d is %s, want %s", i, text(u.GetDisplayName()), want.DisplayName)
		}
	}
	if _, err := core.GetBatchResponseById[models.Userable](answers, *steps[3].GetId(), models.CreateUserFromDiscriminatorValue); err == nil ||
		!strings.Contains(said(err), "Request_ResourceNotFound") {
		t.Errorf("nobody's step: %v, want Request_ResourceNotFound", err)
	}
	g := must(core.GetBatchResponseById[models.Groupable](answers, *steps[4].GetId(), models.CreateGroupFromDiscriminatorValue))(l)
	if text(g.GetDisplayName()) != group.DisplayName {
		t.Errorf("group %s, want %s", text(g.GetDisplayName()), group.DisplayName)
	}
}

func TestGetByIDsFindsObjectsOfAllKinds(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 200})
	want := map[string]string{l.PersonAt(0).ID: "user", l.PersonAt(9).ID: "user", must(l.Group("IT Admins"))(l).ID: "group",
		l.DeviceAt(0).ID: "device", must(l.Unit("Berlin"))(l).ID: "unit"}
	body := directoryobjects.NewGetByIdsPostRequestBody()
	list := []string{"00000000-0000-0000-0000-00000000dead", l.PersonAt(7).ID} // nobody, and somebody soft-deleted
	for id := range want {
		list = append(list, id)
	}
	body.SetIds(list)
	got := must(l.graph.objects().GetByIds().PostAsGetByIdsPostResponse(t.Context(), body, nil))(l)
	same(t, kinds(got.GetValue()), want)
	body.SetTypes([]string{"user"})
	users := must(l.graph.objects().GetByIds().PostAsGetByIdsPostResponse(t.Context(), body, nil))(l)
	same(t, onlyUsers(kinds(users.GetValue())), onlyUsers(want))
	if len(users.GetValue()) != 2 {
		t.Errorf("%d objects of type user, want 2", len(users.GetValue()))
	}
}
