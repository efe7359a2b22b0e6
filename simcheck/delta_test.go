package simcheck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoftgraph/msgraph-sdk-go/devices"
	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/musterhq/muster/internal/entrasim"
)

// deltaPage is what the SDK's delta answers of all kinds have in common.
type deltaPage[T any] interface {
	GetValue() []T
	GetOdataNextLink() *string
	GetOdataDeltaLink() *string
}

// ask fetches one delta page: the first of all when link is empty.
type ask[T any] func(ctx context.Context, link string) (deltaPage[T], error)

// round follows a round of delta to its end and returns what it brought, and
// the link for the next round. Each page has one of the two links, never both.
func round[T any](l *lab, next ask[T], link string) ([]T, string) {
	l.Helper()
	var all []T
	for range 1000 {
		page, err := next(l.Context(), link)
		if err != nil {
			l.Fatal(said(err))
		}
		all = append(all, page.GetValue()...)
		more, end := text(page.GetOdataNextLink()), text(page.GetOdataDeltaLink())
		if (more == "") == (end == "") {
			l.Fatalf("a page with nextLink %q and deltaLink %q, want exactly one of them", more, end)
		}
		if end != "" {
			return all, end
		}
		link = more
	}
	l.Fatal("the round never ends")
	return nil, ""
}

func (l *lab) userDelta(props ...string) ask[models.Userable] {
	return func(ctx context.Context, link string) (deltaPage[models.Userable], error) {
		if link != "" {
			return l.graph.users().Delta().WithUrl(link).GetAsDeltaGetResponse(ctx, nil)
		}
		return l.graph.users().Delta().GetAsDeltaGetResponse(ctx, &users.DeltaRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.DeltaRequestBuilderGetQueryParameters{Select: props}})
	}
}

func (l *lab) groupDelta(props ...string) ask[models.Groupable] {
	return func(ctx context.Context, link string) (deltaPage[models.Groupable], error) {
		if link != "" {
			return l.graph.groups().Delta().WithUrl(link).GetAsDeltaGetResponse(ctx, nil)
		}
		return l.graph.groups().Delta().GetAsDeltaGetResponse(ctx, &groups.DeltaRequestBuilderGetRequestConfiguration{
			QueryParameters: &groups.DeltaRequestBuilderGetQueryParameters{Select: props}})
	}
}

func (l *lab) deviceDelta(props ...string) ask[models.Deviceable] {
	return func(ctx context.Context, link string) (deltaPage[models.Deviceable], error) {
		if link != "" {
			return l.graph.devices().Delta().WithUrl(link).GetAsDeltaGetResponse(ctx, nil)
		}
		return l.graph.devices().Delta().GetAsDeltaGetResponse(ctx, &devices.DeltaRequestBuilderGetRequestConfiguration{
			QueryParameters: &devices.DeltaRequestBuilderGetQueryParameters{Select: props}})
	}
}

// annotated is an object with the annotations that the SDK has no getter for.
type annotated interface {
	serialization.AdditionalDataHolder
	GetId() *string
}

// removed is the reason in @removed, empty for an object that is there:
// "changed" for a soft deletion, "deleted" for good.
func removed(o serialization.AdditionalDataHolder) string { return reason(o.GetAdditionalData()) }

func reason(of map[string]any) string {
	why, _ := of["@removed"].(map[string]any)
	if s, ok := why["reason"].(*string); ok {
		return *s
	}
	return ""
}

// sum says in a line for each id what a round brought; an id that comes twice
// has two lines.
func sum[T annotated](list []T, line func(T) string) map[string]string {
	out := map[string]string{}
	for _, o := range list {
		s := line(o)
		if why := removed(o); why != "" {
			s = "removed: " + why
		}
		out[text(o.GetId())] += s + "\n"
	}
	return out
}

func userLine(u models.Userable) string {
	return fmt.Sprintln(text(u.GetDisplayName()), text(u.GetUserPrincipalName()), u.GetAccountEnabled() != nil && *u.GetAccountEnabled())
}

