package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/register"
)

// assets adds laptops to the first module and returns the address of their list
// and their fields by name.
func (o *office) assets(names ...string) (path string, fields map[string]register.Field) {
	o.t.Helper()
	ctx, p := o.t.Context(), account.CommandLine()
	list, err := o.records.Collections(ctx, p, o.module.Account, o.module.ID)
	o.must(err)
	fields = map[string]register.Field{}
	all, err := o.records.Fields(ctx, o.module.Account, list[0].ID)
	o.must(err)
	for _, f := range all {
		fields[f.Name] = f
	}
	for i, name := range names {
		condition := []string{"New", "Worn"}[i%2]
		_, err := o.records.Create(ctx, p, register.Input{Account: o.module.Account, Collection: list[0].ID, Set: []register.FieldValue{
			{Field: fields["Name"].ID, Value: datatype.OfText(name)},
			{Field: fields["Condition"].ID, Value: datatype.OfText(condition)},
			{Field: fields["Serial number"].ID, Value: datatype.OfText(fmt.Sprintf("SN%03d", 100-i))},
		}})
		o.must(err)
	}
	return fmt.Sprintf("/m/%d/c/%d", o.module.ID, list[0].ID), fields
}

// see gets a page, following where it leads, and checks its status.
func (b *browser) see(status int, path string) string {
	b.o.t.Helper()
	got := b.get(path)
	for got.status == http.StatusSeeOther {
		got = b.get(got.to)
	}
	if got.status != status {
		b.o.t.Fatalf("%s answers %d, want %d:\n%s", path, got.status, status, got.body)
	}
	return got.body
}

// sent posts a form and returns the page that comes of it.
func (b *browser) sent(path string, pairs ...string) string {
	b.o.t.Helper()
	got := b.post(path, pairs...)
	if got.status == http.StatusSeeOther {
		return b.see(http.StatusOK, got.to)
	}
	return got.body
}

func TestAListIsSearchedFilteredAndSorted(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, fields := o.assets("MacBook Air 1", "MacBook Pro 2", "ThinkPad 3")
	b := o.as(manager)
	tests := []struct {
		query string
		want  []string
		not   []string
	}{
		{"", []string{"MacBook Air 1", "MacBook Pro 2", "ThinkPad 3", "3 records"}, nil},
		{"q=book", nil, []string{"MacBook Air 1"}},
		{"q=pro+mac", []string{"MacBook Pro 2", "1 record"}, []string{"Air 1", "ThinkPad"}},
		{"q=sn099", []string{"MacBook Pro 2"}, []string{"Air 1"}},
		{fmt.Sprintf("f=%d.is.Worn", fields["Condition"].ID), []string{"MacBook Pro 2", "Condition is Worn"}, []string{"Air 1"}},
		{fmt.Sprintf("f=%d.is.Broken", fields["Condition"].ID), []string{"Nothing found", "fulfils all of these conditions"}, []string{"Air 1"}},
		{fmt.Sprintf("sort=%d&cols=%d", fields["Serial number"].ID, fields["Serial number"].ID), []string{"ThinkPad 3", "SN098", `aria-sort="ascending"`}, []string{`data-label="Category"`}},
		{"archived=1", []string{"Nothing is put away"}, []string{"Air 1"}},
		{"f=999.is.x&f=broken&sort=nonsense", []string{"MacBook Air 1"}, nil},
	}
	for _, tt := range tests {
		text := b.see(http.StatusOK, path+"?"+tt.query)
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("?%s: the page does not have %q", tt.query, want)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(text, not) {
				t.Errorf("?%s: the page has %q", tt.query, not)
			}
		}
	}
	if text := b.see(http.StatusUnprocessableEntity, path+"?after=nonsense"); !strings.Contains(text, "first page") {
		t.Error("a broken place in the list does not say how to go on")
	}
}

