package syncer_test

import (
	"testing"

	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/reconcile"
	"github.com/musterhq/muster/internal/store"
	"github.com/musterhq/muster/internal/store/storetest"
	"github.com/musterhq/muster/internal/syncer"
)

// kept gives the members of a group a role, and those who left it another.
func (o *office) kept(group, role, outside string) mapping.Definition {
	o.t.Helper()
	def := o.staff(group, role)
	r, err := o.logins.Role(o.t.Context(), o.module, outside)
	o.must(err)
	def.Outside = reconcile.RoleWish{Module: o.module, Role: r.ID, Administrator: r.Administrator()}
	return def
}

func TestEnabledAgainOutsideAKeptUnitIsOpen(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name  string
		act   func(o *office, who string) error
		state account.State
		role  string
	}{
		{"left the unit", func(o *office, who string) error { return o.hr.RemoveMember("Asset managers", who) }, account.Active, account.Collaborator},
		{"disabled outside", func(o *office, who string) error { _, err := o.hr.Disable(who); return err }, account.Deactivated, account.Collaborator},
		{"enabled again outside", func(o *office, who string) error { _, err := o.hr.Enable(who); return err }, account.Active, account.Collaborator},
		{"disabled once more", func(o *office, who string) error { _, err := o.hr.Disable(who); return err }, account.Deactivated, account.Collaborator},
		{"in the unit while disabled", func(o *office, who string) error { return o.hr.AddMember("Asset managers", who) }, account.Deactivated, account.Collaborator},
		{"enabled in the unit", func(o *office, who string) error { _, err := o.hr.Enable(who); return err }, account.Active, account.ModuleAdmin},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 100)
		o.mapped(o.kept("Asset managers", account.ModuleAdmin, account.Collaborator))
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.memberOf("Asset managers")
		before, _ := o.login(who)
		for _, step := range steps {
			o.must(step.act(o, who))
			run := o.run(syncer.Succeeded, syncer.Request{})
			login, _ := o.login(who)
			if login.ID != before.ID || login.State != step.state || len(login.Grants) != 1 || login.Grants[0].RoleName != step.role {
				t.Fatalf("%s: login %d is %s with %+v, want %d %s as %s (notes %q)",
					step.name, login.ID, login.State, login.Grants, before.ID, step.state, step.role, run.Notes)
			}
		}
	})
}

// live reports whether somebody is an enabled member of the tenant.
func (o *office) live(id string) bool {
	p, err := o.hr.Person(id)
	return err == nil && p.Enabled && p.State == "live" && p.UserType == "Member"
}

// memberOf returns a live member of a group.
func (o *office) memberOf(group string) string {
	o.t.Helper()
	members, _, err := o.hr.Members(group, 500)
	o.must(err)
	for _, id := range members {
		if o.live(id) {
			return id
		}
	}
	o.t.Fatalf("nobody live in %s", group)
	return ""
}

func TestAnEmptyRequiredFieldIsToldOncePerChange(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := open(t, db, 30)
		everyone := o.everyone()
		o.mapped(everyone)
		o.run(syncer.Succeeded, syncer.Request{})
		who := o.colleague()
		o.field("Job", datatype.Spec{Type: datatype.Text, Required: true})
		everyone.Rows = append(everyone.Rows, row("jobTitle", o.fields["Job"], nil))
		everyone.Conditions = append(everyone.Conditions, mapping.Condition{Path: "id", Operator: mapping.Equals, Value: who})
		o.mapped(everyone)
		told := func(when string, want int, req syncer.Request) {
			t.Helper()
			if c := o.run(syncer.Succeeded, req).Counts; c.Problems != want {
				t.Errorf("%s: %d problems told of, want %d (%+v)", when, c.Problems, want, c)
			}
		}
		_, err := o.hr.Update(who, props("jobTitle", ""))
		o.must(err)
		told("after the edit of the mapping", 1, syncer.Request{})
		told("nothing has changed", 0, syncer.Request{})
		told("nothing has changed, read in full", 0, syncer.Request{Full: true})
		_, err = o.hr.Move(who, "Quality", "")
		o.must(err)
		told("the person has changed", 1, syncer.Request{})
		if rec, _ := o.person(who); o.value(rec, "Department") != "Quality" {
			t.Errorf("the rest of the person was not written: department %q", o.value(rec, "Department"))
		}
		told("nothing has changed since", 0, syncer.Request{})
	})
}
