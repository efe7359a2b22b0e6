package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
)

// person adds a record to the people of the first module.
func (o *office) person(name string) register.Record {
	o.t.Helper()
	list, err := o.records.Collections(o.t.Context(), account.CommandLine(), o.module.Account, o.module.ID)
	o.must(err)
	for _, c := range list {
		if c.Kind != register.People {
			continue
		}
		title, err := o.records.TitleField(o.t.Context(), c.ID)
		o.must(err)
		r, err := o.records.Create(o.t.Context(), account.CommandLine(), register.Input{
			Account: o.module.Account, Collection: c.ID, Set: []register.FieldValue{{Field: title, Value: datatype.OfText(name)}},
		})
		o.must(err)
		return r
	}
	o.t.Fatal("the module has no people")
	return register.Record{}
}

// first is the first record of a list: its number and the page of its label.
func (b *browser) first(path string) (id, scanned string) {
	b.o.t.Helper()
	m := regexp.MustCompile(`href="` + path + `/(\d+)"`).FindStringSubmatch(b.see(http.StatusOK, path))
	if m == nil {
		b.o.t.Fatalf("%s lists nothing", path)
	}
	return m[1], "/s/" + m[1]
}

func TestAScannedThingIsGivenAwayAndTakenBack(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, _ := o.assets("MacBook Air 1")
	o.person("Adele Vance")
	b := o.as(colleague)
	id, scanned := b.first(path)
	page := b.see(http.StatusOK, scanned)
	for _, want := range []string{"MacBook Air 1", "Nobody holds it.", ">Check out</button>", `action="` + path + "/" + id + `/check-out"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of a free thing lacks %q", want)
		}
	}
	b.post(path+"/"+id+"/check-out", "holder", "Adele Vance", "back", scanned)
	page = b.see(http.StatusOK, scanned)
	for _, want := range []string{"Adele Vance", ">Check in</button>", `action="` + path + "/" + id + `/check-in"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of what somebody holds lacks %q", want)
		}
	}
	b.post(path+"/"+id+"/check-in", "back", scanned)
	if page = b.see(http.StatusOK, scanned); !strings.Contains(page, "Nobody holds it.") {
		t.Error("what came back is held by somebody still")
	}
}

func TestAScannedThingLeadsToTheQuestionsOfItsModule(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, _ := o.assets("MacBook Air 1")
	_, err := o.records.SaveCheckForm(t.Context(), account.CommandLine(), o.module.Account, o.module.ID, register.CheckForm{Statement: "I take care of it."})
	o.must(err)
	b := o.as(colleague)
	id, scanned := b.first(path)
	page := b.see(http.StatusOK, scanned)
	if !strings.Contains(page, `href="`+path+"/"+id+`#check-out"`) || strings.Contains(page, "/check-out\"") {
		t.Error("a check-out that asks for a statement is offered without it")
	}
	if !strings.Contains(b.see(http.StatusOK, path+"/"+id), `id="check-out"`) {
		t.Error("the asset's page has no place to check it out")
	}
}

func TestAScannedPersonHasTheirOwnPage(t *testing.T) {
	t.Parallel()
	o := open(t)
	adele := o.person("Adele Vance")
	got := o.as(colleague).get(fmt.Sprintf("/s/%d", adele.ID))
	if want := fmt.Sprintf("/m/%d/c/%d/%d", o.module.ID, adele.Collection, adele.ID); got.to != want {
		t.Errorf("it leads to %q, want %q", got.to, want)
	}
}

func TestOnlyThePageThatScansMayUseTheCamera(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(colleague)
	if got := b.get("/scan").header.Get("Permissions-Policy"); got != "camera=(self)" {
		t.Errorf("the page that scans has the policy %q", got)
	}
	if got := b.get("/profile").header.Get("Permissions-Policy"); strings.Contains(got, "camera=(self)") {
		t.Errorf("another page has the policy %q", got)
	}
}
