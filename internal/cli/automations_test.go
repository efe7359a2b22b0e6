package cli_test

import (
	"os"
	"strings"
	"testing"
)

const automationPart = `        automations:
          - name: Count heads
            trigger: {when: schedule, schedule: weekly on Monday at 08:00, time_zone: Europe/Berlin, collection: People}
            conditions:
              - {field: Department, operator: is, value: Nowhere}
            actions:
              - {do: set_field, field: Department, value: Somewhere}
              - {do: post, url: "https://hooks.example.com/x", key: "a key of sixteen characters"}
`

func TestAutomationsFromAFile(t *testing.T) {
	t.Parallel()
	d := sit(t, 20)
	text, err := os.ReadFile(d.file)
	if err != nil {
		t.Fatal(err)
	}
	d.write(string(text) + automationPart)
	if out, _ := d.run(0, "apply", "-f", d.file); !strings.Contains(out, "+ automation Count heads") {
		t.Errorf("apply says %q", out)
	}
	if out, _ := d.run(0, "apply", "-f", d.file); out != "Nothing to change.\n" {
		t.Errorf("applying it again says %q", out)
	}
	d.write(string(text) + strings.Replace(automationPart, "08:00", "09:00", 1))
	if out, _ := d.run(0, "apply", "-f", d.file); out != "~ automation Count heads\n" {
		t.Errorf("applying a change says %q", out)
	}
	d.write(string(text) + strings.Replace(automationPart, "field: Department, operator", "field: Departement, operator", 1))
	if _, fault := d.run(2, "apply", "-f", d.file); !strings.Contains(fault, `there is no field "Departement"`) || !strings.Contains(fault, ":4") {
		t.Errorf("a wrong field says %q", fault)
	}

	var list []struct {
		Name    string   `json:"name"`
		Trigger string   `json:"trigger"`
		Actions []string `json:"actions"`
		NextAt  string   `json:"next_at"`
	}
	d.json(&list, "automations", "list", "--json")
	if len(list) != 1 || list[0].Trigger != "schedule" || len(list[0].Actions) != 2 || !strings.Contains(list[0].NextAt, "T07:00:00Z") && !strings.Contains(list[0].NextAt, "T08:00:00Z") {
		t.Errorf("the list: %+v", list)
	}
	if out, _ := d.run(0, "automations", "run", "count heads", "--dry-run"); !strings.Contains(out, "There is nothing that it is about at the moment.") {
		t.Errorf("the dry run says %q", out)
	}
	if _, fault := d.run(1, "automations", "run", "Count heads"); !strings.Contains(fault, "there is nothing that Count heads is about at the moment") {
		t.Errorf("running it on nothing says %q", fault)
	}
	if _, fault := d.run(1, "automations", "log", "Count tails"); !strings.Contains(fault, "no automation") {
		t.Errorf("a wrong name says %q", fault)
	}
}
