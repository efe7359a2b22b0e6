package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/musterhq/muster/client"
	"github.com/musterhq/muster/internal/account"
	"github.com/musterhq/muster/internal/attachment"
	"github.com/musterhq/muster/internal/automation"
	"github.com/musterhq/muster/internal/datatype"
	"github.com/musterhq/muster/internal/directory"
	"github.com/musterhq/muster/internal/entrasim"
	"github.com/musterhq/muster/internal/integration"
	"github.com/musterhq/muster/internal/job"
	"github.com/musterhq/muster/internal/listing"
	"github.com/musterhq/muster/internal/mail"
	"github.com/musterhq/muster/internal/mapping"
	"github.com/musterhq/muster/internal/register"
	"github.com/musterhq/muster/internal/secret"
	"github.com/musterhq/muster/internal/syncer"
)

// example is a request that an operation answers well when the caller may ask
// for it.
type example struct {
	path  string
	body  any
	pairs []string // headers
	want  int      // the status when it is another than the document's success
}

// synced runs the module's connection and waits for the run's end.
func (o *office) synced() syncer.Run {
	o.t.Helper()
	id, err := o.work.Start(o.t.Context(), account.CommandLine(), o.connect().ID, integration.Order{})
	o.must(err)
	return o.ended(id)
}

func (o *office) ended(id int64) syncer.Run {
	o.t.Helper()
	progress, err := o.work.Watch(o.t.Context(), account.CommandLine(), id)
	o.must(err)
	for range progress {
	}
	run, err := o.work.Run(o.t.Context(), account.CommandLine(), id)
	o.must(err)
	return run
}

// connect is the module's connection to the simulated tenant, which is made the
// first time, with a mapping of the staff.
func (o *office) connect() syncer.Connection {
	o.t.Helper()
	ctx, p := o.t.Context(), account.CommandLine()
	list, err := o.work.InModule(ctx, p, o.module)
	o.must(err)
	if len(list) > 0 && list[0].Configured() {
		return list[0]
	}
	if len(list) == 0 {
		c, err := o.work.Add(ctx, p, o.module, syncer.EntraKind)
		o.must(err)
		list = append(list, c)
	}
	c := list[0]
	c.TenantID, c.ClientID, c.ApplicationObjectID = entrasim.DefaultTenantID, entrasim.DefaultClientID, entrasim.DefaultApplicationObjectID
	c.Secret, c.Cloud, c.LoginURL, c.GraphURL = secret.New(entrasim.DefaultClientSecret), "custom", o.tenant.URL(), o.tenant.URL()
	c, err = o.work.Save(ctx, p, c)
	o.must(err)
	o.mapStaff()
	return c
}

// mapStaff makes the one mapping of the connection: a user for each of the staff,
// as far as the conditions hold.
func (o *office) mapStaff(conditions ...mapping.Condition) {
	o.t.Helper()
	role, err := o.accounts.Role(o.t.Context(), o.module.ID, account.Collaborator)
	o.must(err)
	list, err := o.work.InModule(o.t.Context(), account.CommandLine(), o.module)
	o.must(err)
	_, err = o.work.SaveMappings(o.t.Context(), account.CommandLine(), list[0].ID, []mapping.Definition{{
		Name: "Staff", Kind: mapping.Login, Entity: directory.User, Identifier: mapping.ByObjectID, Module: o.module.ID, Role: role.ID,
		Units: []directory.UnitRef{{Kind: directory.Group, Name: "All Staff", Nested: true}}, Conditions: conditions,
	}})
	o.must(err)
}

// held is a run of which part waits for approval.
func (o *office) held() syncer.Run {
	o.t.Helper()
	o.connect()
	o.mapStaff()
	o.synced()
	o.mapStaff(mapping.Condition{Path: "department", Operator: mapping.Equals, Value: "No such department"})
	run := o.synced()
	if run.State != syncer.Held {
		o.must(fmt.Errorf("the run is %s, want it held", run.State))
	}
	return run
}

