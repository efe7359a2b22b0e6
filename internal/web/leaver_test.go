package web_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/register"
)

// leave has the directory delete the person of a record's path, and syncs.
func (o *office) leave(person string) {
	o.t.Helper()
	id, err := strconv.ParseInt(person[strings.LastIndex(person, "/")+1:], 10, 64)
	o.must(err)
	why, _, err := o.work.ExplainRecord(o.t.Context(), account.CommandLine(), o.module.Account, id)
	o.must(err)
	_, err = o.hr.SoftDelete(why.Subject.Object.String())
	o.must(err)
	o.syncAll()
}

func TestALeaversThingsAreGotBackOnScreen(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, _, person := synced(t, o)
	assets := o.collection(register.Main)
	laptop, phone := b.add(assets, "Name", "ThinkPad"), b.add(assets, "Name", "iPhone")
	for _, name := range []string{"ThinkPad", "iPhone"} {
		if got := b.post(person+"/give", "asset", name, "for", "week", "note", "as new"); got.to != person {
			t.Fatalf("checking out from the person's page: %d", got.status)
		}
	}
	o.leave(person)
	path := fmt.Sprintf("/m/%d/leavers", o.module.ID)
	page := b.get(path).body
	for _, want := range []string{"ThinkPad", "iPhone", "Deleted", "found by", "mapping Everyone", "manager", "Check in all", "mailto:", "still holds"} {
		if !strings.Contains(page, want) {
			t.Errorf("the leavers do not show %q", want)
		}
	}
	if got := b.post(person+"/told", "about", "leaver", "to", "Mary O'Brien", "back", path); got.to != path {
		t.Errorf("noting who was told leads to %q", got.to)
	}
	if page := b.get(path).body; !strings.Contains(page, htmlOf("Mary O'Brien")+" was told") {
		t.Error("the list does not say who was told")
	}

	if got := b.post(phone+"/write-off", "reason", "", "back", path); got.to != path || !strings.Contains(b.get(path).body, "needs a reason") {
		t.Error("writing off without a reason is not refused in place")
	}
	b.post(phone+"/write-off", "reason", "lost at sea", "back", path)
	page = b.get(path).body
	if !strings.Contains(page, phone+"/write-off/undo") || strings.Contains(page, ">iPhone</a>") {
		t.Error("what is written off stays in the list, or cannot be undone there")
	}
	b.post(phone+"/write-off/undo", "back", path)
	if page := b.get(path).body; !strings.Contains(page, ">iPhone</a>") {
		t.Error("the undo does not bring it back to the leaver")
	}
	csv := b.get(path + "?format=csv")
	if !strings.Contains(csv.body, "ThinkPad") || !strings.Contains(csv.body, "Mary O'Brien") {
		t.Errorf("the download: %s", csv.body)
	}
	b.post(person+"/check-in-all", "condition", "worn", "back", path)
	if page := b.get(path).body; !strings.Contains(page, "Nothing to get back") {
		t.Error("everything is checked in and the list is not empty")
	}
	if page := b.get(path + "?all=1").body; !strings.Contains(page, "Holds nothing.") {
		t.Error("the leaver is not among all who left")
	}
	if page := b.get(laptop).body; !strings.Contains(page, "Condition: worn") {
		t.Error("the condition is not in the custody history")
	}
}

func TestWhoHasLeftIsGivenNothingWithoutAReason(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, _, person := synced(t, o)
	b.add(o.collection(register.Main), "Name", "ThinkPad")
	o.leave(person)
	got := b.post(person+"/give", "asset", "ThinkPad", "note", "with charger", "for", "month")
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "has left") {
		t.Fatalf("got %d, want 422 that says so", got.status)
	}
	form := formOf(t, got.body, "check-out")
	if form.Get("asset") != "ThinkPad" || form.Get("note") != "with charger" || form.Get("for") != "month" || !form.Has("override") {
		t.Errorf("the form is shown as %v, want what was typed and a field for the reason", form)
	}
	form.Set("override", "needs it for the handover")
	if got := b.do("POST", person+"/give", form); got.to != person {
		t.Errorf("with a reason: %d", got.status)
	}
	if page := b.get(person).body; !strings.Contains(page, "Given although they had left: needs it for the handover") {
		t.Error("the reason is not in the history")
	}
}

func TestAModuleAsksItsOwnQuestions(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	path := fmt.Sprintf("/m/%d/check-out-forms", o.module.ID)
	got := b.post(path, "out_name", "Use", "out_kind", "choice", "out_choices", "", "out_required", "yes")
	if got.status != http.StatusUnprocessableEntity || formOf(t, got.body, "check-form").Get("out_name") != "Use" {
		t.Errorf("a choice of nothing: %d, want it shown again", got.status)
	}
	b.post(path, "out_name", "Use", "out_kind", "choice", "out_choices", "Office, Travel", "out_required", "yes",
		"in_name", "Wiped", "in_kind", "yesno", "in_choices", "", "in_required", "no", "statement", "I look after it.")
	laptop := b.add(o.collection(register.Main), "Name", "ThinkPad")
	ann := b.add(o.collection(register.People), "Name", "Ann")
	got = b.post(laptop+"/check-out", "holder", "Ann", "q0", "Office")
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "I look after it.") || formOf(t, got.body, "check-out").Get("q0") != "Office" {
		t.Errorf("without the statement: %d", got.status)
	}
	if got := b.post(laptop+"/check-out", "holder", "Ann", "q0", "Travel", "accept", "yes"); got.to != laptop {
		t.Fatalf("with all answers: %d", got.status)
	}
	b.post(laptop+"/check-in", "r0", "yes")
	for _, page := range []string{b.get(laptop).body, b.get(ann).body, b.get(laptop + "?format=csv").body} {
		for _, want := range []string{"Use: Travel", "Wiped: yes", "Accepted: I look after it."} {
			if !strings.Contains(page, want) {
				t.Errorf("the history does not have %q", want)
			}
		}
	}
}

func TestSyncingOnePersonFromTheirPage(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, _, person := synced(t, o)
	if got := b.post(person + "/sync"); got.to != person {
		t.Fatalf("leads to %q (%d)", got.to, got.status)
	}
	page := b.get(person).body
	if !strings.Contains(page, "nothing to change here") || !strings.Contains(page, "Sync this person") {
		t.Error("the page does not say what the sync came to")
	}
	if !strings.Contains(page, ">Added</strong>") || !strings.Contains(page, "/runs/") {
		t.Error("the history does not lead to the run that added the person")
	}
	if got := o.as(colleague).post(person + "/sync"); got.status != http.StatusForbidden {
		t.Errorf("a collaborator syncs somebody: %d, want 403", got.status)
	}
}

func TestPuttingAwayIsUndoneFromTheNextPage(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.as(manager)
	laptop := b.add(o.collection(register.Main), "Name", "ThinkPad")
	b.post(laptop + "/archive")
	if page := b.get(laptop).body; !strings.Contains(page, "Undo") || !strings.Contains(page, "This is put away.") {
		t.Error("no undo after putting away")
	}
	b.post(laptop + "/archive?to=back")
	if page := b.get(laptop).body; strings.Contains(page, "This is put away.") || !strings.Contains(page, "Brought back") {
		t.Error("the undo does not bring it back")
	}
	b.post(laptop + "/archive?to=back")
	if page := b.get(laptop).body; strings.Contains(page, "This is put away.") {
		t.Error("the undo, pressed twice, puts it away again")
	}
}
