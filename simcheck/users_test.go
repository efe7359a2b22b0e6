package simcheck

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/musterhq/muster/internal/entrasim"
)

// viewed are the properties that the tenant's own view of a person has.
func viewed() []string {
	return strings.Fields("id userPrincipalName displayName mail department city jobTitle userType accountEnabled")
}

// view is what the SDK read of a person, in the tenant's words.
func view(u models.Userable) entrasim.Person {
	p := entrasim.Person{ID: text(u.GetId()), UserPrincipalName: text(u.GetUserPrincipalName()), DisplayName: text(u.GetDisplayName()),
		Mail: text(u.GetMail()), Department: text(u.GetDepartment()), City: text(u.GetCity()), JobTitle: text(u.GetJobTitle()),
		UserType: text(u.GetUserType()), State: "live"}
	if u.GetAccountEnabled() != nil {
		p.Enabled = *u.GetAccountEnabled()
	}
	return p
}

func views(list []models.Userable) map[string]entrasim.Person {
	out := map[string]entrasim.Person{}
	for _, u := range list {
		out[text(u.GetId())] = view(u)
	}
	return out
}

// people are those whom the tenant says it has, by id.
func (l *lab) people(keep func(entrasim.Person) bool) map[string]entrasim.Person {
	l.Helper()
	page, total := l.People("", 0, 1_000_000)
	if len(page) != total {
		l.Fatalf("the tenant shows %d of %d people", len(page), total)
	}
	out := map[string]entrasim.Person{}
	for _, p := range page {
		if keep(p) {
			out[p.ID] = p
		}
	}
	return out
}

func live(p entrasim.Person) bool { return p.State == "live" }

// same compares what was read with what there is, and refuses an empty answer,
// which would prove nothing.
func same[K comparable, V any](t testing.TB, got, want map[K]V) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("the tenant has nothing to compare with")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read %d, the tenant has %d (-tenant +read):\n%.4000s", len(got), len(want), diff)
	}
}

// listUsers reads all users that a filter admits, in pages of top.
func (l *lab) listUsers(top int32, filter *string) []models.Userable {
	l.Helper()
	return every[models.Userable](l, models.CreateUserCollectionResponseFromDiscriminatorValue, nil)(
		l.graph.users().Get(l.Context(), &users.UsersRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Select: viewed(), Top: ptr(top), Filter: filter}}))
}

func TestThePageIteratorReadsEveryUser(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 2500})
	list := l.listUsers(999, nil)
	same(t, views(list), l.people(live))
	if asked := l.Requests().ByKind["users"]; asked != 3 {
		t.Errorf("%d requests for %d users, want pages of 999", asked, len(list))
	}
}

func TestFiltersFindTheDisabledAndTheGuests(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	for _, tc := range []struct {
		filter string
		keep   func(entrasim.Person) bool
	}{
		{"accountEnabled eq false", func(p entrasim.Person) bool { return !p.Enabled }},
		{"userType eq 'Guest'", func(p entrasim.Person) bool { return p.UserType == "Guest" }},
		{"department eq 'Marketing' and accountEnabled eq true", func(p entrasim.Person) bool { return p.Department == "Marketing" && p.Enabled }},
	} {
		same(t, views(l.listUsers(20, &tc.filter)), l.people(func(p entrasim.Person) bool { return live(p) && tc.keep(p) }))
	}
}

func TestDeletedItemsHoldTheSoftDeletedUsers(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 500})
	must(l.SoftDelete(l.PersonAt(11).ID))(l)
	got := views(every[models.Userable](l, models.CreateUserCollectionResponseFromDiscriminatorValue, nil)(
		l.graph.directory().DeletedItems().GraphUser().Get(l.Context(), &directory.DeletedItemsGraphUserRequestBuilderGetRequestConfiguration{
			QueryParameters: &directory.DeletedItemsGraphUserRequestBuilderGetQueryParameters{Select: viewed(), Top: ptr(int32(3))}})))
	want := l.people(func(p entrasim.Person) bool { return p.State == "deleted" })
	for id, p := range want {
		p.State = "live" // the word of the tenant's view, which Graph does not have
		want[id] = p
	}
	same(t, got, want)
}

func TestOneUserIsFoundByIDAndBySignInName(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 100})
	for _, index := range []int{0, 3, 9} { // the head, a guest with # in the name, an O'Brien
		want := l.PersonAt(index)
		for _, key := range []string{want.ID, want.UserPrincipalName} {
			got := must(l.graph.users().ByUserId(key).Get(t.Context(), &users.UserItemRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: viewed()}}))(l)
			if diff := cmp.Diff(want, view(got)); diff != "" {
				t.Errorf("%s (-tenant +read):\n%s", key, diff)
			}
		}
	}
}