// invite is somebody new with a role in the module.
func (o *office) invite(email string) account.Login {
	o.t.Helper()
	role, err := o.accounts.Role(o.t.Context(), o.module.ID, account.Collaborator)
	o.must(err)
	l, err := o.accounts.Invite(o.t.Context(), account.CommandLine(), account.Invitation{Email: email, Name: email, Role: role.ID, Account: o.module.Account, Module: o.module.ID})
	o.must(err)
	return l
}

// checkedOut is an asset that somebody holds, with that person.
func (o *office) checkedOut() (asset, holder register.Record) {
	o.t.Helper()
	asset, holder = o.plant(o.module, register.Main, "Laptop"), o.plant(o.module, register.People, "Ada")
	_, err := o.records.CheckOut(o.t.Context(), account.CommandLine(), register.CheckOut{Account: o.module.Account, Asset: asset.ID, Holder: holder.ID, Due: time.Now().Add(o.ahead() + time.Hour)})
	o.must(err)
	return asset, holder
}

// custom is a role of the module's own.
func (o *office) custom() account.Role {
	o.t.Helper()
	o.count++
	r, err := o.accounts.CreateRole(o.t.Context(), account.CommandLine(), account.Role{
		Account: o.module.Account, Module: o.module.ID, Name: fmt.Sprintf("Helper %d", o.count), Permissions: []account.Permission{{Action: account.Edit}},
	})
	o.must(err)
	return r
}

// service is the token of a service of the module.
func (o *office) service() account.Token {
	o.t.Helper()
	t, _, err := o.accounts.IssueToken(o.t.Context(), account.CommandLine(), account.NewToken{
		Name: "service", Scope: account.TokenReads, Account: o.module.Account, Module: o.module.ID, Role: o.custom().ID,
	})
	o.must(err)
	return t
}

// field is a new field of the assets.
func (o *office) field(hidden bool) register.Field {
	o.t.Helper()
	c := o.collection(o.module, register.Main)
	o.count++
	f, err := o.records.AddField(o.t.Context(), account.CommandLine(), register.Field{Account: c.Account, Collection: c.ID, Name: fmt.Sprintf("Field %d", o.count), Spec: datatype.Spec{Type: datatype.Text}})
	o.must(err)
	if hidden {
		f.Hidden = true
		f, err = o.records.ChangeField(o.t.Context(), account.CommandLine(), f)
		o.must(err)
	}
	return f
}

// attached is a record with a file.
func (o *office) attached() (register.Record, attachment.File) {
	o.t.Helper()
	r := o.plant(o.module, register.Main, "Laptop")
	f, err := o.files.Add(o.t.Context(), account.CommandLine(), attachment.File{Account: r.Account, Record: r.ID, Name: "invoice.txt", Type: "text/plain"}, bytes.NewReader([]byte("paid")))
	o.must(err)
	return r, f
}

// examples are requests by operation, each made when it is needed: some of them
// use up what they are about.
func (o *office) examples() map[string]func() example {
	out := map[string]func() example{}
	o.structureExamples(out)
	o.recordExamples(out)
	o.runExamples(out)
	o.peopleExamples(out)
	o.automationExamples(out)
	o.jobExamples(out)
	o.mailExamples(out)
	o.sheetExamples(out)
	o.standingExamples(out)
	return out
}