func TestTheFilterFormLeadsToItsList(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, fields := o.assets("MacBook Air 1", "MacBook Pro 2")
	b := o.as(manager)
	price, condition := fields["Price"].ID, fields["Condition"].ID
	if text := b.see(http.StatusOK, fmt.Sprintf("%s?ff=%d", path, condition)); !strings.Contains(text, `value="Worn"`) {
		t.Error("choosing the field does not bring its choices")
	}
	if text := b.see(http.StatusOK, fmt.Sprintf("%s?ff=%d&fo=is&fv=Worn", path, condition)); !strings.Contains(text, "Condition is Worn") || strings.Contains(text, "Air 1") {
		t.Error("the form does not lead to the filtered list")
	}
	if text := b.see(http.StatusUnprocessableEntity, fmt.Sprintf("%s?ff=%d&fo=at-least&fv=cheap", path, price)); !strings.Contains(text, `value="cheap"`) || !strings.Contains(text, "filter-fault") {
		t.Error("a value that does not fit is not shown again with what is wrong")
	}
	if text := b.see(http.StatusUnprocessableEntity, fmt.Sprintf("%s?ff=%d&fo=is&fv=Nowhere", path, fields["Location"].ID)); !strings.Contains(text, "obody and nothing is called") {
		t.Error("a linked record that does not exist is not told")
	}
	if text := b.see(http.StatusOK, fmt.Sprintf("%s/filter?ff=%d", path, price)); !strings.Contains(text, "at-least") || strings.Contains(text, "<html") {
		t.Error("the part of the form for a field is not a part")
	}
}

func TestViewsAreKeptAndOpened(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, fields := o.assets("MacBook Air 1", "MacBook Pro 2")
	b := o.as(manager)
	worn := fmt.Sprintf("f=%d.is.Worn", fields["Condition"].ID)
	b.post(path+"/views", "query", worn, "name", "Worn ones", "shared", "1")
	c := o.as(colleague)
	if text := c.see(http.StatusOK, path); !strings.Contains(text, "Worn ones") || strings.Contains(text, "Remove the view") {
		t.Error("a colleague does not see everybody's view, or could remove it")
	}
	c.post(path+"/views", "query", worn, "always", "1")
	if text := c.see(http.StatusOK, path); strings.Contains(text, "Air 1") || !strings.Contains(text, "Pro 2") {
		t.Error("the collection does not open as it is always wanted")
	}
	if text := c.see(http.StatusOK, path+"?all=1"); !strings.Contains(text, "Air 1") {
		t.Error("the whole list cannot be reached")
	}
	if text := b.see(http.StatusOK, path); !strings.Contains(text, "Air 1") {
		t.Error("how one wants the list changes it for others")
	}
}

func TestManyRecordsAreChangedAtOnce(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, fields := o.assets("MacBook Air 1", "MacBook Pro 2", "ThinkPad 3")
	b := o.as(manager)
	condition := fmt.Sprintf("f%d", fields["Condition"].ID)
	asked := b.sent(path+"/many", "act", "edit", "whole", "1", "query", "q=macbook")
	if !strings.Contains(asked, "Change 2 records") || !strings.Contains(asked, "MacBook Air 1") {
		t.Errorf("the question does not say what it is about:\n%s", asked)
	}
	if text := b.sent(path+"/many", "act", "edit", "whole", "1", "query", "q=macbook", "sure", "1", condition, "Broken"); !strings.Contains(text, "Tick at least one field") {
		t.Error("a form without a tick changes something")
	}
	done := b.sent(path+"/many", "act", "edit", "whole", "1", "query", "q=macbook", "sure", "1", condition, "Broken", "on", condition)
	if !strings.Contains(done, "2 records changed.") {
		t.Errorf("the list does not say what was done:\n%s", done)
	}
	if text := b.see(http.StatusOK, fmt.Sprintf("%s?f=%d.is.Broken", path, fields["Condition"].ID)); !strings.Contains(text, "2 records") {
		t.Error("the records were not changed")
	}
	if text := b.sent(path+"/many", "act", "archive"); !strings.Contains(text, "Select some records first") {
		t.Error("nothing selected is not told")
	}
}

func TestSearchEverywhere(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.assets("MacBook Air 1", "MacBook Pro 2")
	b := o.as(manager)
	if text := b.see(http.StatusOK, "/search?q=macbook"); !strings.Contains(text, "MacBook Air 1") || !strings.Contains(text, "MacBook Pro 2") {
		t.Error("the search does not find the laptops")
	}
	if text := b.see(http.StatusOK, "/search?q=air"); !strings.Contains(text, "Custody") && !strings.Contains(text, "Check out") {
		t.Error("the only hit is not opened at once")
	}
	if text := o.as(outsider).see(http.StatusOK, "/search?q=macbook"); strings.Contains(text, "MacBook Air") {
		t.Error("somebody of another account finds the laptops")
	}
}
