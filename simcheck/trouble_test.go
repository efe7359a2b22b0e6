package simcheck

import (
	"strings"
	"testing"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/musterhq/muster/internal/entrasim"
)

// TestTheSDKsRetriesGetThroughThrottling: its retry handler honours Retry-After
// in whole seconds and gives up after three tries.
func TestTheSDKsRetriesGetThroughThrottling(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 300})
	for _, f := range []entrasim.Fault{
		{Kind: entrasim.FaultThrottle, Match: "^/users", After: 1, Times: 1, RetryAfter: "1"},
		{Kind: entrasim.FaultStatus, Status: 503, Match: "^/users", After: 2, Times: 1, RetryAfter: "0"},
	} {
		if err := l.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	list := l.listUsers(100, nil)
	same(t, views(list), l.people(live))
	if took := time.Since(start); took < time.Second {
		t.Errorf("took %v: Retry-After of a second was not heard", took)
	}
	statuses := map[int]int{}
	for _, r := range l.Requests().Recent {
		if strings.HasPrefix(r.Path, "/v1.0/users") {
			statuses[r.Status]++
		}
	}
	if statuses[429] != 1 || statuses[503] != 1 || statuses[200] != 3 {
		t.Errorf("answers by status %v, want one 429, one 503 and three pages", statuses)
	}
}

func TestTheSDKReadsGraphsErrors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		setup func(l *lab)
		query users.UsersRequestBuilderGetQueryParameters
		want  string
	}{
		"no consent":       {func(l *lab) { l.SetRoles() }, users.UsersRequestBuilderGetQueryParameters{}, "403 Authorization_RequestDenied"},
		"unknown property": {nil, users.UsersRequestBuilderGetQueryParameters{Select: []string{"shoeSize"}}, "400 Request_BadRequest"},
		"advanced filter without the header": {nil, users.UsersRequestBuilderGetQueryParameters{Filter: ptr("accountEnabled ne true")},
			"400 Request_UnsupportedQuery"},
		"page too large": {nil, users.UsersRequestBuilderGetQueryParameters{Top: ptr(int32(1000))}, "400 Request_UnsupportedQuery"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, entrasim.Config{})
			if tc.setup != nil {
				tc.setup(l)
			}
			_, err := l.graph.users().Get(t.Context(), &users.UsersRequestBuilderGetRequestConfiguration{QueryParameters: &tc.query})
			if err == nil || !strings.HasPrefix(said(err), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestAnExpiredPageLinkEndsTheIterationWithGraphsError(t *testing.T) {
	t.Parallel()
	l := newLab(t, entrasim.Config{People: 300})
	if err := l.Inject(entrasim.Fault{Kind: entrasim.FaultExpiredPage}); err != nil {
		t.Fatal(err)
	}
	first := must(l.graph.users().Get(t.Context(), nil))(l)
	_, err := pages[models.Userable](t.Context(), l.graph, first, models.CreateUserCollectionResponseFromDiscriminatorValue, nil)
	if err == nil || !strings.HasPrefix(said(err), "400 Directory_ExpiredPageToken") {
		t.Errorf("got %v, want Directory_ExpiredPageToken", err)
	}
}