func (o *office) structureExamples(out map[string]func() example) {
	assets := func() int64 { return o.collection(o.module, register.Main).ID }
	next := func(noun string) client.Name {
		o.count++
		return client.Name{Name: fmt.Sprintf("%s %d", noun, o.count)}
	}
	fields := func() string { return o.in("/collections/%d/fields", assets()) }
	out["get-me"] = func() example { return example{path: "/me"} }
	out["list-accounts"] = func() example { return example{path: "/accounts"} }
	out["create-account"] = func() example { return example{path: "/accounts", body: next("Account")} }
	out["get-account"] = func() example { return example{path: fmt.Sprintf("/accounts/%d", o.module.Account)} }
	out["rename-account"] = func() example {
		return example{path: fmt.Sprintf("/accounts/%d", o.module.Account), body: next("Contoso")}
	}
	out["create-module"] = func() example {
		return example{path: fmt.Sprintf("/accounts/%d/modules", o.module.Account), body: client.NewModule{Name: next("Module").Name, Main: "Things"}}
	}
	out["get-module"] = func() example { return example{path: o.in("")} }
	out["rename-module"] = func() example { return example{path: o.in(""), body: next("IT")} }
	out["list-collections"] = func() example { return example{path: o.in("/collections")} }
	out["create-collection"] = func() example { return example{path: o.in("/collections"), body: next("Things")} }
	out["get-collection"] = func() example { return example{path: o.in("/collections/%d", assets())} }
	out["rename-collection"] = func() example { return example{path: o.in("/collections/%d", assets()), body: next("Assets")} }
	out["list-fields"] = func() example { return example{path: fields()} }
	out["create-field"] = func() example {
		return example{path: fields(), body: client.NewField{Name: next("Colour").Name, Type: "choice", Choices: []string{"red", "blue"}}}
	}
	out["change-field"] = func() example {
		on := true
		return example{path: fmt.Sprintf("%s/%d", fields(), o.field(false).ID), body: client.FieldChange{Hidden: &on}}
	}
	out["get-field"] = func() example { return example{path: fmt.Sprintf("%s/%d", fields(), o.field(false).ID)} }
	out["remove-field"] = func() example { return example{path: fmt.Sprintf("%s/%d", fields(), o.field(true).ID)} }
	out["order-fields"] = func() example {
		return example{path: fields() + "-order", body: client.FieldOrder{Fields: []int64{o.field(false).ID}}}
	}
	out["get-check-out-forms"] = func() example { return example{path: o.in("/check-out-forms")} }
	out["save-check-out-forms"] = func() example {
		return example{path: o.in("/check-out-forms"), body: client.CheckForm{Out: []client.Question{{Name: "Bag", Kind: "choice", Choices: []string{"yes", "no"}}}, In: []client.Question{}}}
	}
}

func (o *office) recordExamples(out map[string]func() example) {
	records := func() string { return o.in("/collections/%d/records", o.collection(o.module, register.Main).ID) }
	on := func(what string) func() string {
		return func() string { return o.in("/records/%d%s", o.plant(o.module, register.Main, "Laptop").ID, what) }
	}
	get := func(id, what string) { out[id] = func() example { return example{path: on(what)()} } }
	out["list-records"] = func() example { on("")(); return example{path: records() + "?q=laptop&sort=-Price&limit=1"} }
	out["create-record"] = func() example {
		return example{path: records(), body: client.RecordInput{Fields: client.Values{"Name": "Laptop"}}}
	}
	out["bulk-records"] = func() example {
		id := o.plant(o.module, register.Main, "Laptop").ID
		return example{path: records() + "/bulk", body: client.Bulk{Act: "set", Records: []int64{id, 1 << 40}, Fields: client.Values{"Condition": "Worn"}}}
	}
	get("get-record", "")
	get("list-history", "/history?limit=1")
	get("list-kept", "/kept")
	get("list-custody", "/custody")
	get("list-files", "/files")
	out["change-record"] = func() example {
		return example{path: on("")(), body: client.RecordInput{Fields: client.Values{"Notes": "new"}}, pairs: []string{"If-Match", "*"}}
	}
	out["archive-record"] = func() example { return example{path: on("/archive")(), body: client.Act{}} }
	out["restore-record"] = func() example {
		r := o.plant(o.module, register.Main, "Laptop")
		_, err := o.records.Archive(o.t.Context(), account.CommandLine(), r.Account, r.ID, r.Version, "")
		o.must(err)
		return example{path: o.in("/records/%d/restore", r.ID), body: client.Act{}}
	}
	out["pin-field"] = func() example { return example{path: on("/pins/Notes")()} }
	out["unpin-field"] = func() example { return example{path: on("/pins/Notes")()} }
	out["search"] = func() example { on("")(); return example{path: "/search?q=lap"} }
	out["check-out"] = func() example {
		return example{path: o.in("/check-out"), body: client.CheckOut{Asset: o.plant(o.module, register.Main, "Laptop").ID, Holder: o.plant(o.module, register.People, "Ada").ID}}
	}
	out["check-in"] = func() example {
		asset, _ := o.checkedOut()
		return example{path: o.in("/check-in"), body: client.CheckIn{Asset: asset.ID}}
	}
	holder := func(what string) string { _, holder := o.checkedOut(); return o.in("/records/%d%s", holder.ID, what) }
	out["check-in-all"] = func() example { return example{path: holder("/check-in-all"), body: client.CheckInAll{}} }
	out["list-holdings"] = func() example { return example{path: holder("/holdings")} }
	out["list-overdue"] = func() example {
		o.checkedOut()
		o.later.Add(int64(2 * time.Hour))
		return example{path: o.in("/overdue")}
	}
	out["list-leavers"] = func() example { return example{path: o.in("/leavers")} }
	out["write-off"] = func() example {
		asset, _ := o.checkedOut()
		return example{path: o.in("/records/%d/write-off", asset.ID), body: client.WriteOff{Reason: "lost"}}
	}
	out["undo-write-off"] = func() example {
		asset, _ := o.checkedOut()
		_, err := o.records.WriteOff(o.t.Context(), account.CommandLine(), asset.Account, asset.ID, "lost")
		o.must(err)
		return example{path: o.in("/records/%d/write-off/undo", asset.ID)}
	}
	out["attach-file"] = func() example {
		return example{path: on("/files?name=a.txt")(), body: "some bytes", pairs: []string{"Content-Type", "application/octet-stream"}}
	}
	file := func() string { r, f := o.attached(); return o.in("/records/%d/files/%d", r.ID, f.ID) }
	out["download-file"] = func() example { return example{path: file()} }
	out["remove-file"] = func() example { return example{path: file()} }
}

