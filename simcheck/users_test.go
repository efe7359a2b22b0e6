package simcheck

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/directory"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/entrasim/estate"
)

// viewed are the properties that the tenant's own view of a person has.
func viewed() []string {
	return strings.Fields("id userPrincipalName displayName mail department city jobTitle userType accountEnabled")
}

// mapped are the properties that a mapping of all 32 fields needs. They are 31,
// since the integration status is the register's own.
func mapped() []string {
	return strings.Fields(`accountEnabled ageGroup businessPhones city companyName country department displayName mail employeeHireDate
		employeeId employeeOrgData employeeType externalUserState externalUserStateChangeDateTime faxNumber givenName jobTitle surname
		mailNickname mobilePhone id officeLocation otherMails preferredLanguage state streetAddress usageLocation userPrincipalName
		userType postalCode`)
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

// countedUsers asks for a page of five and the number of all.
func countedUsers(h *abstractions.RequestHeaders) *users.UsersRequestBuilderGetRequestConfiguration {
	return &users.UsersRequestBuilderGetRequestConfiguration{Headers: h,
		QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Count: ptr(true), Top: ptr(int32(5))}}
}

func countOf(h *abstractions.RequestHeaders) *users.CountRequestBuilderGetRequestConfiguration {
	return &users.CountRequestBuilderGetRequestConfiguration{Headers: h}
}

func TestManagersComeByExpandAndByLink(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 300})
	must(l.SetManager(l.PersonAt(9).ID, l.PersonAt(20).ID))(l)
	list := every[models.Userable](l, models.CreateUserCollectionResponseFromDiscriminatorValue, nil)(
		l.graph.users().Get(t.Context(), &users.UsersRequestBuilderGetRequestConfiguration{
			QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Select: []string{"id"}, Expand: []string{"manager($select=id,displayName)"}}}))
	got := map[string]string{}
	for _, u := range list {
		boss, _ := u.GetManager().(models.Userable)
		if boss != nil {
			got[text(u.GetId())] = text(boss.GetId()) + " " + text(boss.GetDisplayName())
		}
	}
	same(t, got, l.managers())
	one := must(l.graph.users().ByUserId(l.PersonAt(9).ID).Manager().Get(t.Context(), nil))(l)
	if text(one.GetId()) != l.PersonAt(20).ID {
		t.Errorf("manager %s, want %s", text(one.GetId()), l.PersonAt(20).ID)
	}
	_, err := l.graph.users().ByUserId(l.PersonAt(0).ID).Manager().Get(t.Context(), nil)
	if err == nil || !strings.Contains(said(err), "404 Request_ResourceNotFound") {
		t.Errorf("the head's manager: %v, want 404", err)
	}
}

// managers are the managers of the live people in the directory itself.
func (l *lab) managers() map[string]string {
	l.tenant.Mu.RLock()
	defer l.tenant.Mu.RUnlock()
	out := map[string]string{}
	next := l.tenant.Each(estate.KindUser, estate.Live)
	for r, ok := next(0); ok; r, ok = next(r + 1) {
		if m, has := l.tenant.Manager(r.Index()); has {
			boss := l.tenant.View(m)
			out[l.tenant.ID(r)] = boss.ID + " " + boss.DisplayName
		}
	}
	return out
}

