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

func TestLabelsArePrintedForSelectedRecords(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, _ := o.assets("MacBook Air 1", "<b>MacBook</b> Pro 2")
	b := o.as(colleague)
	page := b.see(http.StatusOK, path)
	var ids []string
	for _, m := range regexp.MustCompile(`href="`+path+`/(\d+)"`).FindAllStringSubmatch(page, -1) {
		ids = append(ids, m[1])
	}
	if len(ids) != 2 {
		t.Fatalf("the list links to %v, want two records", ids)
	}
	form := b.sent(path+"/many", "act", "labels", "id", ids[0], "id", ids[1])
	if !strings.Contains(form, "2 labels.") || !strings.Contains(form, "<svg class=\"label-look\"") || strings.Contains(form, "<b>MacBook") {
		t.Errorf("the form of the labels is not as it should be:\n%s", form)
	}
	pdf := b.post(path+"/labels", "ids", strings.Join(ids, ","), "act", "pdf", "start", "21", "format", "l7160")
	if pdf.status != http.StatusOK || !strings.HasPrefix(pdf.body, "%PDF-") || pdf.header.Get("Content-Type") != "application/pdf" {
		t.Errorf("the file answers %d as %s", pdf.status, pdf.header.Get("Content-Type"))
	}
	if got := b.post(path+"/labels", "ids", ids[0], "act", "pdf", "start", "22", "format", "l7160"); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "has 21 labels") {
		t.Errorf("a label behind the sheet answers %d", got.status)
	}
	if got := b.get(path + "/labels?ids=999999"); got.status != http.StatusNotFound {
		t.Errorf("labels of nothing answer %d", got.status)
	}
	if got := o.as(outsider).get("/s/" + ids[0]); got.status != http.StatusNotFound {
		t.Errorf("somebody of another account who scans a label gets %d", got.status)
	}
	if got := b.get("/s/" + ids[0]); got.status != http.StatusOK || !strings.Contains(got.body, `href="`+path+"/"+ids[0]+`"`) {
		t.Errorf("a scanned label does not lead to its record (%d)", got.status)
	}
	if got := o.stranger().get("/s/" + ids[0]); got.status != http.StatusSeeOther || !strings.Contains(got.to, "next=%2Fs%2F"+ids[0]) {
		t.Errorf("a stranger who scans a label is sent to %q", got.to)
	}
}

func TestLabelsInAnyScriptArePrintedByTheBrowser(t *testing.T) {
	t.Parallel()
	o := open(t)
	path, _ := o.assets("笔记本电脑")
	b := o.as(colleague)
	id := regexp.MustCompile(`href="` + path + `/(\d+)"`).FindStringSubmatch(b.see(http.StatusOK, path))[1]
	wantParts(t, "the form", b.see(http.StatusOK, path+"/labels?ids="+id), "lacks letters for 1 label", "Print from the browser", ">笔记本电脑</text>")
	sheet := b.sent(path+"/labels", "ids", id, "act", "print", "format", "roll62")
	wantParts(t, "the sheet", sheet, `class="sheet sheet-roll62" width="62mm" height="29mm"`, ">笔记本电脑</text>", "data-print")
	if strings.Contains(sheet, "<nav") {
		t.Error("the menu is printed, too")
	}
	if got := b.post(path+"/labels", "ids", id, "act", "print", "start", "2", "format", "roll62"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a label behind the sheet answers %d", got.status)
	}
	if got := o.as(outsider).post(path+"/labels", "ids", id, "act", "print"); got.status != http.StatusNotFound {
		t.Errorf("somebody of another account gets %d", got.status)
	}
}

func TestCodesAreFoundExactly(t *testing.T) {
	t.Parallel()
	o := open(t)
	_, fields := o.assets("MacBook Air 1")
	_, err := o.records.Create(t.Context(), account.CommandLine(), register.Input{
		Account: o.module.Account, Collection: fields["Name"].Collection,
		Set: []register.FieldValue{{Field: fields["Name"].ID, Value: datatype.OfText("Tagged")}, {Field: fields["Asset tag"].ID, Value: datatype.OfText("IT-00042")}},
	})
	o.must(err)
	b := o.as(colleague)
	if got := b.get("/scan?code=it-00042"); got.status != http.StatusSeeOther || !strings.HasPrefix(got.to, "/s/") {
		t.Errorf("a tag leads to %q (%d)", got.to, got.status)
	}
	for _, code := range []string{"IT-0004", "MacBook", "https://elsewhere.example/s/99999", "%3Cscript%3E"} {
		if page := b.see(http.StatusOK, "/scan?code="+code); !strings.Contains(page, "Nothing has this code") || strings.Contains(page, "<script>x") {
			t.Errorf("%s: the page does not say that nothing has it", code)
		}
	}
	last := regexp.MustCompile(`/s/(\d+)$`).FindStringSubmatch(b.get("/scan?code=it-00042").to)
	if got := b.get(fmt.Sprintf("/scan?code=https://muster.contoso.example/s/%s", last[1])); got.status != http.StatusSeeOther {
		t.Errorf("one of our labels, read on this page, answers %d", got.status)
	}
}