func (o *office) runExamples(out map[string]func() example) {
	at := func(format string, args ...any) string {
		return o.in("/connections/%d", o.connect().ID) + fmt.Sprintf(format, args...)
	}
	get := func(id, what string) { out[id] = func() example { return example{path: at("%s", what)} } }
	set := func() client.MappingSet {
		var list client.MappingSet
		got := o.ask(boss, "GET", at("/mappings"), nil)
		o.must(json.Unmarshal([]byte(got.body), &list))
		if got.status != http.StatusOK || len(list.Items) == 0 {
			o.must(fmt.Errorf("the mappings are answered %d %s", got.status, got.body))
		}
		return list
	}
	run := func(what string) string { o.connect(); o.mapStaff(); return o.in("/runs/%d%s", o.synced().ID, what) }
	out["list-connections"] = func() example { return example{path: o.in("/connections")} }
	out["add-connection"] = func() example {
		return example{path: o.in("/connections"), body: client.NewConnection{Kind: "microsoft-entra-id"}}
	}
	get("get-connection", "")
	get("find-units", "/units?q=All")
	get("list-mappings", "/mappings")
	get("list-runs", "/runs?limit=2")
	out["explain-person"] = func() example {
		p, err := o.company.Control().Hire(map[string]entrasim.Value{"displayName": entrasim.String("Zoe Quist")})
		o.must(err)
		o.connect()
		o.synced()
		return example{path: at("/explain?person=%s", p.ID)}
	}
	out["test-connection"] = func() example { return example{path: at("/test")} }
	out["watch-test"] = func() example { return example{path: at("/test/events")} }
	out["save-connection"] = func() example {
		return example{path: at(""), body: client.ConnectionInput{ClientSecret: entrasim.DefaultClientSecret, Schedule: &client.Schedule{Incremental: "hourly", TimeZone: "UTC"}}}
	}
	out["save-mappings"] = func() example { return example{path: at("/mappings"), body: set()} }
	out["preview-mappings"] = func() example { return example{path: at("/mappings/preview"), body: set()} }
	out["try-mapping"] = func() example { return example{path: at("/mappings/try"), body: set().Items[0]} }
	out["start-run"] = func() example { return example{path: at("/runs"), body: client.RunOrder{Preview: true}} }
	out["get-run"] = func() example { return example{path: run("")} }
	out["list-changes"] = func() example { return example{path: run("/changes?limit=3&part=skipped")} }
	out["watch-run"] = func() example { return example{path: run("/events")} }
	out["undo-run"] = func() example { return example{path: run("/undo")} }
	out["cancel-run"] = func() example { return example{path: run("/cancel"), want: http.StatusConflict} } // it has ended by then
	out["approve-run"] = func() example {
		return example{path: o.in("/runs/%d/approve", o.held().ID), body: client.Decision{None: true}}
	}
	// Nothing of this module's records is tied to the directory: there is nothing
	// to tell of them.
	out["explain-record"] = func() example {
		return example{path: o.in("/records/%d/explain", o.plant(o.module, register.People, "Ada").ID), want: http.StatusNotFound}
	}
	out["sync-record"] = func() example {
		return example{path: o.in("/records/%d/sync", o.plant(o.module, register.People, "Ada").ID), want: http.StatusNotFound}
	}
}

