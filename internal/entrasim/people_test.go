package entrasim

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/entrasim/estate"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestPeopleOfASeedAreStable(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{People: 30, Seed: 42})
	var out bytes.Buffer
	for _, u := range items(l.get("/users?$top=30&$select=id,displayName,userPrincipalName,mail,department,city,employeeId,employeeHireDate,userType,accountEnabled,otherMails")) {
		line, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	golden := filepath.Join("testdata", "people-seed42.jsonl")
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("people of seed 42 changed; got\n%s", out.Bytes())
	}
}

func TestEveryTenantHasTheUsualSuspects(t *testing.T) {
	t.Parallel()
	for _, n := range []int{10, 100, 2000} {
		l := newLab(t, Config{People: n, Seed: uint64(n)})
		if p := l.PersonAt(9); !strings.Contains(p.DisplayName, "O'Brien") {
			t.Errorf("%d people: person 9 is %s, want an O'Brien", n, p.DisplayName)
		}
		states := map[string]int{}
		people, total := l.People("", 0, n)
		for _, p := range people {
			states[p.UserType]++
			states[p.State]++
			states[fmt.Sprint("enabled ", p.Enabled)]++
		}
		if total != n || states["Guest"] == 0 || states["deleted"] == 0 || states["enabled false"] == 0 {
			t.Errorf("%d people: total %d, %v", n, total, states)
		}
	}
}

func TestPeopleSpeakManyLanguages(t *testing.T) {
	t.Parallel()
	l := newLab(t, Config{People: 400})
	scripts := map[string]bool{}
	for _, u := range items(l.get("/users?$top=400&$select=displayName,preferredLanguage")) {
		for _, r := range text(u, "displayName") {
			switch {
			case r >= 0x400 && r < 0x500:
				scripts["cyrillic"] = true
			case r >= 0x600 && r < 0x700:
				scripts["arabic"] = true
			case r >= 0x4e00 && r < 0xa000:
				scripts["han"] = true
			case r >= 0x370 && r < 0x400:
				scripts["greek"] = true
			case r >= 0x900 && r < 0x980:
				scripts["devanagari"] = true
			}
		}
	}
	if len(scripts) != 5 {
		t.Errorf("scripts %v, want five beside Latin", scripts)
	}
}

// allFields is the $select of a full mapping.
const allFields = "id,accountEnabled,ageGroup,businessPhones,city,companyName,country,department,displayName,mail,employeeHireDate,employeeId," +
	"employeeOrgData,employeeType,externalUserState,externalUserStateChangeDateTime,faxNumber,givenName,jobTitle,surname,mailNickname," +
	"mobilePhone,officeLocation,otherMails,preferredLanguage,state,streetAddress,usageLocation,userPrincipalName,userType,postalCode"

// TestAMillionPeopleNeedNoMemory pages through the last pages of a million and
// checks that the tenant holds no more than before.
func TestAMillionPeopleNeedNoMemory(t *testing.T) {
	tenant := New(Config{People: 1_000_000})
	q := tenant.benchQuery(t)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	from := &cursor{From: uint64(estate.MakeRef(estate.KindUser, 900_000))}
	people := 0
	for from != nil {
		var page []byte
		page, from = tenant.page(q, from)
		people += bytes.Count(page, []byte(`"id":`))
	}
	if after := heap(); after > before+4<<20 {
		t.Errorf("heap grew from %d to %d bytes", before, after)
	}
	if people != 99_000 {
		t.Errorf("%d people in the last tenth, want 99,000", people)
	}
	runtime.KeepAlive(tenant)
}

func (t *Tenant) benchQuery(tb testing.TB) *query {
	tb.Helper()
	q, err := t.plan(&request{roles: DefaultRoles()}, t.everyone(estate.KindUser, estate.Live), &options{sel: allFields, top: 999, hasTop: true})
	if err != nil {
		tb.Fatal(err)
	}
	return q
}

func BenchmarkPageOf999(b *testing.B) {
	tenant := New(Config{People: 1_000_000})
	q := tenant.benchQuery(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		page, _ := tenant.page(q, &cursor{})
		n = len(page)
	}
	b.SetBytes(int64(n))
	b.ReportMetric(float64(n)/999, "bytes/user")
}

func BenchmarkDeltaInitialPage(b *testing.B) {
	tenant := New(Config{People: 100_000})
	q := tenant.benchQuery(b)
	b.ReportAllocs()
	for b.Loop() {
		w := &deltaWriter{t: tenant, c: &cursor{Kind: estate.KindUser, Select: q.sel.masks[estate.KindUser]}, size: 200, budget: 2000}
		w.initial()
	}
}