func personLine(p entrasim.Person) string {
	return fmt.Sprintln(p.DisplayName, p.UserPrincipalName, p.Enabled)
}

func TestUsersDeltaBringsEverybodyAndThenExactlyWhatChanged(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	ask := l.userDelta("displayName", "userPrincipalName", "accountEnabled")
	first, link := round(l, ask, "")
	want := map[string]string{}
	for id, p := range l.people(live) {
		want[id] = personLine(p) + "\n"
	}
	same(t, sum(first, userLine), want)
	nothing, link := round(l, ask, link)
	if len(nothing) != 0 {
		t.Errorf("nothing happened, and delta brings %d users", len(nothing))
	}

	hired := must(l.Hire(map[string]entrasim.Value{"displayName": entrasim.String("Nia Achieng")}))(l)
	renamed := must(l.Rename(l.PersonAt(9).ID, "Zoë", "O'Brien-Łukasz"))(l)
	disabled := must(l.Disable(l.PersonAt(11).ID))(l)
	deleted := must(l.SoftDelete(l.PersonAt(12).ID))(l)
	restored := must(l.Restore(l.PersonAt(7).ID))(l)
	purged := must(l.SoftDelete(l.PersonAt(15).ID))(l)
	must(l.Purge(purged.ID))(l)
	must(l.Update(l.PersonAt(20).ID, map[string]entrasim.Value{"city": entrasim.String("Oslo")}))(l) // not selected, so not tracked
	changed, link := round(l, ask, link)
	same(t, sum(changed, userLine), map[string]string{
		hired.ID: personLine(hired) + "\n", renamed.ID: personLine(renamed) + "\n", disabled.ID: personLine(disabled) + "\n",
		restored.ID: personLine(restored) + "\n", deleted.ID: "removed: changed\n", purged.ID: "removed: deleted\n"})

	must(l.Restore(deleted.ID))(l)
	back, _ := round(l, ask, link)
	same(t, sum(back, userLine), map[string]string{deleted.ID: personLine(l.PersonAt(12)) + "\n"})
}

func TestDeltaFromNowOnBringsOnlyWhatHappensNext(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	ask := l.userDelta()
	now := l.url + "/v1.0/users/delta?$select=displayName,userPrincipalName,accountEnabled&$deltatoken=latest"
	first, link := round(l, ask, now)
	if len(first) != 0 {
		t.Errorf("$deltatoken=latest brings %d users, want none", len(first))
	}
	disabled := must(l.Disable(l.PersonAt(9).ID))(l)
	changed, _ := round(l, ask, link)
	same(t, sum(changed, userLine), map[string]string{disabled.ID: personLine(disabled) + "\n"})
}

// memberLines are the parts of members@delta of a group or unit: "+id" for a member
// that came, "-id" for one that left, in this order.
func memberLines(o serialization.AdditionalDataHolder) []string {
	var out []string
	list, _ := o.GetAdditionalData()["members@delta"].([]any)
	for _, item := range list {
		m, _ := item.(map[string]any)
		id, _ := m["id"].(*string)
		if reason(m) == "" {
			out = append(out, "+"+text(id))
		} else {
			out = append(out, "-"+text(id))
		}
	}
	slices.Sort(out)
	return out
}