func (o *office) peopleExamples(out map[string]func() example) {
	mail := func() string { o.count++; return fmt.Sprintf("user%d@contoso.example", o.count) }
	user := func(what string) string { return o.in("/users/%d%s", o.invite(mail()).ID, what) }
	collaborator := func() int64 {
		r, err := o.accounts.Role(o.t.Context(), o.module.ID, account.Collaborator)
		o.must(err)
		return r.ID
	}
	for _, act := range []string{"deactivate", "reactivate", "protect", "unprotect"} {
		out[act+"-user"] = func() example { return example{path: user("/" + act)} }
	}
	out["list-users"] = func() example { return example{path: o.in("/users?limit=2&state=active")} }
	out["invite-user"] = func() example {
		return example{path: o.in("/users"), body: client.Invitation{Email: mail(), Role: collaborator()}}
	}
	out["get-user"] = func() example { return example{path: user("")} }
	out["give-role"] = func() example { return example{path: user("/roles"), body: client.RoleGiven{Role: collaborator()}} }
	out["take-role"] = func() example {
		return example{path: user(fmt.Sprintf("/roles?account=%d&module=%d", o.module.Account, o.module.ID))}
	}
	out["list-roles"] = func() example { return example{path: o.in("/roles")} }
	rights := client.RoleInput{Name: "Porter", Permissions: []client.Permission{{Action: "check_out"}}}
	out["create-role"] = func() example { rights.Name = mail(); return example{path: o.in("/roles"), body: rights} }
	out["change-role"] = func() example {
		rights.Name = mail()
		return example{path: o.in("/roles/%d", o.custom().ID), body: rights}
	}
	out["get-role"] = func() example { return example{path: o.in("/roles/%d", o.custom().ID)} }
	out["remove-role"] = func() example { return example{path: o.in("/roles/%d?to=%d", o.custom().ID, collaborator())} }
	out["list-own-tokens"] = func() example { return example{path: "/tokens"} }
	out["list-service-tokens"] = func() example { o.service(); return example{path: o.in("/tokens")} }
	out["list-user-tokens"] = func() example { return example{path: user("/tokens")} }
	out["revoke-token"] = func() example { return example{path: fmt.Sprintf("/tokens/%d", o.service().ID)} }
	out["list-events"] = func() example {
		return example{path: fmt.Sprintf("/audit?account=%d&module=%d&limit=2", o.module.Account, o.module.ID)}
	}
	out["verify-audit"] = func() example { return example{path: "/audit/verify"} }
}

// automated is an automation of the module that tells its administrators.
func (o *office) automated() automation.Automation {
	o.t.Helper()
	o.count++
	a, err := o.automations.Save(o.t.Context(), account.CommandLine(), automation.Automation{
		Account: o.module.Account, Module: o.module.ID, Name: fmt.Sprintf("Tell %d", o.count), On: true,
		Definition: automation.Definition{
			Trigger: automation.Trigger{Kind: automation.Scheduled, Schedule: "daily at 08:00", TimeZone: "UTC"},
			Actions: []automation.Action{{Do: automation.Mail, To: []automation.Recipient{{Kind: automation.Administrators}}}},
		},
	})
	o.must(err)
	return a
}