// TestEveryMappedPropertyArrivesAsTheSDKTypesIt hires somebody with all of them
// and reads them through the SDK's typed getters.
func TestEveryMappedPropertyArrivesAsTheSDKTypesIt(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 100})
	str := entrasim.String
	var org entrasim.Value
	if err := org.UnmarshalJSON([]byte(`{"division":"Engines","costCenter":"0042"}`)); err != nil {
		t.Fatal(err)
	}
	hired := must(l.Hire(map[string]entrasim.Value{"displayName": str("Zoë O'Brien-Łukasz"), "givenName": str("Zoë"), "surname": str("O'Brien-Łukasz"),
		"accountEnabled": entrasim.Bool(false), "ageGroup": str("Adult"), "businessPhones": entrasim.List("+49 30 1234567"), "city": str("Berlin"),
		"companyName": str("Contoso"), "country": str("Germany"), "department": str("R&D"), "mail": str("zoe@contoso.example"),
		"employeeHireDate": str("2024-02-29T00:00:00Z"), "employeeId": str("000123"), "employeeOrgData": org, "employeeType": str("Contractor"),
		"externalUserState": str("Accepted"), "externalUserStateChangeDateTime": str("2024-03-01T10:11:12Z"), "faxNumber": str("+49 30 1"),
		"jobTitle": str("\"Engineer\" \\ II"), "mailNickname": str("zoe"), "mobilePhone": str("+49 170 1"), "officeLocation": str("B-1"),
		"otherMails": entrasim.List("a@x.example", "b@x.example"), "preferredLanguage": str("de-DE"), "state": str("BE"),
		"streetAddress": str("Straße 1\nHinterhof"), "usageLocation": str("DE"), "userPrincipalName": str("zoe@contoso.example"),
		"userType": str("Member"), "postalCode": str("01099")}))(l)
	u := must(l.graph.users().ByUserId(hired.ID).Get(t.Context(), &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: mapped()}}))(l)
	got := map[string]any{"accountEnabled": *u.GetAccountEnabled(), "ageGroup": text(u.GetAgeGroup()), "businessPhones": u.GetBusinessPhones(),
		"city": text(u.GetCity()), "companyName": text(u.GetCompanyName()), "country": text(u.GetCountry()), "department": text(u.GetDepartment()),
		"displayName": text(u.GetDisplayName()), "mail": text(u.GetMail()), "employeeHireDate": *u.GetEmployeeHireDate(),
		"employeeId": text(u.GetEmployeeId()), "division": text(u.GetEmployeeOrgData().GetDivision()),
		"costCenter": text(u.GetEmployeeOrgData().GetCostCenter()), "employeeType": text(u.GetEmployeeType()),
		"externalUserState": text(u.GetExternalUserState()), "externalUserStateChangeDateTime": *u.GetExternalUserStateChangeDateTime(),
		"faxNumber": text(u.GetFaxNumber()), "givenName": text(u.GetGivenName()), "jobTitle": text(u.GetJobTitle()), "surname": text(u.GetSurname()),
		"mailNickname": text(u.GetMailNickname()), "mobilePhone": text(u.GetMobilePhone()), "id": text(u.GetId()),
		"officeLocation": text(u.GetOfficeLocation()), "otherMails": u.GetOtherMails(), "preferredLanguage": text(u.GetPreferredLanguage()),
		"state": text(u.GetState()), "streetAddress": text(u.GetStreetAddress()), "usageLocation": text(u.GetUsageLocation()),
		"userPrincipalName": text(u.GetUserPrincipalName()), "userType": text(u.GetUserType()), "postalCode": text(u.GetPostalCode())}
	want := map[string]any{"accountEnabled": false, "ageGroup": "Adult", "businessPhones": []string{"+49 30 1234567"}, "city": "Berlin",
		"companyName": "Contoso", "country": "Germany", "department": "R&D", "displayName": "Zoë O'Brien-Łukasz", "mail": "zoe@contoso.example",
		"employeeHireDate": time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), "employeeId": "000123", "division": "Engines", "costCenter": "0042",
		"employeeType": "Contractor", "externalUserState": "Accepted",
		"externalUserStateChangeDateTime": time.Date(2024, 3, 1, 10, 11, 12, 0, time.UTC), "faxNumber": "+49 30 1", "givenName": "Zoë",
		"jobTitle": "\"Engineer\" \\ II", "surname": "O'Brien-Łukasz", "mailNickname": "zoe", "mobilePhone": "+49 170 1", "id": hired.ID,
		"officeLocation": "B-1", "otherMails": []string{"a@x.example", "b@x.example"}, "preferredLanguage": "de-DE", "state": "BE",
		"streetAddress": "Straße 1\nHinterhof", "usageLocation": "DE", "userPrincipalName": "zoe@contoso.example", "userType": "Member",
		"postalCode": "01099"}
	same(t, got, want)
}