func TestGroupsDeltaBringsMembersAndThenExactlyWhatChanged(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	ask := l.groupDelta("displayName", "description", "members")
	first, link := round(l, ask, "")
	got := map[string]bool{} // group and member
	for _, g := range first {
		got[text(g.GetId())] = true
		for _, m := range memberLines(g) {
			got[text(g.GetId())+" "+m] = true
		}
	}
	want := map[string]bool{}
	for _, g := range l.Groups("") {
		if g.State != "live" {
			continue
		}
		want[g.ID] = true
		for m := range l.nested(g.ID, false) {
			want[g.ID+" +"+m] = true
		}
	}
	// Delta keeps the memberships of soft-deleted people; the lists do not.
	for id := range l.people(func(p entrasim.Person) bool { return !live(p) }) {
		for pair := range got {
			if strings.HasSuffix(pair, " +"+id) {
				delete(got, pair)
			}
		}
	}
	same(t, got, want)

	made := must(l.CreateGroup("Night shift", "", false))(l)
	renamed := must(l.UpdateGroup("Empty group", map[string]entrasim.Value{"description": entrasim.String("Still nobody")}))(l)
	joined := l.PersonAt(20)
	if err := l.AddMember("IT Admins", joined.ID); err != nil {
		t.Fatal(err)
	}
	left := l.PersonAt(0)
	if err := l.RemoveMember("IT Admins", left.ID); err != nil {
		t.Fatal(err)
	}
	admins := must(l.Group("IT Admins"))(l)
	security := must(l.DeleteGroup("Managed laptops"))(l)
	unified := must(l.DeleteGroup("O'Brien's team"))(l)
	changed, _ := round(l, ask, link)
	same(t, sum(changed, func(g models.Groupable) string {
		return text(g.GetDisplayName()) + "|" + text(g.GetDescription()) + "|" + strings.Join(memberLines(g), " ")
	}), map[string]string{made.ID: "Night shift||\n", renamed.ID: "Empty group|Still nobody|\n",
		admins.ID:   "IT Admins|Administrators|+" + joined.ID + " -" + left.ID + "\n",
		security.ID: "removed: deleted\n", unified.ID: "removed: changed\n"})
}

func TestDevicesDeltaBringsAllAndThenExactlyWhatChanged(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500, Devices: 300})
	ask := l.deviceDelta("displayName", "operatingSystem")
	line := func(d models.Deviceable) string { return text(d.GetDisplayName()) }
	first, link := round(l, ask, "")
	want := map[string]string{}
	for i := range 300 {
		d := l.DeviceAt(i)
		want[d.ID] = d.DisplayName + "\n"
	}
	same(t, sum(first, line), want)

	added := must(l.AddDevice(map[string]entrasim.Value{"displayName": entrasim.String("NEW-1")}, ""))(l)
	renamed := must(l.UpdateDevice(l.DeviceAt(5).ID, map[string]entrasim.Value{"displayName": entrasim.String("OLD-5")}))(l)
	gone := l.DeviceAt(6)
	if err := l.RemoveDevice(gone.ID); err != nil {
		t.Fatal(err)
	}
	changed, _ := round(l, ask, link)
	same(t, sum(changed, line), map[string]string{added.ID: "NEW-1\n", renamed.ID: "OLD-5\n", gone.ID: "removed: deleted\n"})
}

func TestUnitsDeltaBringsMembersAndThenExactlyWhatChanged(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 200})
	ask := func(ctx context.Context, link string) (deltaPage[models.AdministrativeUnitable], error) {
		b := l.graph.directory().AdministrativeUnits().Delta()
		if link != "" {
			b = b.WithUrl(link)
		}
		return b.GetAsDeltaGetResponse(ctx, nil)
	}
	line := func(u models.AdministrativeUnitable) string {
		return text(u.GetDisplayName()) + "|" + strings.Join(memberLines(u), " ")
	}
	first, link := round(l, ask, "")
	if len(first) != len(l.Units("")) {
		t.Errorf("%d units, the tenant has %d", len(first), len(l.Units("")))
	}
	workshop, joined := must(l.Unit("Workshop"))(l), l.PersonAt(9)
	if err := l.AddUnitMember(workshop.ID, joined.ID); err != nil {
		t.Fatal(err)
	}
	gone := must(l.DeleteUnit("Nairobi"))(l)
	changed, _ := round(l, ask, link)
	same(t, sum(changed, line), map[string]string{workshop.ID: "Workshop|+" + joined.ID + "\n", gone.ID: "removed: deleted\n"})
}

func TestAStaleDeltaLinkSaysSo(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{})
	ask := l.userDelta("displayName")
	_, link := round(l, ask, "")
	l.ExpireDeltaTokens()
	_, err := ask(t.Context(), link)
	if err == nil || !strings.Contains(strings.ToLower(said(err)), "syncstatenotfound") {
		t.Errorf("an expired deltaLink: %v, want syncStateNotFound", err)
	}
}