func (o *office) automationExamples(out map[string]func() example) {
	one := func(what string) string { return o.in("/automations/%d%s", o.automated().ID, what) }
	input := func() client.AutomationInput {
		o.count++
		return client.AutomationInput{
			Name: fmt.Sprintf("Post %d", o.count), On: true, Trigger: client.Trigger{When: "checked_out"},
			Actions: []client.AutomationAction{{Do: "post", URL: "https://hooks.contoso.example/muster", Shape: "slack", Key: "a key of our own, long"}},
		}
	}
	out["list-automations"] = func() example { o.automated(); return example{path: o.in("/automations")} }
	out["create-automation"] = func() example { return example{path: o.in("/automations"), body: input()} }
	out["get-automation"] = func() example { return example{path: one("")} }
	out["save-automation"] = func() example { return example{path: one(""), body: input(), pairs: []string{"If-Match", `"1"`}} }
	out["remove-automation"] = func() example { return example{path: one("")} }
	out["switch-automation"] = func() example { return example{path: one("/switch"), body: client.AutomationSwitch{}} }
	out["run-automation"] = func() example { return example{path: one("/run")} }
	out["dry-run-automation"] = func() example { return example{path: o.in("/automations/dry-run"), body: input()} }
	ran := func() (automation.Automation, int64) {
		a := o.automated()
		firing, err := o.automations.RunNow(o.t.Context(), account.CommandLine(), a.ID)
		o.must(err)
		return a, firing
	}
	out["list-firings"] = func() example { a, _ := ran(); return example{path: o.in("/automations/%d/log?limit=1", a.ID)} }
	out["get-firing"] = func() example { a, firing := ran(); return example{path: o.in("/automations/%d/log/%d", a.ID, firing)} }
}

// letter is a letter that waits for the mail server.
func (o *office) letter() mail.Letter {
	o.t.Helper()
	o.mailServer()
	o.must(o.mail.Queue(o.t.Context(), mail.Letter{To: head, Subject: "Hello", Text: "Hello"}))
	list, err := o.mail.Letters(o.t.Context(), account.CommandLine(), 0, 1)
	o.must(err)
	return list[0]
}

// job has a job wait.
func (o *office) job() job.Job {
	o.t.Helper()
	_, err := o.db.AddJob(o.t.Context(), job.Job{Kind: "tidy", DueAt: time.Now(), CreatedAt: time.Now()})
	o.must(err)
	open, err := o.db.OpenJobs(o.t.Context())
	o.must(err)
	return open[0]
}

func (o *office) jobExamples(out map[string]func() example) {
	out["list-open-jobs"] = func() example { o.job(); return example{path: "/jobs"} }
	out["list-finished-jobs"] = func() example {
		o.must(job.New(o.db, nil).Stop(o.t.Context(), account.CommandLine(), o.job().ID))
		return example{path: "/jobs/finished?limit=1"}
	}
	out["run-job"] = func() example { return example{path: fmt.Sprintf("/jobs/%d/run", o.job().ID)} }
	out["stop-job"] = func() example { return example{path: fmt.Sprintf("/jobs/%d/stop", o.job().ID)} }
}

// mailServer sets up a mail server that nobody asks for anything.
func (o *office) mailServer() {
	o.t.Helper()
	o.must(o.mail.SaveServer(o.t.Context(), account.CommandLine(), mail.Server{Host: "localhost", Port: 2525, Security: mail.Plain, Sender: "muster@contoso.example"}))
}

func (o *office) mailExamples(out map[string]func() example) {
	out["get-mail-server"] = func() example { o.mailServer(); return example{path: "/mail/server"} }
	out["save-mail-server"] = func() example {
		return example{path: "/mail/server", body: client.MailServerInput{Host: "localhost", Port: 2525, Security: "none", Sender: "muster@contoso.example"}}
	}
	out["remove-mail-server"] = func() example { o.mailServer(); return example{path: "/mail/server"} }
	out["list-letters"] = func() example { o.letter(); return example{path: "/mail/letters?limit=1"} }
	out["retry-letter"] = func() example { return example{path: fmt.Sprintf("/mail/letters/%d/retry", o.letter().ID)} }
}

func (o *office) sheetExamples(out map[string]func() example) {
	records := func(what string) string {
		return o.in("/collections/%d/records%s", o.collection(o.module, register.Main).ID, what)
	}
	out["export-records"] = func() example {
		o.plant(o.module, register.Main, "Laptop")
		return example{path: records("/export?q=laptop&field=Name&field=Price")}
	}
	out["import-records"] = func() example {
		return example{path: records("/import?preview=true&name=order.csv&by=-"), body: "Name,Price,Colours\nLaptop,1200,red\nScreen,dear,\n", pairs: []string{"Content-Type", "application/octet-stream"}}
	}
	out["list-label-formats"] = func() example { return example{path: "/label-formats"} }
	out["print-labels"] = func() example {
		return example{path: records("/labels"), body: client.Labels{Records: []int64{o.plant(o.module, register.Main, "Laptop").ID}, Start: 2, Field: "Notes"}}
	}
	views := func(what string) string {
		return o.in("/collections/%d/views%s", o.collection(o.module, register.Main).ID, what)
	}
	kept := func() listing.View {
		c := o.collection(o.module, register.Main)
		v, err := o.lists.SaveView(o.t.Context(), account.CommandLine(), listing.View{Account: c.Account, Collection: c.ID, Name: "Worn", Query: "q=worn"}, time.Now())
		o.must(err)
		return v
	}
	out["list-views"] = func() example { kept(); return example{path: views("")} }
	out["save-view"] = func() example {
		return example{path: views(""), body: client.ViewInput{Name: "Dear", Query: "sort=-Price"}}
	}
	out["remove-view"] = func() example { return example{path: views(fmt.Sprintf("/%d", kept().ID))} }
	field := func(what string) string {
		f := o.field(false)
		return o.in("/collections/%d/fields/%d%s", f.Collection, f.ID, what)
	}
	out["preview-conversion"] = func() example {
		return example{path: field("/conversion/preview"), body: client.Conversion{Type: "number"}}
	}
	out["convert-field"] = func() example {
		return example{path: field("/conversion"), body: client.Conversion{Type: "choice", Choices: []string{"red"}}}
	}
	out["get-field-uses"] = func() example { return example{path: field("/uses")} }
}

// session is where somebody is signed in; of who has no login, one that is
// nobody's.
func (o *office) session(email string) int64 {
	o.t.Helper()
	if o.tokenOf(email) == "" {
		return 1
	}
	ctx := o.t.Context()
	l, err := o.accounts.FindLogin(ctx, account.CommandLine(), email)
	o.must(err)
	who, err := o.accounts.PrincipalOf(ctx, l.ID, "127.0.0.1")
	o.must(err)
	_, err = o.accounts.StartSession(ctx, who, "a browser")
	o.must(err)
	list, err := o.accounts.Sessions(ctx, who)
	o.must(err)
	return list[0].ID
}

func (o *office) standingExamples(out map[string]func() example) {
	holder := func(what string) string { _, holder := o.checkedOut(); return o.in("/records/%d%s", holder.ID, what) }
	out["get-standing"] = func() example { o.checkedOut(); return example{path: o.in("/standing")} }
	out["note-told"] = func() example {
		return example{path: holder("/told"), body: client.Told{About: "overdue", To: "her manager"}}
	}
	out["notify-holder"] = func() example { // of whom the register knows no address
		o.mailServer()
		return example{path: holder("/notify"), body: client.Notice{About: "overdue", Subject: "Overdue", Text: "Please bring it back."}, want: http.StatusConflict}
	}
	out["list-sessions"] = func() example { return example{path: "/sessions"} }
	out["end-session"] = func() example { return example{path: fmt.Sprintf("/sessions/%d", o.session(o.asks))} }
	out["export-events"] = func() example {
		return example{path: fmt.Sprintf("/audit/export?account=%d&module=%d", o.module.Account, o.module.ID)}
	}
	out["list-offers"] = func() example { return example{path: o.in("/integrations-store")} }
	out["suggest-rows"] = func() example {
		return example{path: o.in("/connections/%d/mappings/suggest?collection=%d", o.connect().ID, o.collection(o.module, register.People).ID)}
	}
}
